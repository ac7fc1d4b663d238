import BrokerCore
import Identity

/// A browser that may enter a session: the SHA-256 of its cookie's token. The token itself is never stored.
public struct AccessGrant: Hashable, Sendable {
    public var session: SessionID
    /// 32 bytes.
    public var tokenDigest: [UInt8]
    public var createdAt: Timestamp
    /// The visit of the session's owner that gave it, `Visit.id`; `nil` in the files of versions before sign-outs.
    public var visit: String?

    public init(session: SessionID, tokenDigest: [UInt8], createdAt: Timestamp, visit: String? = nil) {
        self.session = session
        self.tokenDigest = tokenDigest
        self.createdAt = createdAt
        self.visit = visit
    }
}

/// The state from which a broker continues after a restart.
public struct StoredState: Hashable, Sendable {
    /// Random, generated with the file; part of the label of all our objects on the hosts.
    public var instanceID: String
    /// Live sessions only, oldest first.
    public var sessions: [Session]
    public var duties: [String: HostDuty]
    /// Hosts that operators added or changed.
    public var hosts: StoredHosts
    public var homes: [HomeLocation]
    /// Unfinished reservations, oldest first.
    public var reservations: [Reservation]
    /// Claims on these reservations.
    public var claims: [Claim]
    /// Unclaimed warm seats, and the highest number that any warm seat has had.
    public var warm: [WarmSeat]
    public var lastWarmNumber: Int64
    /// Pools as set by operators.
    public var pools: [PoolSpec]
    public var profiles: [LabKey: UsageProfile]
    /// Grants of the live sessions, oldest first.
    public var grants: [AccessGrant]
    public var revocations: Revocations
}

/// Selects the sessions to list; all given conditions must hold.
public struct SessionQuery: Hashable, Sendable {
    /// A state's name as in `StoryEntry.state`.
    public var state: String?
    /// The session's host; for an ended session, the host of its last run.
    public var host: String?
    public var learner: String?
    /// A lab's name, in whichever portal.
    public var lab: String?
    /// The course from which its learner came.
    public var course: String?
    /// Only sessions that are neither ended nor failed.
    public var isLive = false
    /// 1 to `StoreLimits.listLength`; other values are clamped.
    public var limit: Int

    public init(
        state: String? = nil, host: String? = nil, learner: String? = nil, lab: String? = nil, limit: Int = 100
    ) {
        self.state = state
        self.host = host
        self.learner = learner
        self.lab = lab
        self.limit = limit
    }
}

/// The result of looking up an identifier or its prefix.
public enum SessionMatch: Hashable, Sendable {
    case none
    case one(Session)
    /// The prefix matches more than one session.
    case several
}
