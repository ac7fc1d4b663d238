import Yams

/// Reads one mapping of the file strictly: every key is declared once, and an undeclared key is a problem.
///
/// A value that cannot be read is added to the collector and returned as `nil`, so that reading continues.
struct MappingReader {
    /// The mapping's path in the file: `hosts[0].tls`; empty for the whole file.
    let path: String
    let place: Place
    let problems: ProblemCollector
    private let document: YAMLDocument
    private let entries: [(key: String, place: Place, value: Node)]
    private let isReadable: Bool

    init(_ node: Node, path: String, parent: Place, document: YAMLDocument, problems: ProblemCollector) {
        self.path = path
        self.place = Place(node) ?? parent
        self.problems = problems
        self.document = document
        guard case .mapping(let mapping) = node else {
            problems.add(
                self.place,
                "\(path.isEmpty ? "the file" : path) is \(describe(node)), but must be a mapping of keys to values")
            entries = []
            isReadable = false
            return
        }
        isReadable = true
        var entries: [(key: String, place: Place, value: Node)] = []
        var earlier: [String: Place] = [:]
        for (keyNode, value) in mapping {
            let place = Place(keyNode) ?? self.place
            guard let key = keyNode.scalar?.string else {
                problems.add(place, "a key\(Self.within(path)) is \(describe(keyNode)), but must be a word")
                continue
            }
            if let repeated = document.repeated(key) {
                earlier[repeated.key] = earlier[repeated.key].map { min($0, repeated.place) } ?? repeated.place
            } else {
                entries.append((key, place, value))
            }
        }
        for (key, first) in earlier {
            let last = entries.first { $0.key == key }?.place ?? first
            problems.add(
                last,
                "\(Self.join(path, key)) is given again; it stands in line \(first.line) already: keep one of them")
        }
        self.entries = entries
    }

    /// Reports every key that is not one of `known`. Called once, with all keys that are allowed here.
    func allow(_ known: String...) {
        for entry in entries where !known.contains(entry.key) {
            let remedy =
                Spelling.nearest(to: entry.key, among: known).map { "did you mean \"\($0)\"?" }
                ?? "known here: \(known.joined(separator: ", "))"
            problems.add(entry.place, "unknown key \"\(entry.key)\"\(Self.within(path)); \(remedy)")
        }
    }

    /// The value's node and position; `nil` if the key is absent.
    func node(_ key: String) -> (node: Node, place: Place)? {
        entries.first { $0.key == key }.map { ($0.value, Place($0.value) ?? $0.place) }
    }

    /// The position of the key's value, or of the mapping.
    func place(of key: String) -> Place { node(key)?.place ?? place }

    /// Every key with its value, in order, for mappings with arbitrary keys.
    var all: [(key: String, place: Place, value: Node)] { entries }

    func optional<Value>(_ key: String, _ rule: Rule<Value>) -> Value? {
        guard let (node, place) = node(key) else { return nil }
        return read(node, at: place, name: Self.join(path, key), rule)
    }

    func required<Value>(_ key: String, _ rule: Rule<Value>) -> Value? {
        if node(key) == nil { missing(key, rule.expectation) }
        return optional(key, rule)
    }

    func missing(_ key: String, _ expectation: String) {
        guard isReadable else { return }
        problems.add(place, "\(path.isEmpty ? "the file" : path) has no \"\(key)\"; add it: \(expectation)")
    }

    /// A nested mapping; `nil` if the key is absent.
    func mapping(_ key: String) -> MappingReader? {
        guard let (node, place) = node(key) else { return nil }
        return MappingReader(
            node, path: Self.join(path, key), parent: place, document: document, problems: problems)
    }

    /// The elements of a list; `nil` if the key is absent or its value is not a list.
    func list(_ key: String, of what: String, maximum: Int) -> [(node: Node, path: String, place: Place)]? {
        guard let (node, place) = node(key) else { return nil }
        let name = Self.join(path, key)
        guard case .sequence(let sequence) = node, (1...maximum).contains(sequence.count) else {
            let count = node.sequence.map { $0.count == 0 ? "an empty list" : "a list of \($0.count)" }
            problems.add(place, "\(name) is \(count ?? describe(node)), but must be a list of 1 to \(maximum) \(what)")
            return nil
        }
        return sequence.enumerated().map { ($0.element, "\(name)[\($0.offset)]", Place($0.element) ?? place) }
    }

    /// A mapping that is an element of a list.
    func mapping(at element: (node: Node, path: String, place: Place)) -> MappingReader {
        MappingReader(element.node, path: element.path, parent: element.place, document: document, problems: problems)
    }

    func mappings(_ key: String, of what: String, maximum: Int) -> [MappingReader]? {
        list(key, of: what, maximum: maximum)?.map { mapping(at: $0) }
    }

    func read<Value>(_ node: Node, at place: Place, name: String, _ rule: Rule<Value>) -> Value? {
        if let scalar = node.scalar, let value = rule.read(Rule.Scalar(text: scalar.string, kind: kind(of: node))) {
            return value
        }
        problems.add(place, "\(name) is \(describe(node)), but must be \(rule.expectation)")
        return nil
    }

    private func kind<Value>(of node: Node) -> Rule<Value>.Scalar.Kind {
        switch Tag.Name(rawValue: node.tag.rawValue) {
        case .int, .float: .number
        case .bool: .boolean
        case .null: .null
        default: .text
        }
    }

    /// A key's name in messages: `hosts[0].tls`.
    func name(of key: String) -> String { Self.join(path, key) }

    static func join(_ path: String, _ key: String) -> String { path.isEmpty ? key : "\(path).\(key)" }
    private static func within(_ path: String) -> String { path.isEmpty ? "" : " in \(path)" }
}

extension Place: Comparable {
    init?(_ node: Node) {
        guard let mark = node.mark else { return nil }
        self.init(line: mark.line, column: mark.column)
    }

    static func < (a: Place, b: Place) -> Bool { (a.line, a.column) < (b.line, b.column) }
}

/// The node's contents for a message; a long text is truncated.
private func describe(_ node: Node) -> String {
    switch node {
    case .mapping: return "a mapping"
    case .sequence: return "a list"
    case .alias: return "an alias"
    case .scalar(let scalar):
        switch Tag.Name(rawValue: node.tag.rawValue) {
        case .int, .float: return "the number \(scalar.string)"
        case .bool: return "the truth value \(scalar.string)"
        case .null: return "empty"
        default:
            let shown = scalar.string.count > 60 ? scalar.string.prefix(60) + "…" : scalar.string[...]
            return "\"\(shown)\""
        }
    }
}
