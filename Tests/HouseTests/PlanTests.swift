import Testing

@Suite("The plan in Package.swift") struct PlanTests {
    private static let plan = Plan(House.files.first { $0.path == "Package.swift" }?.text ?? "")

    /// Dependencies that nobody imports, and what they are for.
    private static let unimported = [
        // They run the built program.
        "Fleet": ["carrel"], "Browser": ["carrel"],
    ]

    @Test("A target imports only what it names as a dependency, and names only what it imports")
    func imports() {
        #expect(Self.plan.targets.count > 40, "Package.swift was not understood")
        let modules = Set(Self.plan.targets.map(\.name)).union(Self.plan.products)
        for target in Self.plan.targets {
            var places: [String: String] = [:]
            for file in House.swift where file.path.hasPrefix(target.folder + "/") {
                for (module, line) in file.imports where modules.contains(module) && module != target.name {
                    places[module] = places[module] ?? file.place(line)
                }
            }
            for (module, place) in places.sorted(by: { $0.key < $1.key })
            where !target.dependencies.contains(module) {
                Issue.record("\(place): \(target.name) imports \(module): name it in Package.swift, or do without it")
            }
            let unimported = Self.unimported[target.name] ?? []
            for dependency in target.dependencies where places[dependency] == nil && !unimported.contains(dependency) {
                Issue.record("Package.swift: \(target.name) imports no \(dependency): remove it from its dependencies")
            }
            for exception in unimported where places[exception] != nil || !target.dependencies.contains(exception) {
                Issue.record("\(target.name) needs no exception for \(exception): take it off the list")
            }
        }
    }

    @Test("A target depends only on what stands above it")
    func order() {
        var above = Self.plan.products
        for target in Self.plan.targets {
            let isKnown = !target.folder.isEmpty && House.hasFolder(target.folder)
            #expect(isKnown, "Package.swift: the folder of \(target.name) is not known")
            for dependency in target.dependencies + target.tools where !above.contains(dependency) {
                Issue.record("Package.swift: \(target.name) depends on \(dependency), which does not stand above it")
            }
            let isNew = above.insert(target.name).inserted
            #expect(isNew, "Package.swift: there are two of \(target.name)")
        }
    }

    @Test("Every folder of sources belongs to a target")
    func folders() {
        let folders = Set(House.sources.map { $0.path.split(separator: "/").prefix(2).joined(separator: "/") })
        for folder in folders.subtracting(Self.plan.targets.map(\.folder)).sorted() {
            Issue.record("\(folder) is no target's: remove it, or name it in Package.swift")
        }
    }

    @Test("The manual's table of targets has the same arrows")
    func manual() throws {
        let article = try #require(House.files.first { $0.path.hasSuffix("Manual.docc/Architecture.md") })
        let targets = Dictionary(uniqueKeysWithValues: Self.plan.targets.map { ($0.name, $0) })
        var explained: Set<String> = []
        for (index, line) in article.lines.enumerated() where line.hasPrefix("| `") {
            let cells = line.split(separator: "|").map { $0.matches(of: #/`([^`]+)`/#).map { String($0.1) } }
            let row = cells[0].compactMap { targets[$0] }
            guard cells.count > 2, !row.isEmpty else { continue }
            explained.formUnion(row.map(\.name))
            let arrows = Set(row.flatMap(\.dependencies)).intersection(targets.keys)
            #expect(Set(cells[1]) == arrows, "\(article.place(index)): the dependencies in Package.swift are others")
        }
        let known = ["Text", "BrokerCore", "Edge", "Portal", "carrel"]
        #expect(explained.isSuperset(of: known), "the table was not found")
    }

    // MARK: The reading itself

    @Test("Targets are read in every form in which they are written")
    func reading() {
        let plan = Plan(
            """
            let yams = Target.Dependency.product(name: "Yams", package: "Yams")

            let program = Target.executableTarget(
                name: "little-program", path: "Sources/HostHelper",
                linkerSettings: [.unsafeFlags(["-static"])])

            let package = Package(
                targets: [
                    .systemLibrary(name: "CLib", pkgConfig: "lib", providers: [.apt(["lib-dev"])]),
                    // A comment with ["brackets"].
                    room("Text"),
                    room("EventLoop", ["CLib", yams], path: "Tests/Loop"),
                    room(
                        "Broker",
                        [
                            "Text",
                            "EventLoop",
                        ]),
                    program,
                    .plugin(
                        name: "Embed", capability: .buildTool(), dependencies: ["little-program"],
                        path: "Sources/Embed"),
                    .testTarget(
                        name: "BrokerTests", dependencies: ["Broker"], exclude: ["data"], plugins: ["Embed"]),
                    .target(name: "Corpus", path: "Tests/Corpus", exclude: ["requests"], swiftSettings: house),
                    tests("HouseTests", []),
                ],
                swiftLanguageModes: [.v6]
            )
            """)
        #expect(plan.products == ["Yams"])
        let expected: [(name: String, dependencies: [String], tools: [String])] = [
            ("CLib", [], []), ("Text", [], []), ("EventLoop", ["CLib", "Yams"], []),
            ("Broker", ["Text", "EventLoop"], []), ("little-program", [], []), ("Embed", [], ["little-program"]),
            ("BrokerTests", ["Broker"], ["Embed"]), ("Corpus", [], []), ("HouseTests", [], []),
        ]
        #expect(plan.targets.map(\.name) == expected.map(\.name))
        #expect(plan.targets.map(\.dependencies) == expected.map(\.dependencies))
        #expect(plan.targets.map(\.tools) == expected.map(\.tools))
        #expect(plan.targets[2].folder == "Tests/Loop" && plan.targets[4].folder == "Sources/HostHelper")
    }

    @Test("Imports are read with their attributes, and what only looks like one is none")
    func importLines() {
        let file = HouseFile(
            path: "a.swift",
            text: """
                import Foundation
                @testable import Broker
                @preconcurrency public import Store
                import class Portal.Page
                @Test("import Nothing") func a() {}
                    import Indented
                """)
        #expect(file.imports == ["Foundation": 0, "Broker": 1, "Store": 2, "Portal": 3])
    }
}
