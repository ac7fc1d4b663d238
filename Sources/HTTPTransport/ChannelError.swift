import EventLoop
import TLS

/// Why a channel closed without having been asked to. The message says what was being done, to whom, and why it failed.
public struct ChannelError: Error, Hashable, Sendable, CustomStringConvertible {
    public enum Code: Hashable, Sendable {
        /// The stream beneath failed: reset, broken, unreachable.
        case stream
        /// The TLS handshake did not end within its limit.
        case handshakeTimeout
        /// The TLS handshake failed, or a record was invalid.
        case tls
        /// The client spoke HTTP where TLS was due, and was told so.
        case plaintext
        /// The certificate of the peer was refused.
        case untrustedPeer
        /// The peer's bytes ended without the `close_notify` that TLS demands: they may have been cut.
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
