/// How the end of a message's body is found (RFC 9112, section 6).
public enum BodyFraming: Sendable, Hashable {
    /// No body, and no length announced. A sender keeps the `Content-Length` of a response to HEAD, or of a 304.
    case none
    /// Exactly this many bytes.
    case length(Int64)
    case chunked
    /// Until the connection ends; responses only. The connection cannot be reused.
    case untilClose
}
