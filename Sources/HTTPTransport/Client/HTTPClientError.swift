import EventLoop
import HTTPWire
import TLS

/// Why a request to an upstream got no complete response. The message names the request, the upstream and the cause.
public struct HTTPClientError: Error, Hashable, Sendable, CustomStringConvertible {
    public enum Kind: String, Hashable, Sendable {
        /// No connection was established: refused, unreachable, unknown host name, or too many already open.
        case connect
        /// A named timeout expired.
        case timeout
        /// The TLS handshake failed, or the upstream's certificate was rejected.
        case tls
        /// The response is invalid, or larger than allowed.
        case `protocol`
        /// The connection ended before the response was complete, or the caller gave up.
        case closed
    }

    public let kind: Kind
    public let message: String
    /// Whether a retry cannot execute the request twice: it was never sent, or it is idempotent and a reused connection
    /// died before the first byte of the response (RFC 9110 section 9.2.2).
    public let isRetrySafe: Bool
    /// The status of a response other than the required one, as when an upstream rejects an upgrade.
    public let status: Int?

    public init(_ kind: Kind, _ message: String, isRetrySafe: Bool = false, status: Int? = nil) {
        self.kind = kind
        self.message = message
        self.isRetrySafe = isRetrySafe
        self.status = status
    }

    /// The error of a channel that closed before it opened.
    init(connectingTo address: UpstreamAddress, _ error: ChannelError) {
        let kind: Kind =
            switch error.code {
            case .stream, .truncated: .connect
            case .handshakeTimeout: .timeout
            case .tls, .untrustedPeer, .plaintext: .tls
            }
        self.init(kind, "cannot connect to \(address): \(error.message)", isRetrySafe: true)
    }

    init(connectingTo address: UpstreamAddress, _ error: StreamError) {
        let kind: Kind = error.code == StreamError.timedOut ? .timeout : .connect
        self.init(kind, error.message, isRetrySafe: true)
    }

    public var description: String { message }
}
