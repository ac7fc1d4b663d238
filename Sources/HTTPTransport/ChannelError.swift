import EventLoop
import TLS

/// Why a channel closed without being asked to. The message names the operation, the peer and the cause.
public struct ChannelError: Error, Hashable, Sendable, CustomStringConvertible {
    public enum Code: Hashable, Sendable {
        /// The underlying stream failed: reset, broken, unreachable.
        case stream
        /// The TLS handshake did not finish within its timeout.
        case handshakeTimeout
        /// The TLS handshake failed, or a record was invalid.
        case tls
        /// The client spoke plain HTTP on a TLS port, and was told so.
        case plaintext
        /// The peer's certificate was rejected.
        case untrustedPeer
        /// The peer's bytes ended without the `close_notify` that TLS requires: they may be truncated.
        case truncated
    }

    public let code: Code
    public let message: String

    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    init(_ error: StreamError) { self.init(.stream, error.message) }

    init(_ error: TLSError) {
        switch error.code {
        case .untrustedPeer: self.init(.untrustedPeer, error.message)
        case .truncated: self.init(.truncated, error.message)
        case .file, .certificate, .handshake, .record, .library: self.init(.tls, error.message)
        }
    }

    public var description: String { message }
}
