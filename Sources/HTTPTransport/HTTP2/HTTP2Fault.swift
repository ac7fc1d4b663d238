/// Why a connection of HTTP/2 was ended for its client's fault.
public enum HTTP2Fault: Error, Hashable, Sendable {
    /// What came is no valid HTTP/2, and not within one stream only.
    case malformed
    /// More of something than `HTTP2Limits` bears.
    case flood
    /// Neither the preface and the SETTINGS nor the rest of a header block came in time.
    case headTimeout
    /// The client did not take what waited for it.
    case writeTimeout
}
