import Foundation
import Testing

@Suite("The words of the house") struct WordsTests {
    // MARK: Phrases

    /// What is not written here, in lower case, and what to write instead. A phrase begins at the beginning of a word.
    private static let phrases: [(text: String, instead: String)] = [
        // Words for words from another language.
        ("is looked at", "say what is done: checked, read, considered, due"),
        ("are looked at", "say what is done: checked, read, considered, due"),
        ("be looked at", "say what is done: checked, read, considered, due"),
        ("not looked at", "say what is not done: checked, read"),
        ("makes no sense", "say what is wrong: invalid, out of range, contradictory"),
        ("make no sense", "say what is wrong: invalid, out of range, contradictory"),
        ("told nothing", "say what was missing: reported no progress, did not answer"),
        ("one too many", "say over which limit it is"),
        ("at most so many", "say how many of what: at most this number of them"),
        ("nobody is before", "say who is first"),
        ("of a lab that there is not", "write: of an unknown lab"),
        ("see to it that", "write: make sure that"),
        // A path of the author's machine does not exist elsewhere.
        (House.rootPath, "use a path that every machine has, or make one in a temporary directory"),
        ("/root/", "use a path that every machine has, or make one in a temporary directory"),
        ("/users/", "use a path that every machine has, or make one in a temporary directory"),
        ("claude", "say what the software does, not who or what wrote it"),
        ("anthropic", "say what the software does, not who or what wrote it"),
        ("chatgpt", "say what the software does, not who or what wrote it"),
        ("copilot", "say what the software does, not who or what wrote it"),
        ("todo:", "do it, or write down what holds today"), ("fixme", "do it, or write down what holds today"),
    ]

    /// This list must name them.
    private static let ownPath = "Tests/HouseTests/WordsTests.swift"

    @Test("Nothing that is written here has one of the banned phrases")
    func banned() {
        for file in House.files where file.path != Self.ownPath {
            let lowered = file.text.lowercased()
            for phrase in Self.phrases where Self.has(lowered, phrase.text) {
                for (index, line) in file.lines.enumerated() where Self.begins(phrase.text, in: line.lowercased()) {
                    Issue.record("\(file.place(index)): \"\(phrase.text)\": \(phrase.instead)")
                }
            }
        }
    }

    /// Whether a text has another within; `contains` takes a hundred times as long for the whole tree.
    private static func has(_ text: String, _ part: String) -> Bool {
        text.withCString { strstr($0, part) != nil }
    }

    /// Whether a phrase is somewhere in a line, and not in the middle of a word or a path.
    private static func begins(_ phrase: String, in line: String) -> Bool {
        let pieces = line.components(separatedBy: phrase)
        return pieces.dropLast().contains { piece in
            piece.last.map { !$0.isLetter && !$0.isNumber && !"._-)}".contains($0) } ?? true
        }
    }

    @Test("A phrase is found at the beginning of a word, and a path only where it begins")
    func phraseBeginnings() {
        #expect(Self.begins("/root/", in: "it lies in /root/a"))
        #expect(Self.begins("/root/", in: "school/root/b and \"/root/b\""))
        #expect(!Self.begins("/root/", in: "school/root/b, ../root/c and \\(folder)/root/d"))
        #expect(Self.begins("one too many", in: "one too many of them"))
        #expect(!Self.begins("be looked at", in: "maybe looked at"))
    }

    // MARK: States

    private static let states = [
        "queued", "starting", "running", "ending", "parking", "parked", "ended", "failed",
    ]

    /// Where these words may stand as they are; everywhere else it is `SessionState.Name`, which the compiler checks.
    private static let homesOfStates = [
        // The words of the tables, which never change.
        "Sources/Store/Rows/SessionRow.swift", "Sources/Store/Rows/WarmRows.swift",
        // Other things with such a word: a helper's answer, seats of a pool, a container, participles, headings.
        "Sources/Broker/Homes/HomeSlots.swift", "Sources/Broker/Metrics/BrokerMetrics.swift",
        "Sources/DockerEngine/Answers/EngineObjects.swift", "Sources/carrel/Commands/Sessions/SessionStop.swift",
        "Sources/carrel/Control/HostText.swift",
        // They switch over the words of an answer, as every client of the API does.
        "Sources/Portal/Pages/SessionPanel.swift", "Sources/Portal/Web/LabAnswer.swift",
        "Sources/carrel/Commands/Sessions/TryCommand.swift", "Sources/LearnerClient/LearnerClient.swift",
    ]

    @Test("The words for a session's states are written out only where they are defined, and on a short list")
    func states() {
        for file in House.sources {
            let words = Self.states.filter { Self.has(file.text, "\"\($0)\"") }
            let lines = words.isEmpty ? [] : file.lines.enumerated().filter { Self.isCode($0.element, with: words) }
            let isHome = Self.homesOfStates.contains(file.path)
            if isHome, lines.isEmpty {
                Issue.record("\(file.path) writes out no state any more: take it off the list")
            }
            for line in lines where !isHome {
                Issue.record("\(file.place(line.offset)): use SessionState.Name instead of its word")
            }
        }
        for path in Self.homesOfStates where !House.sources.contains(where: { $0.path == path }) {
            Issue.record("\(path) does not exist: take it off the list")
        }
    }

    private static func isCode(_ line: String, with words: [String]) -> Bool {
        !line.drop { $0 == " " }.hasPrefix("//") && words.contains { line.contains("\"\($0)\"") }
    }
}
