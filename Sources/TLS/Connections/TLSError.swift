import COpenSSL

/// An error of this module. The message names the operation and its object, and includes OpenSSL's own reason text.
public struct TLSError: Error, Hashable, Sendable, CustomStringConvertible {
    public enum Code: Hashable, Sendable {
        /// A file could not be read or written, or holds no usable PEM.
        case file
        /// A certificate and its key do not match, or a list of them is empty.
        case certificate
        /// The peer's certificate was rejected: unknown issuer, wrong name, expired.
        case untrustedPeer
        /// The peer violated the protocol or rejected us, or there is no common version, cipher or ALPN protocol.
        case handshake
        /// The peer's bytes ended without `close_notify`, so the received data may be truncated.
        case truncated
        /// A record after the handshake was invalid, or the peer sent a fatal alert.
        case record
        /// OpenSSL failed for an internal reason (memory, configuration, entropy).
        case library
    }

    public let code: Code
    public let message: String

    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    public var description: String { message }
}

/// OpenSSL keeps one error queue per thread; it is cleared before a call, so that the errors read afterwards belong to
/// it.
enum ErrorQueue {
    /// The queue is nearly always empty, and peeking costs far less than clearing.
    static func clear() { if ERR_peek_error() != 0 { ERR_clear_error() } }

    /// The reason in a packed error code (`ERR_GET_REASON`, valid for all but system errors).
    static func reason(of code: UInt) -> Int32 { Int32(code & 0x7f_ffff) }

    /// Empties this thread's queue and returns its reasons, the deepest first.
    static func takeReasons() -> String {
        var reasons: [String] = []
        while true {
            let code = ERR_get_error()
            guard code != 0 else { break }
            guard reasons.count < 4 else { continue }
            let reason = ERR_reason_error_string(code).map { String(cString: $0) } ?? "error \(code)"
            if reasons.last != reason { reasons.append(reason) }
        }
        return reasons.isEmpty ? "no reason given" : reasons.joined(separator: ": ")
    }

    static func failure(_ code: TLSError.Code, _ what: String) -> TLSError {
        TLSError(code, "\(what): \(takeReasons())")
    }
}
