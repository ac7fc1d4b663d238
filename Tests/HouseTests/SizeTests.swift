import Testing

@Suite("The size of things") struct SizeTests {
    private static let fileLines = 400
    private static let functionLines = 70
    private static let folderFiles = 20

    /// Longer functions, and why each is allowed to be. A function that fits again must leave the list.
    private static let longFunctions = [
        // A flat switch with one line or two for each event, which the compiler holds to be exhaustive.
        "Sources/BrokerCore/BrokerCore.swift: dispatch"
    ]

    /// Rooms of tests with more files side by side, from before this rule. The list only shrinks.
    private static let fullFolders: Set<String> = [
        "Tests/BrokerCoreTests", "Tests/CarrelTests", "Tests/EdgeTests", "Tests/Fleet", "Tests/FleetSupport",
        "Tests/PortalTests",
    ]

    @Test("No Swift file has more than 400 lines")
    func files() {
        #expect(House.swift.count > 500, "the sources were not found")
        for file in House.swift {
            let count = file.lines.count - 1
            #expect(count <= Self.fileLines, "\(file.place(Self.fileLines)): \(count) lines; split the file by aspects")
        }
    }

    @Test("No function has more than 70 lines, apart from those on a short list")
    func functions() {
        var long: Set<String> = []
        for file in House.swift {
            for function in LongBlocks.functions(in: file.lines, longerThan: Self.functionLines) {
                let key = "\(file.path): \(function.name)"
                long.insert(key)
                guard !Self.longFunctions.contains(key) else { continue }
                Issue.record("\(file.place(function.line)): \(function.name) has \(function.count) lines; split it")
            }
        }
        for key in Self.longFunctions where !long.contains(key) {
            Issue.record("\(key) is no longer too long: take it off the list")
        }
    }

    @Test("No folder has more than twenty Swift files side by side, apart from rooms of tests on a list that shrinks")
    func folders() {
        let full = Dictionary(grouping: House.swift, by: \.folder).filter { $0.value.count > Self.folderFiles }
        for (folder, files) in full.sorted(by: { $0.key < $1.key }) where !Self.fullFolders.contains(folder) {
            Issue.record("\(folder): \(files.count) Swift files side by side; sort them into folders")
        }
        for folder in Self.fullFolders.sorted() where full[folder] == nil {
            Issue.record("\(folder) has \(Self.folderFiles) files or fewer: take it off the list")
        }
    }

    // MARK: The rule itself

    @Test("A long function is found whatever its head looks like, and a long type, closure or table is none")
    func heads() {
        let body = Array(repeating: "        work()", count: 70)
        let heads = [
            ["    func work() {"], ["    @Test(\"a } in words {\") private static func work<T>(_ a: T) async throws {"],
            ["    public init?(", "        a: Int,", "        b: Int", "    ) where A == B", "    {"],
            ["    var work: Int {"], ["    deinit {"], ["    subscript(index: Int) -> Int {"],
        ]
        for head in heads {
            let file = ["struct A {"] + head + body + ["    }", "}"]
            let found = LongBlocks.functions(in: file, longerThan: 70)
            #expect(found.map(\.line) == [1], "\(head)")
            #expect(found.map(\.count) == [71 + head.count], "\(head)")
            #expect(LongBlocks.functions(in: file, longerThan: 71 + head.count).isEmpty, "\(head)")
        }
        for head in ["    struct Work {", "    extension Work {", "    let table = [", "    loop.run {"] {
            #expect(LongBlocks.functions(in: ["struct A {", head] + body + ["    }", "}"], longerThan: 70).isEmpty)
        }
    }
}
