import HTTPTransport

/// Why an operation of the Engine API failed. The message contains the endpoint, the operation, and the engine's
/// message.
public struct EngineError: Error, Hashable, Sendable {
    public enum Code: Hashable, Sendable {
        /// No connection, or it broke before a response.
        case unreachable
        /// No response within the operation's limit.
        case timeout
        /// The image, container, network or volume does not exist (404).
        case notFound
        /// A name is taken, or the object is in a state that forbids it (409).
        case conflict
        /// Any other error response, with the HTTP status.
        case refused(status: Int)
        /// The response does not conform to the Engine API.
        case protocolViolation
        /// The files for mutual TLS cannot be used.
        case identity
    }

    public var code: Code
    public var message: String

    public init(code: Code, message: String) {
        self.code = code
        self.message = message
    }

    /// Whether the host as a whole does not answer, as opposed to an error response.
    public var isHostUnreachable: Bool { code == .unreachable || code == .timeout || code == .identity }
}
