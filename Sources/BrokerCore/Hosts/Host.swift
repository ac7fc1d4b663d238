/// What the configuration says of a host, as far as placement must know it.
public struct HostSpec: Hashable, Sendable {
    /// The operator's name for the host: lower-case letters, digits and hyphens, 1–63 characters.
    public var name: String
    /// The greatest number of seats at the same time; 1–1,000 (one Linux bridge takes 1,023 containers).
    public var slots: Int
    /// Memory for labs, in bytes.
    public var memoryBytes: Int64
    /// Seats' memory may add up to `memoryBytes * overcommit`; 0.1–10.
    public var overcommit: Double
    /// How many containers may be on their way to ready at the same time; engines degrade under parallel starts.
    public var maximumStarts: Int
    /// What operators say of it, for labs to ask for (`Lab.requires`).
    public var labels: [String: String]
    /// For how much its seats count; `nil`: as the configuration says for all hosts.
    public var policy: DensityPolicy?

    public init(
        name: String, slots: Int, memoryBytes: Int64, overcommit: Double, maximumStarts: Int,
        labels: [String: String] = [:], policy: DensityPolicy? = nil
    ) {
        self.name = name
        self.slots = slots
        self.memoryBytes = memoryBytes
        self.overcommit = overcommit
        self.maximumStarts = maximumStarts
        self.labels = labels
        self.policy = policy
    }
}

/// What the operator wants of a host. Persistent.
public enum HostDuty: Hashable, Sendable {
    case active
    /// No new seats; live sessions go on.
    case cordoned
    /// No new seats; live sessions end by themselves or at the deadline.
    case draining(deadline: Timestamp)
    /// Empty, and stays so until uncordoned.
    case drained
    /// The operator does not expect it back: nothing waits for it. Until uncordoned, also when it answers again.
    case lost
}

/// Whether the host's engine answers. Not persistent: after a restart every link is `connecting`.
public enum HostLink: Hashable, Sendable {
    case connecting
    case reachable
    /// It does not answer, since a moment ago: nothing new goes there, and nothing is given up yet.
    case silent(since: Timestamp, reason: String)
    case unreachable(since: Timestamp, reason: String)
    /// It answers, but its engine is that of another host.
    case duplicate(of: String)
}

/// The word that operators read for a host.
public enum HostState: String, Sendable, Codable, CaseIterable {
    case active, cordoned, draining, drained, unreachable, lost, inactive
}

public struct Host: Hashable, Sendable {
    public var spec: HostSpec
    public var duty: HostDuty
    public var link: HostLink

    public init(spec: HostSpec, duty: HostDuty = .active, link: HostLink = .connecting) {
        self.spec = spec
        self.duty = duty
        self.link = link
    }
}
