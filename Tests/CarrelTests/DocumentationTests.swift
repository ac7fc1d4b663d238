import ArgumentParser
import Foundation
import Testing

@testable import Configuration
@testable import carrel

@Suite("The README and the manual") struct DocumentationTests {
    // MARK: Form

    private static let readmeLines = 200

    @Test("The README is a door: it has at most 200 lines, and leads to every article")
    func door() {
        let readme = Paper.readme
        #expect(readme.text.split(separator: "\n", omittingEmptySubsequences: false).count <= Self.readmeLines)
        for article in Paper.articles where article.name != "Manual" {
            #expect(readme.links.contains { $0.hasPrefix(article.path) }, "no link leads to \(article)")
        }
    }

    @Test("An article begins with its title and one sentence that says what is in it", arguments: Paper.articles)
    func beginning(article: Paper) {
        let lines = article.text.components(separatedBy: "\n")
        #expect(lines[0].hasPrefix("# "))
        #expect(lines[1].isEmpty && lines[3].isEmpty)
        #expect(lines[2].hasSuffix(".") && !lines[2].contains(". "), "\(lines[2])")
    }

    @Test("The manual's first page lists every article once")
    func topics() {
        let listed = Paper.article("Manual").text.components(separatedBy: "## Topics").last ?? ""
        for article in Paper.articles where article.name != "Manual" {
            #expect(listed.components(separatedBy: "- <doc:\(article.name)>\n").count == 2, "\(article)")
        }
    }

    @Test("Every link leads to a file or an article that there is, and to a heading in it", arguments: Paper.all)
    func links(paper: Paper) {
        for link in paper.links where !link.hasPrefix("https://") {
            let parts = link.split(separator: "#", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            var path = Self.resolve(parts[0], from: paper.folder)
            if parts[0].hasPrefix("doc:") {
                #expect(Paper.articles.contains(paper), "only articles can have the link \(link)")
                path = "Sources/carrel/Manual.docc/\(parts[0].dropFirst("doc:".count)).md"
            }
            guard Paper.exists(path) else {
                Issue.record("\(paper) has the link \(link), and there is no \(path)")
                continue
            }
            if parts.count == 2 {
                #expect(Paper(path).hasAnchor(parts[1]), "\(path) has no heading for the link \(link) of \(paper)")
            }
        }
    }

    private static func resolve(_ link: String, from folder: String) -> String {
        var parts = folder.split(separator: "/").map(String.init)
        for part in link.split(separator: "/") where part != "." {
            if part == ".." { _ = parts.popLast() } else { parts.append(String(part)) }
        }
        return parts.joined(separator: "/")
    }

    // MARK: The configuration

    @Test("Every configuration that is shown is read without a problem, parts of one too", arguments: Paper.all)
    func configurations(paper: Paper) throws {
        let reference = Paper.article("ConfigurationReference").blocks("yaml")
        let complete = try #require(reference.first { $0.contains("labs_domain:") })
        let withoutLabs = try #require(complete.components(separatedBy: "labs:\n").first)
        for block in paper.blocks("yaml") {
            if block.contains("routes:") {
                #expect(throws: Never.self) { try EdgeFile(yaml: block, file: paper.path, folder: "/etc/carrel") }
                continue
            }
            var yaml = block
            if !block.contains("labs_domain:") { yaml = (block.hasPrefix("labs:") ? withoutLabs : complete) + block }
            #expect(throws: Never.self) { try Configuration(yaml: yaml, file: paper.path, folder: "/etc/carrel") }
        }
    }

    @Test("The README has a configuration to begin with")
    func configurationToBeginWith() {
        #expect(Paper.readme.blocks("yaml").contains { $0.contains("labs_domain:") })
    }

    /// The section of the reference for each mapping of the file, by a key that only this mapping has.
    private static let sections = [
        "free_floor": "Top level", "seats": "Quota", "accent": "Colours", "embedded_in": "Portal", "hsts": "TLS",
        "acme_webroot": "Redirect",
        "closed": "Egress", "threads": "Edge", "connections_per_thread": "Edge limits", "slots": "Hosts",
        "ca": "TLS of a host", "parks_for": "Labs", "requires": "Placement", "per_host": "Pools",
        "close_above": "Density", "routes": "The edge alone",
    ]

    /// The section for a mapping that has no key of its own.
    private static let commonSections: [Set<String>: String] = [["certificate", "key"]: "TLS of a portal"]

    /// The keys that each decoder of the configuration allows, parsed from its source, so that none can be forgotten.
    private static let mappings: [Set<String>] = {
        var mappings: [Set<String>] = []
        for source in Paper.sources.values where source.contains(".allow(") {
            for call in source.matches(of: #/\.allow\(([^)]*)\)/#) {
                let keys = Set(call.1.matches(of: #/"([a-z0-9_]+)"/#).map { String($0.1) })
                if !keys.isEmpty { mappings.append(keys) }
            }
        }
        return mappings
    }()

    @Test("The reference has a row for every key of the file, and for none that the file does not have")
    func keys() {
        #expect(Self.mappings.count == Self.sections.count + Self.commonSections.count)
        for keys in Self.mappings {
            let marks = Self.sections.keys.filter(keys.contains)
            guard let section = Self.commonSections[keys] ?? (marks.count == 1 ? Self.sections[marks[0]] : nil) else {
                Issue.record("it is not said which section of the reference explains \(keys.sorted())")
                continue
            }
            let rows = Paper.article("ConfigurationReference").rows(below: section)
            let explained = rows.compactMap { $0.first.flatMap { Paper.spans($0).first } }
            #expect(explained.count == Set(explained).count, "a key has two rows under \(section)")
            for key in keys.subtracting(explained).sorted() {
                Issue.record("the reference does not explain \(key) under \(section)")
            }
            for key in Set(explained).subtracting(keys).sorted() {
                Issue.record("the configuration has no key \(key), which the reference explains under \(section)")
            }
            for row in rows {
                #expect(row.count == 5 && !row[1].isEmpty && !row[4].isEmpty, "\(section): \(row) says too little")
            }
        }
    }

    // MARK: Commands

    /// Every command that can be run, such as `host list`.
    private static let commands: [String] = {
        func leaves(_ command: any ParsableCommand.Type, _ path: [String]) -> [String] {
            let children = command.configuration.subcommands
            guard !children.isEmpty else { return [path.joined(separator: " ")] }
            return children.flatMap { leaves($0, path + [$0.configuration.commandName ?? ""]) }
        }
        return leaves(Carrel.self, [])
    }()

    @Test("Every command has a row in the table of commands, and no other has one")
    func table() {
        let rows = Paper.article("Operating").rows(below: "Commands")
        let explained = rows.compactMap { $0.first.flatMap { Paper.spans($0).first } }
        #expect(explained.sorted() == Self.commands.map { "carrel \($0)" }.sorted())
        for row in rows { #expect(row.count == 2 && !row[1].isEmpty, "\(row)") }
    }

    @Test("No document names a command that does not exist", arguments: Paper.all)
    func commandsThatExist(paper: Paper) {
        let groups = Set(Self.commands.filter { $0.contains(" ") }.compactMap { $0.split(separator: " ").first })
        for call in paper.text.matches(of: #/(?:`|\$ |# )carrel ([a-z][a-z-]*)(?: ([a-z][a-z-]*))?/#) {
            guard groups.contains(call.1) else {
                #expect(Self.commands.contains(String(call.1)), "\(paper): there is no carrel \(call.1)")
                continue
            }
            guard let second = call.2 else { continue }
            #expect(Self.commands.contains("\(call.1) \(second)"), "\(paper): there is no carrel \(call.1) \(second)")
        }
    }
}
