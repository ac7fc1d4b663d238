import Foundation
import Testing

@testable import carrel

@Suite("The README") struct DocumentationTests {
    private static let text = try! String(
        contentsOf: URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appendingPathComponent("README.md"), encoding: .utf8)

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

    @Test("names every key of a host and of a lab")
    func keys() {
        let keys = [
            "endpoint", "publish_address", "slots", "memory", "overcommit", "maximum_starts", "title", "kind", "image",
            "cpus", "processes", "idle_timeout", "idle_warning", "maximum_lifetime", "ready_timeout", "egress", "port",
            "home", "user",
            "environment", "labels", "placement.requires",
        ]
        for key in keys { #expect(Self.text.contains("`\(key)`"), "the README does not explain \(key)") }
    }

    @Test("names every key of the edge, its limits included")
    func edgeKeys() {
        let keys = [
            "edge.threads", "edge.access_log", "edge.takeover_grace", "edge.limits", "tls.hsts", "redirect.listen",
            "redirect.acme_webroot",
            "portal.embedded_in", "connections_per_thread", "connections_per_address", "handshake_timeout",
            "header_timeout", "idle_timeout", "body_timeout", "minimum_body_rate", "write_timeout", "url_size",
            "header_size", "header_fields", "edge.http2", "streams_per_connection", "resets_per_second",
        ]
        for key in keys { #expect(Self.text.contains("`\(key)`"), "the README does not explain \(key)") }
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
