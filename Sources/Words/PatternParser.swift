/// Reads one pattern, from left to right.
struct PatternParser {
    private let characters: [Character]
    private var index = 0
    private var depth = 0
    private var pluralDepth = 0

    init(_ text: String) { characters = Array(text) }

    mutating func whole() throws(PatternError) -> [Pattern.Piece] {
        let pieces = try pieces()
        guard index == characters.count else { throw PatternError("there is a } without its {") }
        return pieces
    }

    private var next: Character? { index < characters.count ? characters[index] : nil }

    /// Everything up to the end, or to a brace that closes.
    private mutating func pieces() throws(PatternError) -> [Pattern.Piece] {
        var pieces: [Pattern.Piece] = []
        var text = ""
        func flush() {
            if !text.isEmpty { pieces.append(.text(text)) }
            text = ""
        }
        while let character = next, character != "}" {
            index += 1
            if character == "'" {
                text += try quoted()
            } else if character == "{" {
                flush()
                pieces.append(try argument())
            } else if character == "#", pluralDepth > 0 {
                flush()
                pieces.append(.count)
            } else {
                text.append(character)
            }
        }
        flush()
        return pieces
    }

    /// After an apostrophe: two are one; before a brace or a number sign it begins a quotation; else it is itself.
    private mutating func quoted() throws(PatternError) -> String {
        guard let first = next, "'{}#".contains(first) else { return "'" }
        if first == "'" {
            index += 1
            return "'"
        }
        guard let end = characters[index...].firstIndex(of: "'") else {
            throw PatternError("a quotation does not end")
        }
        defer { index = end + 1 }
        return String(characters[index..<end])
    }

    /// After the brace that opens.
    private mutating func argument() throws(PatternError) -> Pattern.Piece {
        skipSpace()
        if next == "@" {
            index += 1
            let key = word(where: { $0.isLetter || $0.isNumber || $0 == "-" || $0 == "." })
            try expect("}", after: "the key “\(key)”")
            guard !key.isEmpty else { throw PatternError("{@} names no key") }
            return .reference(key)
        }
        let name = word()
        guard !name.isEmpty else { throw PatternError("a { is not followed by the name of an argument") }
        skipSpace()
        if next == "}" {
            index += 1
            return .argument(name, nil)
        }
        try expect(",", after: "the argument “\(name)”")
        skipSpace()
        let kind = word()
        switch kind {
        case "plural": return .plural(name, try branches(of: name, isPlural: true))
        case "select": return .select(name, try branches(of: name, isPlural: false))
        default:
            guard let style = Pattern.Style(rawValue: kind) else {
                throw PatternError("“\(kind)” is no style of the argument “\(name)”")
            }
            skipSpace()
            try expect("}", after: "the style “\(kind)”")
            return .argument(name, style)
        }
    }

    private mutating func branches(of name: String, isPlural: Bool) throws(PatternError) -> [Pattern.Branch] {
        depth += 1
        pluralDepth += isPlural ? 1 : 0
        guard depth <= WordsLimits.patternDepth else { throw PatternError("its branches are nested too deeply") }
        skipSpace()
        try expect(",", after: "the kind of “\(name)”")
        var branches: [Pattern.Branch] = []
        while true {
            skipSpace()
            if next == "}" { break }
            let label = word()
            guard !label.isEmpty else { throw PatternError("a branch of “\(name)” has no label") }
            guard !isPlural || PluralCase(rawValue: label) != nil else {
                throw PatternError("“\(label)” is no plural form")
            }
            guard !branches.contains(where: { $0.label == label }) else {
                throw PatternError("“\(name)” has the branch “\(label)” twice")
            }
            skipSpace()
            try expect("{", after: "the label “\(label)”")
            let pieces = try pieces()
            try expect("}", after: "the branch “\(label)” of “\(name)”")
            branches.append(Pattern.Branch(label: label, pieces: pieces))
        }
        index += 1
        guard branches.contains(where: { $0.label == "other" }) else {
            throw PatternError("“\(name)” has no branch “other”")
        }
        depth -= 1
        pluralDepth -= isPlural ? 1 : 0
        return branches
    }

    private mutating func word(
        where isPart: (Character) -> Bool = { $0.isLetter || $0.isNumber || $0 == "-" }
    ) -> String {
        let word = characters[index...].prefix(while: isPart)
        index += word.count
        return String(word)
    }

    private mutating func skipSpace() {
        while next == " " { index += 1 }
    }

    private mutating func expect(_ character: Character, after what: String) throws(PatternError) {
        guard next == character else { throw PatternError("there is no \(character) after \(what)") }
        index += 1
    }
}
