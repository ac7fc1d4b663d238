import BrokerCore

/// A browser that may enter a session: the SHA-256 of its cookie's token. The token itself is stored nowhere.
public struct AccessGrant: Hashable, Sendable {
    public var session: SessionID
    /// 32 bytes.
    public var tokenDigest: [UInt8]
    public var createdAt: Timestamp

    public init(session: SessionID, tokenDigest: [UInt8], createdAt: Timestamp) {
        self.session = session
        self.tokenDigest = tokenDigest
        self.createdAt = createdAt
    }
}

/// What a broker needs to go on after a restart.
public struct StoredState: Hashable, Sendable {
    /// Random, made with the file; labels everything of ours on the hosts.
    public var instanceID: String
    /// Live sessions only, oldest first.
    public var sessions: [Session]
    public var duties: [String: HostDuty]
    /// Added or changed by operators.
    public var hosts: StoredHosts
    public var homes: [HomeLocation]
    /// Those that are not over, oldest first.
    public var reservations: [Reservation]
    /// On these.
    public var claims: [Claim]
    /// Warm seats that nobody has claimed, and the last number that any had.
    public var warm: [WarmSeat]
    public var lastWarmNumber: Int64
    /// Pools as operators have set them.
    public var pools: [PoolSpec]
    /// What was learned of labs' use, by lab.
    public var profiles: [String: UsageProfile]
    /// Of the live sessions, oldest first.
    public var grants: [AccessGrant]
}

/// Which sessions to list; every condition that is given must hold.
public struct SessionQuery: Hashable, Sendable {
    /// A state's word as in `StoryEntry.state`.
    public var state: String?
    /// The session's host; of an ended session, the host of its last run.
    public var host: String?
    public var learner: String?
    public var lab: String?
    /// The course from which its learner came.
    public var course: String?
    /// Only sessions that are neither ended nor failed.
    public var isLive = false
    /// 1 to `StoreLimits.listLength`; other values are brought into that range.
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

/// What an identifier, or the beginning of one, stands for.
public enum SessionMatch: Hashable, Sendable {
    case none
    case one(Session)
    /// The beginning fits more than one session.
    case several
}
