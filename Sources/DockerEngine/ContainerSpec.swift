/// What a lab's container is made of. Everything dangerous is left out: no added capabilities, no privileged mode, no
/// restart by the engine.
public struct ContainerSpec: Hashable, Sendable {
    public enum Mount: Hashable, Sendable {
        /// A named volume of this host.
        case volume(name: String, destination: String)
        /// A directory that exists on the host.
        case bind(source: String, destination: String)
    }

    public var image: String
    /// nil: the image's own.
    public var command: [String]?
    public var environment: [String: String]
    public var labels: [String: String]
    /// `uid:gid`.
    public var user: String
    public var hostname: String
    /// The TCP port inside the container, published on a port that the engine chooses.
    public var port: Int
    /// The host's address on which it is published.
    public var publishAddress: String
    public var memoryBytes: Int64
    public var cpus: Double
    public var processLimit: Int
    public var mounts: [Mount]
    public var network: String

    public init(
        image: String, command: [String]? = nil, environment: [String: String], labels: [String: String], user: String,
        hostname: String, port: Int, publishAddress: String, memoryBytes: Int64, cpus: Double, processLimit: Int,
        mounts: [Mount], network: String
    ) {
        self.image = image
        self.command = command
        self.environment = environment
        self.labels = labels
        self.user = user
        self.hostname = hostname
        self.port = port
        self.publishAddress = publishAddress
        self.memoryBytes = memoryBytes
        self.cpus = cpus
        self.processLimit = processLimit
        self.mounts = mounts
        self.network = network
    }
}

/// The body of `ContainerCreate` (Engine API 1.41), as far as we use it.
struct ContainerCreateBody: Encodable {
    struct Empty: Encodable {}

    struct PortBinding: Encodable {
        var HostIp: String
        /// Empty: the engine chooses.
        var HostPort = ""
    }

    struct MountBody: Encodable {
        var `Type`: String
        var Source: String
        var Target: String
    }

    struct LogConfigBody: Encodable {
        var `Type` = "json-file"
        var Config = ["max-size": EngineLimits.containerLogSize, "max-file": EngineLimits.containerLogFiles]
    }

    struct HostConfigBody: Encodable {
        var Memory: Int64
        /// Equal to `Memory`: no swap.
        var MemorySwap: Int64
        var NanoCpus: Int64
        var PidsLimit: Int
        var CapDrop = ["ALL"]
        var SecurityOpt = ["no-new-privileges"]
        var Init = true
        var PortBindings: [String: [PortBinding]]
        var Mounts: [MountBody]
        var NetworkMode: String
        var LogConfig = LogConfigBody()
    }

    var Image: String
    var Cmd: [String]?
    var Env: [String]
    var Labels: [String: String]
    var User: String
    var Hostname: String
    var ExposedPorts: [String: Empty]
    var HostConfig: HostConfigBody

    init(_ spec: ContainerSpec) {
        Image = spec.image
        Cmd = spec.command
        Env = spec.environment.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
        Labels = spec.labels
        User = spec.user
        Hostname = spec.hostname
        ExposedPorts = ["\(spec.port)/tcp": Empty()]
        HostConfig = HostConfigBody(
            Memory: spec.memoryBytes, MemorySwap: spec.memoryBytes, NanoCpus: Int64(spec.cpus * 1_000_000_000),
            PidsLimit: spec.processLimit,
            PortBindings: ["\(spec.port)/tcp": [PortBinding(HostIp: spec.publishAddress)]],
            Mounts: spec.mounts.map { mount in
                switch mount {
                case .volume(let name, let destination): MountBody(Type: "volume", Source: name, Target: destination)
                case .bind(let source, let destination): MountBody(Type: "bind", Source: source, Target: destination)
                }
            },
            NetworkMode: spec.network)
    }
}
