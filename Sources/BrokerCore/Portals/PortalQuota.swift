import Identity

/// How much of the hosts a portal may use at the same time; `nil` for no limit of its own.
public struct PortalQuota: Hashable, Sendable {
    /// Sessions that are not over, waiting and parked ones included. A further launch is refused.
    public var sessions: Int?
    /// Sessions with a seat. A further session waits until one of the portal's own leaves.
    public var seats: Int?
    /// What the seats of its sessions are charged of their hosts' memory, in bytes. As for `seats`.
    public var memoryBytes: Int64?

    public init(sessions: Int? = nil, seats: Int? = nil, memoryBytes: Int64? = nil) {
        self.sessions = sessions
        self.seats = seats
        self.memoryBytes = memoryBytes
    }
}

/// A portal as the core knows it.
public struct PortalSpec: Hashable, Sendable {
    public var id: PortalID
    public var quota: PortalQuota

    public init(id: PortalID, quota: PortalQuota = PortalQuota()) {
        self.id = id
        self.quota = quota
    }
}

/// What a portal's sessions use of its quota.
public struct PortalUse: Hashable, Sendable {
    public var sessions = 0
    public var seats = 0
    public var memoryBytes: Int64 = 0

    public init() {}
}
