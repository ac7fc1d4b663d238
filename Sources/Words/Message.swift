import BrokerCore

/// Something that can be put into learners' words: a code and its arguments. `Words` makes text of it.
///
/// Codes are lower case words, joined by hyphens within a part and by dots between parts: `session.ended.idle`.
public struct Message: Hashable, Sendable {
    public var code: String
    public var arguments: [String: Argument]

    public enum Argument: Hashable, Sendable {
        /// Carrel's own identifier or word: a state, a position, `yes`, `no`. Selects in patterns.
        case word(String)
        /// Text from outside: a learner's name, a note. Isolated where it is shown.
        case name(String)
        /// Text from outside that leads to an address, if it has one.
        case link(text: String, target: String?)
        case number(Int64)
        case span(Duration)
        case moment(Timestamp)
    }

    public init(_ code: String, _ arguments: [String: Argument] = [:]) {
        self.code = code
        self.arguments = arguments
    }
}

extension Message.Argument {
    public static func flag(_ isSet: Bool) -> Self { .word(isSet ? "yes" : "no") }
}
