import BrokerCore

/// A host as operators see it.
public struct HostView: Hashable, Sendable, Codable {
    public var name: String
    public var endpoint: String
    public var state: HostState
    /// Why it is `unreachable`, or what it waits for.
    public var reason: String?
    /// Sessions with a seat here.
    public var sessions: Int
    /// Of these, on their way to ready.
    public var starting: Int
    /// How many may be so at the same time, as the host bears it.
    public var startsAllowed: Int
    /// Seats taken: of sessions, and of old containers that are still being removed.
    public var seats: Int
    public var slots: Int
    public var memoryUsedBytes: Int64
    /// Memory × overcommit.
    public var memoryLimitBytes: Int64
    /// What the labs of these seats ask, use and can be expected to need.
    public var use: HostUseView
    /// The greater of the shares of slots and memory taken; above 1 after one was lowered below its use.
    public var density: Double
    public var drainDeadline: Timestamp?
    /// Warm seats here that nobody has claimed; nil: none.
    public var warm: Int?
    /// Whether homes can be attached to labs that run already: `attached`, or why not; nil while nothing wants it.
    public var homes: String?
    /// Whether labs are kept apart here as promised: `proved`, or what was found instead; nil until that was tried.
    public var network: String?
    /// Labs go on while the engine is restarted; nil: the engine does not say.
    public var restoresLive: Bool?
    /// What its kernel lets all labs have together; nil until that was found out.
    public var kernel: KernelLimits?

    /// From the configuration file, or added at runtime.
    public var origin: HostOrigin
    /// `host set` changed something of it.
    public var isAdjusted: Bool
    /// What labs can ask for.
    public var labels: [String: String]
    /// What tells its engine from others: the identifier of our network there. No two hosts have the same.
    public var engineId: String?
    /// The host's clock minus the broker's.
    public var clockSkewMilliseconds: Int64?
    /// Running labs of other Carrels on it, and their memory as far as their labels say.
    public var otherContainers: Int
    public var otherMemoryBytes: Int64

    public static let homesAttached = "attached"

    public static let networkProved = "proved"

    static func words(_ isolation: HostIsolation) -> String? {
        switch isolation {
        case .proved: networkProved
        case .untried: nil
        case .unproved(let reason): reason
        }
    }

    static func words(_ attachment: HomeAttachment?) -> String? {
        switch attachment {
        case .possible: homesAttached
        case .impossible(let reason), .interrupted(let reason): reason
        case nil: nil
        }
    }
}

/// A host, and who is there.
public struct HostDetailsView: Hashable, Sendable, Codable {
    public var host: HostView
    /// Those with a seat here, oldest first.
    public var sessions: [SessionView]
    /// Every host sees the same homes: who loses this one goes on elsewhere.
    public var sharesHomes: Bool
    /// Parked sessions whose files are here and nowhere else: nobody to hurt, but they come back here only.
    public var parked: [SessionID]
    /// Of the labs that it could serve.
    public var images: [HostLabImageView]
}

/// A lab's image on a host, seen from the host.
public struct HostLabImageView: Hashable, Sendable, Codable {
    public var lab: String
    public var image: String
    public var found: LabImageView
}

/// What became of those who were on a host when it was declared lost.
public struct HostLossView: Hashable, Sendable, Codable {
    public var host: HostView
    /// They get a new seat, at the hostname that they had.
    public var moved: [SessionID]
    public var ended: [SessionID]
}

/// Several hosts that are drained one after the other.
public struct RollingDrainView: Hashable, Sendable, Codable {
    public struct Member: Hashable, Sendable, Codable {
        public var host: String
        /// `waiting` for its turn, `begun` until it is uncordoned, `done`.
        public var phase: RollingDrain.Phase
    }

    /// In the order of their turns.
    public var hosts: [Member]
    public var maxUnavailable: Int
    /// From the beginning of each host's drain.
    public var deadlineSeconds: Int

    init(_ drain: RollingDrain) {
        hosts = drain.members.map { Member(host: $0.host, phase: $0.phase) }
        maxUnavailable = drain.maximumUnavailable
        deadlineSeconds = Int(drain.span.components.seconds)
    }
}
