/// The size limits for HTTP/1.1 messages. A message over a limit is rejected, never truncated.
public struct HTTPLimits: Sendable, Hashable {
    /// Bytes of the request line or status line, without its line end. Over it: 414.
    public var startLineBytes = 16 * 1024
    /// Bytes of the whole header block, line ends included. Over it: 431.
    public var headerBlockBytes = 64 * 1024
    /// Number of a request's header fields. Over it: 431.
    public var fieldCount = 128
    /// Number of a response's header fields. Over it: the response is rejected.
    public var responseFieldCount = 1_000
    /// Bytes of cookies to skip where they make a request's header block too large: more than a browser keeps for one
    /// domain, which is 180 cookies of 4 KiB. Over it: 431.
    public var surplusCookieBytes = 1 << 20
    /// Bytes of a request's method. Over it: 501.
    public var methodBytes = 32
    /// Total bytes of chunk extensions in one message; they are skipped. Over it: 400.
    public var chunkExtensionBytes = 16 * 1024
    /// Bytes of the trailer section of one message; it is validated and discarded. Over it: 431.
    public var trailerBytes = 16 * 1024
    /// Empty lines that are skipped before a request line (RFC 9112, section 2.2). Over it: 400.
    public var leadingEmptyLines = 1
    /// Informational responses (1xx) that are skipped before one final response. Over it: the response is rejected.
    public var informationalResponses = 16

    public init() {}
}
