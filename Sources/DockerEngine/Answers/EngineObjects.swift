/// An engine's description of itself (`SystemInfo`).
public struct EngineInfo: Hashable, Sendable {
    /// Stable across restarts of the engine. Cloned machines may share it.
    public var id: String
    public var name: String
    public var cpus: Int
    public var memoryBytes: Int64
    public var serverVersion: String
    /// The host's clock, in milliseconds since 1970.
    public var systemTime: Int64?
    /// Whether containers survive a restart of the engine; nil if the engine does not say.
    public var restoresLive: Bool?

    init(_ body: InfoBody) {
        id = body.ID
        name = body.Name
        cpus = body.NCPU
        memoryBytes = body.MemTotal
        serverVersion = body.ServerVersion
        systemTime = body.SystemTime.flatMap { EngineClock.milliseconds($0) }
        restoresLive = body.LiveRestoreEnabled
    }
}

/// The versions of an engine (`SystemVersion`).
public struct EngineVersion: Hashable, Sendable {
    /// The engine's own version, such as `20.10.24`.
    public var engine: String
    /// The newest and the oldest version of the Engine API that it supports.
    public var api: APIVersion
    public var oldestAPI: APIVersion
    /// The architecture of the host's processor, such as `amd64`; nil if the engine does not say.
    public var architecture: String?

    init?(_ body: VersionBody) {
        guard let api = APIVersion(body.ApiVersion), let oldest = APIVersion(body.MinAPIVersion ?? body.ApiVersion)
        else { return nil }
        engine = body.Version
        self.api = api
        oldestAPI = oldest
        architecture = body.Arch
    }
}

/// A version of the Engine API.
public struct APIVersion: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// The version that this module is written for; Docker Engine has supported it since 20.10.
    public static let ours = APIVersion(1, 41)

    public let major: Int
    public let minor: Int

    init(_ major: Int, _ minor: Int) {
        self.major = major
        self.minor = minor
    }

    /// `nil` unless `text` is two numbers separated by a dot.
    public init?(_ text: String) {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false).map { Int($0) }
        guard parts.count == 2, let major = parts[0], let minor = parts[1] else { return nil }
        self.init(major, minor)
    }

    public static func < (left: APIVersion, right: APIVersion) -> Bool {
        (left.major, left.minor) < (right.major, right.minor)
    }

    public var description: String { "\(major).\(minor)" }
}

/// A container in a list (`ContainerList`).
public struct ContainerSummary: Hashable, Sendable {
    public var id: String
    public var labels: [String: String]
    public var isRunning: Bool
    /// Whether it has run and ended.
    public var isOver: Bool
    /// The host's port on which the TCP port is published, while running.
    public var publishedPort: Int?

    init(_ body: ContainerListBody) {
        id = body.Id
        labels = body.Labels ?? [:]
        // A paused container still has its seat, its memory and its learner.
        isRunning = ["running", "paused"].contains(body.State)
        isOver = ["exited", "dead"].contains(body.State)
        publishedPort = body.Ports?.first { $0.Type == "tcp" && $0.PublicPort != nil }?.PublicPort
    }
}

/// One container in detail (`ContainerInspect`).
public struct ContainerDetails: Hashable, Sendable {
    public var id: String
    public var labels: [String: String]
    public var isRunning: Bool
    /// The exit code of the last run, once it has ended.
    public var exitCode: Int?
    /// Whether the kernel killed a process of it because it reached its memory limit.
    public var outOfMemory: Bool
    /// The host's port on which the TCP port is published, while running.
    public var publishedPort: Int?
    /// Its addresses by network name, while running.
    public var addresses: [String: String]

    init(_ body: ContainerBody) {
        id = body.Id
        labels = body.Config.Labels ?? [:]
        isRunning = body.State.Running
        exitCode = isRunning ? nil : body.State.ExitCode
        outOfMemory = body.State.OOMKilled
        let published = body.NetworkSettings?.Ports?.filter { $0.key.hasSuffix("/tcp") } ?? [:]
        addresses = (body.NetworkSettings?.Networks ?? [:]).compactMapValues(\.IPAddress).filter { !$0.value.isEmpty }
        publishedPort = published.values.compactMap { $0?.first.flatMap { Int($0.HostPort) } }.first
    }
}

/// An event of a container of ours (`SystemEvents`).
public struct EngineEvent: Hashable, Sendable {
    public enum Action: Hashable, Sendable {
        case start, die, destroy
        /// The kernel killed a process in it; `die` follows if that was the container's first process.
        case outOfMemory
        case other(String)
    }

    public var action: Action
    public var containerID: String
    /// The container's labels, and the attributes that the action adds (`exitCode`, `image`, `name`).
    public var attributes: [String: String]

    /// The exit code that a `die` carries.
    public var exitCode: Int? { attributes["exitCode"].flatMap { Int($0) } }

    init(_ body: EventBody) {
        containerID = body.Actor.ID
        attributes = body.Actor.Attributes ?? [:]
        action =
            switch body.Action {
            case "start": .start
            case "die": .die
            case "destroy": .destroy
            case "oom": .outOfMemory
            case let word: .other(word)
            }
    }
}
