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

    /// The keys that the decoders of the configuration allow, read from their source, so that none can be forgotten here.
    private static let keys: Set<String> = {
        let sources = root.appendingPathComponent("Sources/carrel/Configuration")
        let files = try! FileManager.default.contentsOfDirectory(at: sources, includingPropertiesForKeys: nil)
        var keys: Set<String> = []
        for file in files where file.pathExtension == "swift" {
            let source = try! String(contentsOf: file, encoding: .utf8)
            for call in source.matches(of: #/\.allow\(([^)]*)\)/#) {
                keys.formUnion(call.1.matches(of: #/"([a-z0-9_]+)"/#).map { String($0.1) })
            }
        }
        return keys
    }()

    @Test("names every key of the configuration")
    func keys() throws {
        // What they are read from was found.
        #expect(Self.keys.isSuperset(of: ["labs_domain", "slots", "idle_warning", "per_host", "url_size", "admin"]))
        for key in Self.keys.sorted() {
            // In a sentence or a table, or in an example.
            let name = try Regex("`[^`\n]*\\b\(key)\\b[^`\n]*`|\n *-? *\(key):").wordBoundaryKind(.simple)
            #expect(Self.text.contains(name), "the README does not explain \(key)")
        }
    }

    @Test("names what is read by its whole path")
    func paths() {
        for path in ["placement.requires", "edge.limits", "tls.hsts", "redirect.acme_webroot", "portal.embedded_in"] {
            #expect(Self.text.contains("`\(path)`"), "the README does not explain \(path)")
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
