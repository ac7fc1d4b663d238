/// How long a server connection waits for its client. The limits of this room, unless the owner knows better.
public struct ServerTimeouts: Sendable, Hashable {
    /// From the first byte of a request's head to its last.
    public var head = TransportLimits.headTimeout
    /// A connection without a request.
    public var idle = TransportLimits.idleTimeout
    /// Between two pieces of a request's body.
    public var body = TransportLimits.bodyTimeout
    /// Until the client takes some of the bytes that wait for it.
    public var write = TransportLimits.writeTimeout
    /// For the rest of a request whose response is complete.
    public var discard = TransportLimits.discardTimeout

    public init() {}
}
