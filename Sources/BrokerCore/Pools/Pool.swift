import Identity

/// How many seats of a lab are kept ready in advance.
public struct PoolSpec: Hashable, Sendable {
    /// The lab of which it keeps seats: a lab has one pool.
    public var key: LabKey
    /// Seats that are always kept warm; 0 to `Limits.poolSeats`.
    public var minimum: Int
    /// While there is demand, the pool adds as many seats as were claimed within `Limits.poolMemory`, up to this
    /// maximum; not less than `minimum`.
    public var maximum: Int
    /// The maximum of this pool's warm seats on one host; at least 1.
    public var perHost: Int

    public init(key: LabKey, minimum: Int, maximum: Int, perHost: Int = Limits.poolSeats) {
        self.key = key
        self.minimum = minimum
        self.maximum = maximum
        self.perHost = perHost
    }
}

/// Identifies a warm seat. Numbers are never reused.
public struct WarmSeatID: Hashable, Sendable, Comparable, CustomStringConvertible {
    public var number: Int64

    public init(number: Int64) { self.number = number }

    private static let prefix = "warm-"

    /// The identifier in its container's name and labels, with epoch 0. Unlike this one, a session's identifier has no
    /// hyphen.
    public var run: SessionID { SessionID(rawValue: "\(Self.prefix)\(number)") }

    /// The warm seat that a container's labels identify; `nil` if they identify a session.
    public init?(run: SessionID) {
        guard run.rawValue.hasPrefix(Self.prefix), let number = Int64(run.rawValue.dropFirst(Self.prefix.count)) else {
            return nil
        }
        self.number = number
    }

    public var description: String { run.rawValue }
    public static func < (a: WarmSeatID, b: WarmSeatID) -> Bool { a.number < b.number }
}

/// A seat whose container is started before a learner asks for it. It belongs to no session until it is claimed; then
/// it is the session's, and no longer a warm seat.
public struct WarmSeat: Hashable, Sendable {
    public enum State: Hashable, Sendable {
        case starting(since: Timestamp)
        case ready(Endpoint, since: Timestamp)
    }

    public var id: WarmSeatID
    public var pool: LabKey
    /// The reservation for which it was started; `nil` for a pool's seat.
    public var reservation: ReservationID?
    /// The learner whose home it was started with; `nil` if the claiming learner's home is attached later, or none is
    /// needed.
    public var learner: String?
    public var host: String
    /// The lab's terms at the time (`Lab.containerTerms`); if they have changed since, the seat is outdated.
    public var terms: String
    public var state: State
    /// As `Session.charge`, which it becomes when the seat is claimed.
    public var charge: Int64

    public init(
        id: WarmSeatID, pool: LabKey, reservation: ReservationID? = nil, learner: String? = nil, host: String,
        terms: String, state: State, charge: Int64 = 0
    ) {
        self.id = id
        self.pool = pool
        self.reservation = reservation
        self.learner = learner
        self.host = host
        self.terms = terms
        self.state = state
        self.charge = charge
    }
}

/// Whether a learner's home can be attached to a running container on a host, by mount propagation.
public enum HomeAttachment: Hashable, Sendable {
    case possible
    /// It was possible, and the helper that attaches homes is being recreated: warm seats stay, and none is added
    /// meanwhile.
    case interrupted(reason: String)
    case impossible(reason: String)
}

extension Session {
    /// The identity in its container's name and labels: its own run, or the warm seat that it claimed.
    public var container: (name: SessionID, epoch: Int) { warm.map { ($0.run, 0) } ?? (id, epoch) }
}

extension Lab {
    /// A digest of the settings that a container of this lab is created from, which changes if any of them does
    /// (FNV-1a, 64 bits).
    public var containerTerms: String {
        var parts = [
            image, kind.rawValue, "\(memoryBytes)", "\(cpus)", "\(processLimit)", egress.rawValue, "\(port)", homePath,
            "\(userID):\(groupID)", files.rawValue, "\(sharedMemoryBytes)",
        ]
        parts += environment.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in parts.joined(separator: "\u{1F}").utf8 { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01b3 }
        return String(hash, radix: 16)
    }
}
