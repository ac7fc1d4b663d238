import BrokerCore

/// What the labs on a host request, use and are expected to need.
public struct HostUseView: Hashable, Sendable, Codable {
    /// How new seats are charged: what their lab requests, or by measured use.
    public var policy: DensityPolicy
    /// The maximum that they may use together.
    public var askedBytes: Int64
    /// Their measured use; nil before the first reading.
    public var usedBytes: Int64?
    /// Their expected need by the profiles of their labs; what they request if there is no profile yet.
    public var safeBytes: Int64
    /// CPU use of all of them; nil before the second reading.
    public var cpus: Double?
    /// Whether they use so much that no new seats are placed there.
    public var isStrained: Bool

    /// - Parameter use: nil for a host that has just gone.
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

/// The measured use of a lab's sessions.
public struct LabProfileView: Hashable, Sendable, Codable {
    /// Sessions that were observed until their end.
    public var sessions: Int
    /// The number of sessions from which the profile takes effect.
    public var sessionsNeeded: Int
    /// The memory within which 50 % and 95 % of them stayed; nil without any.
    public var memoryP50Bytes: Int64?
    public var memoryP95Bytes: Int64?
    /// The same for their average CPU use.
    public var cpuP50: Double?
    public var cpuP95: Double?
    /// What a seat is charged on a host with the policy `profiled`.
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

/// The measured use of a session's container.
public struct SessionUseView: Hashable, Sendable, Codable {
    public var memoryBytes: Int64
    public var peakMemoryBytes: Int64
    /// CPU use between the last two readings; nil before the second.
    public var cpus: Double?

    init(_ use: SeatUse) {
        memoryBytes = use.memoryBytes
        peakMemoryBytes = use.peakMemoryBytes
        cpus = use.cpuMillis.map(HostUseView.cpus)
    }
}
