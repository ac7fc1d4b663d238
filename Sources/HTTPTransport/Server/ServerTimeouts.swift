/// How long a server connection waits for its client. The defaults are this module's limits.
///
/// A value type whose storage is shared by all connections of a server: each holds one reference.
public struct ServerTimeouts: Sendable, Hashable {
    private struct Values: Sendable, Hashable {
        var head = TransportLimits.headTimeout
        var idle = TransportLimits.idleTimeout
        var body = TransportLimits.bodyTimeout
        var minimumBodyRate = TransportLimits.minimumBodyRate
        var write = TransportLimits.writeTimeout
        var discard = TransportLimits.discardTimeout
        var presence = TransportLimits.presenceInterval
    }

    private final class Shared: Sendable {
        let values: Values
        init(_ values: Values) { self.values = values }
    }

    private static let usual = Shared(Values())
    private var shared = Self.usual

    public init() {}

    /// From the first byte of a request's head to its last.
    public var head: Duration {
        get { shared.values.head }
        set { change { $0.head = newValue } }
    }
    /// How long a connection may be idle without a request.
    public var idle: Duration {
        get { shared.values.idle }
        set { change { $0.idle = newValue } }
    }
    /// How far a request's body may fall behind.
    public var body: Duration {
        get { shared.values.body }
        set { change { $0.body = newValue } }
    }
    /// Bytes per second: each piece of a body that arrives, or of a response that is accepted, extends the deadline
    /// only by the time that it takes at this rate. 0 disables the minimum: then each piece restores the whole of
    /// `body` or `write`.
    public var minimumBodyRate: Int {
        get { shared.values.minimumBodyRate }
        set { change { $0.minimumBodyRate = newValue } }
    }
    /// How far a client may fall behind in reading the bytes queued for it.
    public var write: Duration {
        get { shared.values.write }
        set { change { $0.write = newValue } }
    }
    /// How long the rest of a request may take after its response is complete.
    public var discard: Duration {
        get { shared.values.discard }
        set { change { $0.discard = newValue } }
    }

    /// The interval of checks that a client which has sent ahead, so that its socket is not read, is still connected.
    public var presence: Duration {
        get { shared.values.presence }
        set { change { $0.presence = newValue } }
    }

    private mutating func change(_ body: (inout Values) -> Void) {
        var values = shared.values
        body(&values)
        shared = Shared(values)
    }

    public static func == (a: Self, b: Self) -> Bool { a.shared === b.shared || a.shared.values == b.shared.values }

    public func hash(into hasher: inout Hasher) { hasher.combine(shared.values) }

    /// The time that `count` bytes take at the minimum rate; without a minimum, all of `most`.
    func earned(by count: Int, atMost most: Duration) -> Duration {
        guard minimumBodyRate > 0 else { return most }
        // Queues and pieces are far too small for this to overflow.
        return min(most, .nanoseconds(Int64(count) * 1_000_000_000 / Int64(minimumBodyRate)))
    }
}
