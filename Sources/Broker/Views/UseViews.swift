import BrokerCore

/// What the labs on a host ask, use and can be expected to need.
public struct HostUseView: Hashable, Sendable, Codable {
    /// For how much new seats count: what is asked, or what was measured of their lab.
    public var policy: DensityPolicy
    /// What they may use at the most.
    public var askedBytes: Int64
    /// What they were measured to use; none before the first reading.
    public var usedBytes: Int64?
    /// What they can be expected to need, by the profiles of their labs; what they ask, where there is none yet.
    public var safeBytes: Int64
    /// Of all of them; none before the second reading.
    public var cpus: Double?
    /// They use so much that no new seats are given there.
    public var isStrained: Bool

    /// - Parameter use: none of a host that has just gone.
    init(_ use: HostUse?) {
        policy = use?.policy ?? .guaranteed
        askedBytes = use?.askedBytes ?? 0
        usedBytes = use?.usedBytes
        safeBytes = use?.safeBytes ?? 0
        cpus = use?.cpuMillis.map(Self.cpus)
        isStrained = use?.isStrained ?? false
    }

    static func cpus(_ millis: Int64) -> Double { Double(millis) / 1000 }
}

/// What a lab's sessions were measured to use.
public struct LabProfileView: Hashable, Sendable, Codable {
    /// Sessions that were observed to their end.
    public var sessions: Int
    /// From how many on the profile counts.
    public var sessionsNeeded: Int
    /// Memory within which half of them stayed, and 95 % of them; none without any.
    public var memoryP50Bytes: Int64?
    public var memoryP95Bytes: Int64?
    /// The same of their average use of CPUs.
    public var cpuP50: Double?
    public var cpuP95: Double?
    /// What a seat counts for on a host with the policy `profiled`.
    public var chargeBytes: Int64

    init(_ use: LabUse) {
        sessions = use.sessions
        sessionsNeeded = use.sessionsNeeded
        memoryP50Bytes = use.memoryP50
        memoryP95Bytes = use.memoryP95
        cpuP50 = use.cpuMillisP50.map(HostUseView.cpus)
        cpuP95 = use.cpuMillisP95.map(HostUseView.cpus)
        chargeBytes = use.chargeBytes
    }
}

/// What a session's container was measured to use.
public struct SessionUseView: Hashable, Sendable, Codable {
    public var memoryBytes: Int64
    public var peakMemoryBytes: Int64
    /// Between the last two readings; none before the second.
    public var cpus: Double?

    init(_ use: SeatUse) {
        memoryBytes = use.memoryBytes
        peakMemoryBytes = use.peakMemoryBytes
        cpus = use.cpuMillis.map(HostUseView.cpus)
    }
}
