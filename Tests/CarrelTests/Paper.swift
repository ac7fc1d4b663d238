import Foundation

/// A document of the repository: the README, an article of the manual, or a file in `.github`.
struct Paper: Sendable, Hashable, CustomStringConvertible {
    /// Relative to the root of the repository.
    let path: String
    let text: String

    static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()
    private static let manual = "Sources/carrel/Manual.docc"

    static let readme = Paper("README.md")
    static let articles = papers(in: manual)
    static let all = [readme] + articles + papers(in: ".github")

    /// An article of the manual, named as in `<doc:Name>`.
    static func article(_ name: String) -> Paper { Paper("\(manual)/\(name).md") }

    init(_ path: String) {
        self.path = path
        text = Self.content(of: path)
    }

    private static func papers(in folder: String) -> [Paper] {
        let names = try! FileManager.default.contentsOfDirectory(atPath: root.appendingPathComponent(folder).path)
        return names.filter { $0.hasSuffix(".md") }.sorted().map { Paper("\(folder)/\($0)") }
    }

    static func content(of path: String) -> String {
        try! String(contentsOf: root.appendingPathComponent(path), encoding: .utf8)
    }

    static func exists(_ path: String) -> Bool {
        FileManager.default.fileExists(atPath: root.appendingPathComponent(path).path)
    }

    var description: String { path }
    var name: String { String(path.split(separator: "/").last?.dropLast(".md".count) ?? "") }
    var folder: String { path.split(separator: "/").dropLast().joined(separator: "/") }

    // MARK: Markdown

    /// The lines outside code blocks.
    var prose: [String] {
        var isCode = false
        var lines: [String] = []
        for line in text.components(separatedBy: "\n") {
            if line.drop(while: { $0 == " " }).hasPrefix("```") {
                isCode.toggle()
            } else if !isCode {
                lines.append(line)
            }
        }
        return lines
    }

    var headings: [String] { prose.compactMap(Self.heading) }

    private static func heading(_ line: String) -> String? {
        let marks = line.prefix { $0 == "#" }.count
        guard marks > 0, line.dropFirst(marks).first == " " else { return nil }
        return String(line.dropFirst(marks + 1))
    }

    /// The rows of the first table below a heading, cell by cell, without the table's header.
    func rows(below heading: String) -> [[String]] {
        let section = prose.drop { Self.heading($0) != heading }.dropFirst().prefix { Self.heading($0) == nil }
        let table = section.drop { !$0.hasPrefix("|") }.prefix { $0.hasPrefix("|") }
        return table.dropFirst(2).map { line in
            line.split(separator: "|", omittingEmptySubsequences: false).dropFirst().dropLast().map {
                $0.trimmingCharacters(in: .whitespaces)
            }
        }
    }

    /// The code blocks in this language.
    func blocks(_ language: String) -> [String] {
        text.components(separatedBy: "```\(language)\n").dropFirst().compactMap {
            $0.components(separatedBy: "```").first
        }
    }

    /// The text between backquotes.
    static func spans(_ text: String) -> [String] { text.matches(of: #/`([^`]+)`/#).map { String($0.1) } }

    /// The targets of the links: paths and `doc:` addresses, with their anchors.
    var links: [String] {
        let text = prose.joined(separator: "\n")
        let paths = text.matches(of: #/\]\(([^)\s]+)\)/#).map { String($0.1) }
        return paths + text.matches(of: #/<(doc:[^>]+)>/#).map { String($0.1) }
    }

    /// Whether a heading has this anchor, as GitHub (lower case) or DocC generates it.
    func hasAnchor(_ anchor: String) -> Bool {
        headings.contains { heading in
            let plain = heading.filter { $0.isLetter || $0.isNumber || $0 == " " || $0 == "-" }
                .replacingOccurrences(of: " ", with: "-")
            return plain == anchor || plain.lowercased() == anchor
        }
    }

    // MARK: Sources

    /// The English catalogue of texts.
    static var englishCatalogue: String {
        let file = root.appendingPathComponent("Sources/Words/Catalogues/en.words")
        return (try? String(contentsOf: file, encoding: .utf8)) ?? ""
    }

    /// Every Swift file of the product, by its path.
    static let sources: [String: String] = {
        let folder = root.appendingPathComponent("Sources")
        let files = FileManager.default.enumerator(at: folder, includingPropertiesForKeys: nil)
        var sources: [String: String] = [:]
        while let file = files?.nextObject() as? URL {
            guard file.pathExtension == "swift" else { continue }
            sources[file.path] = try! String(contentsOf: file, encoding: .utf8)
        }
        return sources
    }()
}
