/// How long a server connection waits for its client. The limits of this room, unless the owner knows better.
public struct ServerTimeouts: Sendable, Hashable {
    /// From the first byte of a request's head to its last.
    public var head = TransportLimits.headTimeout
    /// A connection without a request.
    public var idle = TransportLimits.idleTimeout
    /// How far a request's body may be behind.
    public var body = TransportLimits.bodyTimeout
    /// Bytes per second: each piece of a body that comes, or of a response that is taken, gives only as much time as it
    /// would have taken at this rate. 0 for none: then each piece gives the whole of `body` or `write`.
    public var minimumBodyRate = TransportLimits.minimumBodyRate
    /// How far a client may be behind with taking the bytes that wait for it.
    public var write = TransportLimits.writeTimeout
    /// For the rest of a request whose response is complete.
    public var discard = TransportLimits.discardTimeout

    public init() {}

    /// The time that so many bytes take at the least rate that is borne; without one all there is to be had.
    func earned(by count: Int, atMost most: Duration) -> Duration {
        guard minimumBodyRate > 0 else { return most }
        // Queues and pieces are far from where this would overflow.
        return min(most, .nanoseconds(Int64(count) * 1_000_000_000 / Int64(minimumBodyRate)))
    }
}
