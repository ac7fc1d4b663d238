/// How much memory a seat is charged on a host.
public enum DensityPolicy: String, Hashable, Sendable, Codable, CaseIterable {
    /// What its lab requests, so that all labs can use their full memory at the same time.
    case guaranteed
    /// What sessions of its lab were measured to use, once enough sessions have been observed.
    case profiled
}

/// How the memory of hosts is shared out; set by the operator.
public struct Density: Hashable, Sendable {
    /// The policy of hosts that set none themselves.
    public var policy: DensityPolicy
    /// Under `profiled`, a seat is charged this percentage of the 95th percentile of its lab's profile; 100–400.
    public var marginPercent: Int
    /// The minimum charge in bytes, unless the lab requests less.
    public var floorBytes: Int64
    /// The number of observed sessions from which a lab's profile takes effect.
    public var sessions: Int
    /// Under `profiled`, a host whose labs use more than this percentage of its memory takes no new seats.
    public var closeAbovePercent: Int
    /// A strained host takes seats again at or below this percentage, which is less than `closeAbovePercent`.
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

    /// What a seat is charged under `profiled`, in bytes.
    func charge(asked: Int64, by profile: UsageProfile?) -> Int64 {
        guard let profile, profile.sessions >= sessions, let use = profile.memoryBytes(percent: Limits.profilePercent)
        else { return asked }
        return min(asked, max(floorBytes, use * Int64(marginPercent) / 100))
    }
}
