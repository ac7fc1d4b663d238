import Text

/// Why this process cannot take over from another one, in words for the operator. They may quote text from outside, and are
/// escaped for a terminal.
public struct TakeoverFailure: Error, Hashable, Sendable, CustomStringConvertible {
    public var description: String

    init(_ description: String) { self.description = VisibleText.escapedLines(description) }
}
