/// A host's settings from the configuration, as far as placement needs them.
public struct HostSpec: Hashable, Sendable {
    /// The operator's name for the host: lower-case letters, digits and hyphens, 1–63 characters.
    public var name: String
    /// The maximum number of seats at the same time; 1–1,000 (one Linux bridge takes 1,023 containers).
    public var slots: Int
    /// Memory for labs, in bytes.
    public var memoryBytes: Int64
    /// The seats' memory may add up to `memoryBytes * overcommit`; 0.1–10.
    public var overcommit: Double
    /// How many containers may be starting at the same time; engines degrade under parallel starts.
    public var maximumStarts: Int
    /// Labels that the operator gives the host and that labs can require (`Lab.requires`).
    public var labels: [String: String]
    /// How its seats are charged; `nil` for the configuration's default.
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

/// The state that the operator wants the host to be in. Persistent.
public enum HostDuty: Hashable, Sendable {
    case active
    /// No new seats; live sessions continue.
    case cordoned
    /// No new seats; live sessions end by themselves or at the deadline.
    case draining(deadline: Timestamp)
    /// Empty, and stays so until uncordoned.
    case drained
    /// The operator does not expect it back, and nothing waits for it. Holds until uncordoned, even if the host answers
    /// again.
    case lost
}

/// Whether the host's engine answers. Not persistent: after a restart every link is `connecting`.
public enum HostLink: Hashable, Sendable {
    case connecting
    case reachable
    /// It stopped answering recently: nothing new is placed there, and nothing is given up yet.
    case silent(since: Timestamp, reason: String)
    case unreachable(since: Timestamp, reason: String)
    /// It answers, but its engine is the one of another host.
    case duplicate(of: String)
}

/// The host state that operators read.
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
