/// For how much memory a seat counts on a host.
public enum DensityPolicy: String, Hashable, Sendable, Codable, CaseIterable {
    /// For what its lab asks, so that all labs can use all of theirs at the same time.
    case guaranteed
    /// For what sessions of its lab were measured to use, once enough of them were.
    case profiled
}

/// How the memory of hosts is shared out, as the operator sets it.
public struct Density: Hashable, Sendable {
    /// Of hosts for which nothing else was set.
    public var policy: DensityPolicy
    /// Under `profiled`, a seat counts for this share of the 95th percentile of its lab's profile, in percent; 100–400.
    public var marginPercent: Int
    /// It never counts for less, unless it asks for less; in bytes.
    public var floorBytes: Int64
    /// From how many observed sessions a lab's profile counts.
    public var sessions: Int
    /// Under `profiled`, a host whose labs use more than this share of its memory takes no new seats; in percent.
    public var closeAbovePercent: Int
    /// Until they use no more than this share; in percent, less than `closeAbovePercent`.
    public var openBelowPercent: Int

    public init(
        policy: DensityPolicy = .guaranteed, marginPercent: Int = 125, floorBytes: Int64 = 128 << 20,
        sessions: Int = 30,
        closeAbovePercent: Int = 85, openBelowPercent: Int = 75
    ) {
        self.policy = policy
        self.marginPercent = marginPercent
        self.floorBytes = floorBytes
        self.sessions = sessions
        self.closeAbovePercent = closeAbovePercent
        self.openBelowPercent = openBelowPercent
    }

    /// What a seat counts for under `profiled`, in bytes.
    func charge(asked: Int64, by profile: UsageProfile?) -> Int64 {
        guard let profile, profile.sessions >= sessions, let use = profile.memoryBytes(percent: Limits.profilePercent)
        else { return asked }
        return min(asked, max(floorBytes, use * Int64(marginPercent) / 100))
    }
}
