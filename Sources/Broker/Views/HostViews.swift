import BrokerCore
import Identity

/// A host as operators see it.
public struct HostView: Hashable, Sendable, Codable {
    public var name: String
    public var endpoint: String
    public var state: HostState
    /// Why it is `unreachable`, or what it waits for.
    public var reason: String?
    /// Sessions with a seat here.
    public var sessions: Int
    /// How many of these sessions are starting.
    public var starting: Int
    /// How many sessions may be starting at the same time, as measured on the host.
    public var startsAllowed: Int
    /// Seats taken by sessions, warm seats, and old containers that are still being removed.
    public var seats: Int
    public var slots: Int
    public var memoryUsedBytes: Int64
    /// Memory × overcommit.
    public var memoryLimitBytes: Int64
    /// What the labs of these seats request, use and are expected to need.
    public var use: HostUseView
    /// The greater of the shares of slots and memory taken; above 1 if a limit was lowered below its current use.
    public var density: Double
    public var drainDeadline: Timestamp?
    /// Unclaimed warm seats on this host; nil if there are none.
    public var warm: Int?
    /// Whether homes can be attached to running labs: `attached`, or why not; nil while no lab needs it.
    public var homes: String?
    /// Whether the host keeps the network promises made to labs: `proved`, or what was found instead; nil until it has
    /// been tried.
    public var network: String?
    /// Whether labs survive a restart of the engine; nil if the engine does not say.
    public var restoresLive: Bool?
    /// The kernel limits that all its labs share; nil until they are known.
    public var kernel: KernelLimits?

    /// Whether it is from the configuration file or was added at runtime.
    public var origin: HostOrigin
    /// Whether `host set` changed any of its settings.
    public var isAdjusted: Bool
    /// Labels that labs can require.
    public var labels: [String: String]
    /// The engine's identity: the identifier of our network there. No two hosts have the same.
    public var engineId: String?
    /// The host's clock minus the broker's.
    public var clockSkewMilliseconds: Int64?
    /// Running labs of other Carrel instances on it, and their memory as declared by their labels.
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

/// A host and its sessions.
public struct HostDetailsView: Hashable, Sendable, Codable {
    public var host: HostView
    /// Sessions with a seat here, oldest first.
    public var sessions: [SessionView]
    /// Whether every host sees the same homes: a session that loses this host then continues elsewhere.
    public var sharesHomes: Bool
    /// Parked sessions whose files are only here: they are not disturbed now, but can resume only on this host.
    public var parked: [SessionID]
    /// The images of the labs that it could serve.
    public var images: [HostLabImageView]
}

/// A lab's image on a host, from the host's side.
public struct HostLabImageView: Hashable, Sendable, Codable {
    public var portal: PortalID
    public var lab: String
    public var image: String
    public var found: LabImageView
}

/// What happened to the sessions of a host that was declared lost.
public struct HostLossView: Hashable, Sendable, Codable {
    public var host: HostView
    /// They get a new seat and keep their hostname.
    public var moved: [SessionID]
    public var ended: [SessionID]
}

/// A rolling drain of several hosts.
public struct RollingDrainView: Hashable, Sendable, Codable {
    public struct Member: Hashable, Sendable, Codable {
        public var host: String
        /// `waiting` for its turn, `begun` until it is uncordoned, `done`.
        public var phase: RollingDrain.Phase
    }

    /// In the order of their turns.
    public var hosts: [Member]
    public var maxUnavailable: Int
    /// From the start of each host's drain, in seconds.
    public var deadlineSeconds: Int

    init(_ drain: RollingDrain) {
        hosts = drain.members.map { Member(host: $0.host, phase: $0.phase) }
        maxUnavailable = drain.maximumUnavailable
        deadlineSeconds = Int(drain.span.components.seconds)
    }
}
