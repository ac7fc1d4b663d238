import HTTPTransport

/// Why an operation of the Engine API did not succeed. The message names the endpoint, the operation, and what the
/// engine said.
public struct EngineError: Error, Hashable, Sendable {
    public enum Code: Hashable, Sendable {
        /// No connection, or it broke before an answer.
        case unreachable
        /// No answer within the operation's limit.
        case timeout
        /// The image, container, network or volume does not exist (404).
        case notFound
        /// A name is taken, or the object is in a state that forbids it (409).
        case conflict
        /// Any other refusal, with the HTTP status.
        case refused(status: Int)
        /// What came is not what the Engine API promises.
        case protocolViolation
        /// The files of mutual TLS cannot be used.
        case identity
    }

    public var code: Code
    public var message: String

    public init(code: Code, message: String) {
        self.code = code
        self.message = message
    }

    /// The host as a whole does not answer, as opposed to an answer that says no.
    public var isHostUnreachable: Bool { code == .unreachable || code == .timeout || code == .identity }
}
