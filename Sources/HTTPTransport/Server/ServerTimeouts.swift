/// How long a server connection waits for its client. The limits of this room, unless the owner knows better.
///
/// A value like any other, that all connections of a server share: each holds a reference and nothing more.
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
    /// A connection without a request.
    public var idle: Duration {
        get { shared.values.idle }
        set { change { $0.idle = newValue } }
    }
    /// How far a request's body may be behind.
    public var body: Duration {
        get { shared.values.body }
        set { change { $0.body = newValue } }
    }
    /// Bytes per second: each piece of a body that comes, or of a response that is taken, gives only as much time as it
    /// would have taken at this rate. 0 for none: then each piece gives the whole of `body` or `write`.
    public var minimumBodyRate: Int {
        get { shared.values.minimumBodyRate }
        set { change { $0.minimumBodyRate = newValue } }
    }
    /// How far a client may be behind with taking the bytes that wait for it.
    public var write: Duration {
        get { shared.values.write }
        set { change { $0.write = newValue } }
    }
    /// For the rest of a request whose response is complete.
    public var discard: Duration {
        get { shared.values.discard }
        set { change { $0.discard = newValue } }
    }

    /// How often it is looked whether a client is still there that is so far ahead that its socket is not read.
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

    /// The time that so many bytes take at the least rate that is borne; without one all there is to be had.
    func earned(by count: Int, atMost most: Duration) -> Duration {
        guard minimumBodyRate > 0 else { return most }
        // Queues and pieces are far from where this would overflow.
        return min(most, .nanoseconds(Int64(count) * 1_000_000_000 / Int64(minimumBodyRate)))
    }
}
