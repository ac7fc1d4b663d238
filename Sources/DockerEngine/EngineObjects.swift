/// What the engine says of itself (`SystemInfo`).
public struct EngineInfo: Hashable, Sendable, Decodable {
    /// Stable over the engine's restarts; two configured hosts with one id are one host.
    public var id: String
    public var name: String
    public var cpus: Int
    public var memoryBytes: Int64
    public var serverVersion: String

    enum CodingKeys: String, CodingKey {
        case id = "ID"
        case name = "Name"
        case cpus = "NCPU"
        case memoryBytes = "MemTotal"
        case serverVersion = "ServerVersion"
    }
}

/// A container in a list (`ContainerList`).
public struct ContainerSummary: Hashable, Sendable {
    public var id: String
    public var labels: [String: String]
    public var isRunning: Bool
    /// The host's port of the published TCP port, while running.
    public var publishedPort: Int?
}

extension ContainerSummary: Decodable {
    private enum CodingKeys: String, CodingKey { case Id, Labels, State, Ports }

    private struct Port: Decodable {
        var PublicPort: Int?
        var `Type`: String
    }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        id = try container.decode(String.self, forKey: .Id)
        labels = try container.decodeIfPresent([String: String].self, forKey: .Labels) ?? [:]
        // A paused container still has its seat, its memory and its learner.
        isRunning = ["running", "paused"].contains(try container.decode(String.self, forKey: .State))
        let ports = try container.decodeIfPresent([Port].self, forKey: .Ports) ?? []
        publishedPort = ports.first { $0.Type == "tcp" && $0.PublicPort != nil }?.PublicPort
    }
}

/// One container in detail (`ContainerInspect`).
public struct ContainerDetails: Hashable, Sendable {
    public var id: String
    public var labels: [String: String]
    public var isRunning: Bool
    /// Of the last run, once it ended.
    public var exitCode: Int?
    /// The kernel killed it because it reached its memory limit.
    public var outOfMemory: Bool
    public var publishedPort: Int?
}

extension ContainerDetails: Decodable {
    private enum CodingKeys: String, CodingKey { case Id, State, Config, NetworkSettings }

    private struct StateBody: Decodable {
        var Running: Bool
        var ExitCode: Int
        var OOMKilled: Bool
    }

    private struct ConfigBody: Decodable {
        var Labels: [String: String]?
    }

    private struct NetworkBody: Decodable {
        struct Binding: Decodable {
            var HostPort: String
        }
        var Ports: [String: [Binding]?]?
    }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        id = try container.decode(String.self, forKey: .Id)
        labels = try container.decode(ConfigBody.self, forKey: .Config).Labels ?? [:]
        let state = try container.decode(StateBody.self, forKey: .State)
        isRunning = state.Running
        exitCode = state.Running ? nil : state.ExitCode
        outOfMemory = state.OOMKilled
        let ports = try container.decodeIfPresent(NetworkBody.self, forKey: .NetworkSettings)?.Ports ?? [:]
        publishedPort = ports.values.lazy.compactMap { $0?.first }.compactMap { Int($0.HostPort) }.first
    }
}

/// Something that happened to a container of ours (`SystemEvents`).
public struct EngineEvent: Hashable, Sendable {
    public enum Action: Hashable, Sendable {
        case start, die, destroy
        /// The kernel killed a process in it; `die` follows if it was the first one.
        case outOfMemory
        case other(String)
    }

    public var action: Action
    public var containerID: String
    /// The container's labels, and what the action adds (`exitCode`, `image`, `name`).
    public var attributes: [String: String]
}

extension EngineEvent: Decodable {
    private enum CodingKeys: String, CodingKey { case Action, Actor }

    private struct ActorBody: Decodable {
        var ID: String
        var Attributes: [String: String]?
    }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        let actor = try container.decode(ActorBody.self, forKey: .Actor)
        containerID = actor.ID
        attributes = actor.Attributes ?? [:]
        action =
            switch try container.decode(String.self, forKey: .Action) {
            case "start": .start
            case "die": .die
            case "destroy": .destroy
            case "oom": .outOfMemory
            case let word: .other(word)
            }
    }
}
