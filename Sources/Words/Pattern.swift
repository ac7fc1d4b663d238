/// A parsed pattern: a subset of ICU MessageFormat. Nothing else is accepted.
///
///     It ended because nobody had used it for {idle}. {@session.files}
///     {seats, plural, one {# seat is} other {# seats are}} claimed.
///     {parks, select, yes {it is parked} other {it ends}} {end, at}.
///
/// `'{'` is a brace. `{@key}` is the pattern of another key of the same kind, which has no such reference itself.
public struct Pattern: Hashable, Sendable {
    indirect enum Piece: Hashable, Sendable {
        case text(String)
        case argument(String, Style?)
        case plural(String, [Branch])
        case select(String, [Branch])
        case reference(String)
        /// The number of the plural around it: `#`.
        case count
    }

    struct Branch: Hashable, Sendable {
        var label: String
        var pieces: [Piece]
    }

    /// How an argument is shown, where its kind does not say so.
    enum Style: String, Hashable, Sendable { case at, until, code }

    var pieces: [Piece]

    init(pieces: [Piece]) { self.pieces = pieces }

    /// - Throws: `PatternError`, which says what is wrong.
    public init(_ text: String) throws(PatternError) {
        var parser = PatternParser(text)
        pieces = try parser.whole()
    }

    /// The names of all arguments that it uses.
    public var names: Set<String> { Self.names(of: pieces) }

    private static func names(of pieces: [Piece]) -> Set<String> {
        pieces.reduce(into: []) { names, piece in
            switch piece {
            case .text, .reference, .count: break
            case .argument(let name, _): names.insert(name)
            case .plural(let name, let branches), .select(let name, let branches):
                names.insert(name)
                for branch in branches { names.formUnion(Self.names(of: branch.pieces)) }
            }
        }
    }

    /// The keys to which it refers.
    var references: Set<String> { Self.references(of: pieces) }

    private static func references(of pieces: [Piece]) -> Set<String> {
        pieces.reduce(into: []) { keys, piece in
            switch piece {
            case .text, .argument, .count: break
            case .reference(let key): keys.insert(key)
            case .plural(_, let branches), .select(_, let branches):
                for branch in branches { keys.formUnion(references(of: branch.pieces)) }
            }
        }
    }

    /// The pattern with other patterns in the place of its references.
    func replacingReferences(by patterns: [String: Pattern]) -> Pattern {
        Pattern(pieces: Self.replacing(pieces, patterns))
    }

    private static func replacing(_ pieces: [Piece], _ patterns: [String: Pattern]) -> [Piece] {
        func branches(_ list: [Branch]) -> [Branch] {
            list.map { Branch(label: $0.label, pieces: replacing($0.pieces, patterns)) }
        }
        return pieces.flatMap { piece -> [Piece] in
            switch piece {
            case .text, .argument, .count: [piece]
            case .reference(let key): patterns[key]?.pieces ?? [piece]
            case .plural(let name, let list): [.plural(name, branches(list))]
            case .select(let name, let list): [.select(name, branches(list))]
            }
        }
    }
}

/// Why a text is not a pattern.
public struct PatternError: Error, Hashable, Sendable, CustomStringConvertible {
    public var description: String

    init(_ description: String) { self.description = description }
}
