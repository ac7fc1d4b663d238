/// Why an HTTP/2 connection was ended through the client's fault.
public enum HTTP2Fault: Error, Hashable, Sendable {
    /// A connection error: the input is not valid HTTP/2, and the error is not confined to one stream.
    case malformed
    /// The client exceeded a limit of `HTTP2Limits`.
    case flood
    /// The preface and the SETTINGS, or the rest of a header block, did not arrive in time.
    case headTimeout
    /// The client did not read the bytes queued for it.
    case writeTimeout
}
