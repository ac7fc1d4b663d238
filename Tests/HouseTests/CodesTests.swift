import Testing

/// The core answers with codes and their arguments; `Words` has the sentences.
@Suite("Codes, not sentences") struct CodesTests {
    private static let core = "Sources/BrokerCore/"

    /// Files whose texts are not for those who use Carrel, and why. One without such a text must leave the list.
    private static let exceptions: [String: String] = [
        "Sources/BrokerCore/ActivityRule.swift": "each rule of a kind of lab has its sentence beside its predicate"
    ]

    /// What an engine's error means for a start, with what an operator does about it.
    private static let engineErrors = "Sources/Broker/Hosts/HostDriver+Runs.swift"

    /// What an invariant found is for the tests that assert it.
    private static func isInvariant(_ path: String) -> Bool {
        path.split(separator: "/").last?.hasPrefix("Invariants") == true
    }

    @Test("The core has no sentence and no command, apart from invariants and the files on a short list")
    func core() {
        let files = House.sources.filter { $0.path.hasPrefix(Self.core) && !Self.isInvariant($0.path) }
        #expect(files.count > 60, "the core was not found")
        var used: Set<String> = []
        for file in files {
            for (index, line) in file.lines.enumerated() {
                guard let text = StringLiterals.texts(in: line).first(where: Self.isSentence) else { continue }
                used.insert(file.path)
                guard Self.exceptions[file.path] == nil else { continue }
                Issue.record("\(file.place(index)): a code instead of \"\(text)\", and its words in Sources/Words")
            }
        }
        for path in Self.exceptions.keys.sorted() where !used.contains(path) {
            Issue.record("\(path) has no sentence any more: take it off the list")
        }
    }

    @Test("The driver refuses with codes, too, and names no command")
    func driver() {
        for file in House.sources where file.path.hasPrefix("Sources/Broker/") && file.path != Self.engineErrors {
            for (index, line) in file.lines.enumerated() where line.contains("`carrel ") {
                guard StringLiterals.texts(in: line).contains(where: { $0.contains("`carrel ") }) else { continue }
                Issue.record("\(file.place(index)): a code instead of a command, and its words in Sources/Words")
            }
        }
    }

    /// Three words in a row are a sentence or a part of one, and so is the syntax of a command.
    private static func isSentence(_ text: String) -> Bool {
        let words = text.split(separator: " ", omittingEmptySubsequences: false)
        let isRow = words.indices.dropLast(2).contains { first in
            let row = words[first..<first + 3]
            // Of two arguments and a unit it is a format.
            return row.allSatisfy(isWord) && row.count { $0.contains(where: \.isLetter) } > 1
        }
        return isRow || text.contains("carrel ")
    }

    /// Letters, perhaps with a punctuation mark behind them, or an interpolation, which stands for a word.
    private static func isWord(_ word: Substring) -> Bool {
        let core = word.drop { "\"'(`".contains($0) }.prefix { !".,:;!?)'\"`".contains($0) }
        return !core.isEmpty && core.allSatisfy { $0.isLetter || $0 == "-" || $0 == StringLiterals.argument }
    }

    // MARK: The rule itself

    @Test("A sentence, a part of one and a command are found; a word, a key, a comment and a format are not")
    func rule() {
        func isFound(_ line: String) -> Bool { StringLiterals.texts(in: line).contains(where: Self.isSentence) }
        #expect(isFound(#"return "The host \(name) is lost.""#))
        #expect(isFound(#"let why = "\(host) is lost""#))
        #expect(isFound(#"return "run \(names.joined(separator: ", ")) first""#))
        #expect(isFound(#"+ "and so empty; ""#))
        #expect(isFound(#"hint = "carrel check""#))
        #expect(isFound(#""Its learner's files stay.""#))
        for line in [
            #"case leftQueue = "left-queue""#, "/// \"The host is lost.\"", #"let a = 1  // "The host is lost.""#,
            #"storedLab = "the lab ""#, #""\(year)-\(two(month)) \(two(minute)):\(two(second)) UTC""#,
            #"preconditionFailure("the queue has no such line")"#, #"precondition(a > b, "a is smaller than b")"#,
        ] {
            #expect(!isFound(line), "\(line)")
        }
    }
}
