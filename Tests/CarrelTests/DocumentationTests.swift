import Foundation
import Testing

@testable import carrel

@Suite("The README") struct DocumentationTests {
    private static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()
    private static let text = try! String(contentsOf: root.appendingPathComponent("README.md"), encoding: .utf8)

    @Test("shows configurations that are read without a problem")
    func configurations() throws {
        let blocks = Self.text.components(separatedBy: "```yaml\n").dropFirst()
            .compactMap { $0.components(separatedBy: "```").first }.filter { $0.contains("labs_domain:") }
        #expect(!blocks.isEmpty)
        for block in blocks {
            #expect(throws: Never.self) { try Configuration(yaml: block, file: "README.md", folder: "/etc/carrel") }
        }
    }

    @Test("shows a file of the edge alone that is read without a problem")
    func edgeFile() throws {
        let blocks = Self.text.components(separatedBy: "```yaml\n").dropFirst()
            .compactMap { $0.components(separatedBy: "```").first }.filter { $0.contains("routes:") }
        #expect(!blocks.isEmpty)
        for block in blocks {
            #expect(throws: Never.self) { try EdgeFile(yaml: block, file: "README.md", folder: "/etc/carrel") }
        }
    }

    /// Where the README explains the keys of one mapping of the configuration.
    private struct Place {
        /// A key of the mapping that is in no other.
        var mark: String
        var sections: [String]
        var prefix = ""
        /// Each key has its row in the table of a section; else its own code span there, or its line in an example.
        var isTable = true
    }

    private static let places = [
        Place(mark: "labs_domain", sections: ["Configuration"]),
        Place(mark: "embedded_in", sections: ["Configuration"], prefix: "portal."),
        Place(mark: "hsts", sections: ["Configuration"], prefix: "tls."),
        Place(mark: "acme_webroot", sections: ["Configuration"], prefix: "redirect."),
        Place(mark: "threads", sections: ["Configuration"], prefix: "edge."),
        Place(mark: "closed", sections: ["Configuration"], prefix: "egress."),
        Place(mark: "connections_per_thread", sections: ["Limits"]),
        Place(mark: "slots", sections: ["Hosts"]),
        Place(mark: "ca", sections: ["Hosts"], prefix: "tls."),
        Place(mark: "parks_for", sections: ["Labs"]),
        Place(mark: "requires", sections: ["Labs"], prefix: "placement."),
        Place(mark: "close_above", sections: ["Density"], prefix: "density.", isTable: false),
        Place(mark: "per_host", sections: ["Warm seats"], isTable: false),
        Place(mark: "routes", sections: ["The edge alone"], isTable: false),
    ]

    /// The keys that each decoder of the configuration allows, read from their source, so that none can be forgotten here.
    private static let mappings: [Set<String>] = {
        let sources = root.appendingPathComponent("Sources/carrel/Configuration")
        let files = try! FileManager.default.contentsOfDirectory(at: sources, includingPropertiesForKeys: nil)
        var mappings: [Set<String>] = []
        for file in files where file.pathExtension == "swift" {
            let source = try! String(contentsOf: file, encoding: .utf8)
            for call in source.matches(of: #/\.allow\(([^)]*)\)/#) {
                let keys = Set(call.1.matches(of: #/"([a-z0-9_]+)"/#).map { String($0.1) })
                if !keys.isEmpty { mappings.append(keys) }
            }
        }
        return mappings
    }()

    private static func section(_ title: String) -> String {
        let parts = text.components(separatedBy: "\n## ").flatMap { $0.components(separatedBy: "\n### ") }
        return parts.first { $0.hasPrefix(title + "\n") } ?? ""
    }

    /// The keys in the first cells of a section's tables; `.key` after `a.b` stands for `a.key`.
    private static func rows(of section: String) -> Set<String> {
        var keys: Set<String> = []
        for line in section.split(separator: "\n") where line.hasPrefix("| `") {
            var prefix = ""
            for span in line.dropFirst(2).prefix(while: { $0 != "|" }).matches(of: #/`([^`]+)`/#) {
                let name = String(span.1)
                if let dot = name.lastIndex(of: "."), dot > name.startIndex { prefix = String(name[..<dot]) }
                keys.insert(name.hasPrefix(".") ? prefix + name : name)
            }
        }
        return keys
    }

    /// Whether a section without a table has the key's own code span, or the key in an example.
    private static func mentions(_ section: String, _ key: String, prefix: String) throws -> Bool {
        if section.contains("`\(prefix)\(key)`") { return true }
        let line = try Regex("(^|[ {])\(key): ").anchorsMatchLineEndings()
        return section.components(separatedBy: "```yaml\n").dropFirst().contains { block in
            (block.components(separatedBy: "```").first ?? "").contains(line)
        }
    }

    @Test("explains every key of the configuration in a row of its own, in the table of its part of the file")
    func keys() throws {
        #expect(Self.mappings.count >= Self.places.count)
        for keys in Self.mappings {
            let places = Self.places.filter { keys.contains($0.mark) }
            guard places.count == 1, let place = places.first else {
                Issue.record("it is not said where the README explains \(keys.sorted())")
                continue
            }
            let sections = place.sections.map(Self.section)
            let rows = sections.map(Self.rows).reduce(into: Set()) { $0.formUnion($1) }
            #expect(!rows.isEmpty || !place.isTable, "\(place.sections) has no table")
            for key in keys.sorted() {
                let name = place.prefix + key
                // A mapping of its own is explained key by key.
                let isExplained =
                    place.isTable
                    ? rows.contains(name) || rows.contains { $0.hasPrefix(name + ".") }
                    : try sections.contains { try Self.mentions($0, key, prefix: place.prefix) }
                        || Self.rows(of: Self.section("Configuration")).contains(key)
                #expect(isExplained, "the README does not explain \(name) under \(place.sections)")
            }
        }
    }

    @Test("has no row for a key that the configuration does not have")
    func rows() throws {
        for title in Set(Self.places.filter(\.isTable).flatMap(\.sections)) {
            var known: Set<String> = []
            for place in Self.places where place.isTable && place.sections.contains(title) {
                for keys in Self.mappings where keys.contains(place.mark) {
                    known.formUnion(keys.map { place.prefix + $0 })
                }
            }
            let rows = Self.rows(of: Self.section(title))
            #expect(!rows.isEmpty)
            for row in rows { #expect(known.contains(row), "the configuration has no key \(row) under \(title)") }
        }
    }

    @Test("names only commands that there are")
    func commands() throws {
        let known = Set(Carrel.configuration.subcommands.compactMap { $0.configuration.commandName })
        let named = Self.text.components(separatedBy: "`carrel ").dropFirst().map {
            String($0.prefix { $0.isLetter || $0 == "-" })
        }
        .filter { !$0.isEmpty }
        #expect(!named.isEmpty)
        for name in Set(named) { #expect(known.contains(name), "there is no carrel \(name)") }
    }
}
