import EventLoop
import HTTPWire
import TLS

/// Why a request to an upstream got no complete answer. The message says what was asked of whom, and what happened.
public struct HTTPClientError: Error, Hashable, Sendable, CustomStringConvertible {
    public enum Kind: String, Hashable, Sendable {
        /// No connection came about: refused, unreachable, unknown host name, or too many open already.
        case connect
        /// A named limit of time passed.
        case timeout
        /// The TLS handshake failed, or the upstream's certificate was refused.
        case tls
        /// What came is not a valid answer, or larger than was allowed.
        case `protocol`
        /// The connection ended before the answer was complete, or the caller gave up.
        case closed
    }

    public let kind: Kind
    public let message: String
    /// Sending the same request once more cannot do it twice: it never left, or it is idempotent and a reused connection
    /// died before a byte of the answer (RFC 9110 section 9.2.2).
    public let isRetrySafe: Bool
    /// What the upstream answered where another answer was needed: to an upgrade that it refused.
    public let status: Int?

    public init(_ kind: Kind, _ message: String, isRetrySafe: Bool = false, status: Int? = nil) {
        self.kind = kind
        self.message = message
        self.isRetrySafe = isRetrySafe
        self.status = status
    }

    /// For a channel that closed before it opened.
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
