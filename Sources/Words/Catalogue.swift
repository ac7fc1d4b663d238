/// All patterns of one language.
public struct Catalogue: Sendable {
    public let language: Language
    private let patterns: [String: Pattern]

    /// - Parameter text: lines `key = pattern`. A line that begins with a space goes on, after one space; a line that
    ///   begins with `#` is a comment. A key stands there once, and what it refers to has no reference itself.
    public init(_ text: String, language: Language) throws(CatalogueError) {
        self.language = language
        let entries = try Self.entries(text)
        var plain: [String: Pattern] = [:]
        for entry in entries {
            do { plain[entry.key] = try Pattern(entry.text) } catch {
                throw CatalogueError(line: entry.line, "\(entry.key): \(error)")
            }
        }
        var patterns: [String: Pattern] = [:]
        for entry in entries {
            guard let pattern = plain[entry.key] else { continue }
            let kind = entry.key.prefix { $0 != "." }
            var targets: [String: Pattern] = [:]
            for reference in pattern.references {
                guard let target = plain["\(kind).\(reference)"], target.references.isEmpty else {
                    throw CatalogueError(line: entry.line, "\(entry.key): there is no plain pattern \(reference)")
                }
                targets[reference] = target
            }
            patterns[entry.key] = pattern.replacingReferences(by: targets)
        }
        self.patterns = patterns
    }

    public var keys: Set<String> { Set(patterns.keys) }

    /// - Parameter key: with its kind: `learner.session.ended.idle`.
    public func pattern(_ key: String) -> Pattern? { patterns[key] }

    private static func entries(_ text: String) throws(CatalogueError) -> [(line: Int, key: String, text: String)] {
        var entries: [(line: Int, key: String, text: String)] = []
        var keys: Set<String> = []
        for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            if line.isEmpty || line.hasPrefix("#") { continue }
            if line.hasPrefix(" ") {
                guard !entries.isEmpty else { throw CatalogueError(line: index + 1, "nothing goes on here") }
                entries[entries.count - 1].text += " " + line.drop { $0 == " " }
                continue
            }
            guard let separator = line.firstRange(of: " = ") else {
                throw CatalogueError(line: index + 1, "the line is not “key = pattern”")
            }
            let key = String(line[..<separator.lowerBound])
            guard keys.insert(key).inserted else { throw CatalogueError(line: index + 1, "\(key) is there twice") }
            entries.append((index + 1, key, String(line[separator.upperBound...])))
        }
        return entries
    }
}

/// What is wrong with a catalogue, and in which line, counted from 1.
public struct CatalogueError: Error, Hashable, Sendable, CustomStringConvertible {
    public var line: Int
    public var problem: String

    public var description: String { "line \(line): \(problem)" }

    init(line: Int, _ problem: String) {
        self.line = line
        self.problem = problem
    }
}
