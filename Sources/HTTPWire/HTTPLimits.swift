/// The sizes up to which HTTP/1.1 messages are read. What is larger is refused, never cut.
public struct HTTPLimits: Sendable, Hashable {
    /// Bytes of the request line or status line, without its line end. Over it: 414.
    public var startLineBytes = 16 * 1024
    /// Bytes of the whole header block, line ends included. Over it: 431.
    public var headerBlockBytes = 64 * 1024
    /// Number of a request's header fields. Over it: 431.
    public var fieldCount = 128
    /// Number of a response's header fields. Over it: the response is refused.
    public var responseFieldCount = 1_000
    /// Bytes of cookies that are read over where a request's header block is too large because of them: more than all that a
    /// browser keeps for one domain, which is 180 of 4 KiB. Over it: 431.
    public var surplusCookieBytes = 1 << 20
    /// Bytes of a request's method. Over it: 501.
    public var methodBytes = 32
    /// Bytes of all chunk extensions of one message; they are skipped, and their sum is capped. Over it: 400.
    public var chunkExtensionBytes = 16 * 1024
    /// Bytes of the trailer section of one message; it is checked and forgotten. Over it: 431.
    public var trailerBytes = 16 * 1024
    /// Empty lines that are passed over before a request line (RFC 9112, section 2.2). Over it: 400.
    public var leadingEmptyLines = 1
    /// Informational responses (1xx) passed over before one final response. Over it: the response is refused.
    public var informationalResponses = 16

    public init() {}
}
