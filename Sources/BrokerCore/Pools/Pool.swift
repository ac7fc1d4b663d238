/// Names a pool: one for each lab of a portal.
public struct PoolKey: Hashable, Sendable, Comparable, CustomStringConvertible {
    public var portal: String
    public var lab: String

    public init(portal: String, lab: String) {
        self.portal = portal
        self.lab = lab
    }

    public var description: String { "\(portal)/\(lab)" }
    public static func < (a: PoolKey, b: PoolKey) -> Bool { (a.portal, a.lab) < (b.portal, b.lab) }
}

/// How many seats of a lab wait ready before anybody asks.
public struct PoolSpec: Hashable, Sendable {
    public var key: PoolKey
    /// Seats that are kept warm at any time; 0 to `Limits.poolSeats`.
    public var minimum: Int
    /// While people come, as many more as they took lately (`Limits.poolMemory`), up to this; not less than `minimum`.
    public var maximum: Int
    /// Warm seats of this pool on one host, at most; from 1.
    public var perHost: Int

    public init(key: PoolKey, minimum: Int, maximum: Int, perHost: Int = Limits.poolSeats) {
        self.key = key
        self.minimum = minimum
        self.maximum = maximum
        self.perHost = perHost
    }
}

/// Names a warm seat. Each number is used once.
public struct WarmSeatID: Hashable, Sendable, Comparable, CustomStringConvertible {
    public var number: Int64

    public init(number: Int64) { self.number = number }

    private static let prefix = "warm-"

    /// How the name and the labels of its container say it, with epoch 0; a session's identifier has no hyphen.
    public var run: SessionID { SessionID(rawValue: "\(Self.prefix)\(number)") }

    /// The warm seat of which a container's labels speak; `nil` if they speak of a session.
    public init?(run: SessionID) {
        guard run.rawValue.hasPrefix(Self.prefix), let number = Int64(run.rawValue.dropFirst(Self.prefix.count)) else {
            return nil
        }
        self.number = number
    }

    public var description: String { run.rawValue }
    public static func < (a: WarmSeatID, b: WarmSeatID) -> Bool { a.number < b.number }
}

/// A seat whose container is started, or on its way, before anybody asks for it. It is nobody's session until it is
/// claimed; then it is a session's, and no warm seat any more.
public struct WarmSeat: Hashable, Sendable {
    public enum State: Hashable, Sendable {
        case starting(since: Timestamp)
        case ready(Endpoint, since: Timestamp)
    }

    public var id: WarmSeatID
    public var pool: PoolKey
    /// The reservation for which it was made; `nil` for one of its pool.
    public var reservation: ReservationID?
    /// Whose home it was started with; `nil` when whoever claims it gets their own, or none is needed.
    public var learner: String?
    public var host: String
    /// Of the lab as it was then (`Lab.containerTerms`): another one makes this seat old.
    public var terms: String
    public var state: State
    /// As in `Session.charge`, which it becomes.
    public var charge: Int64

    public init(
        id: WarmSeatID, pool: PoolKey, reservation: ReservationID? = nil, learner: String? = nil, host: String,
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

/// Whether the home of a learner can be attached to a container that runs already on a host: by mount propagation.
public enum HomeAttachment: Hashable, Sendable {
    case possible
    /// It was, and what attaches them is being made again: warm seats stay, and none is added meanwhile.
    case interrupted(reason: String)
    case impossible(reason: String)
}

extension Session {
    /// What the name and the labels of its container say: its own run, or the warm seat that it claimed.
    public var container: (name: SessionID, epoch: Int) { warm.map { ($0.run, 0) } ?? (id, epoch) }
}

extension Lab {
    /// What a container of this lab is made of, as a short text that is different when any of it is (FNV-1a, 64 bits).
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
