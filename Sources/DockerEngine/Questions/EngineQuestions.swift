// swift-format-ignore-file: AlwaysUseLowerCamelCase

// The request bodies that we send, with member names as in the Engine API 1.41, as far as we use them.

/// The body of `ContainerCreate`.
struct ContainerCreateBody: Encodable {
    struct Empty: Encodable {}

    struct PortBinding: Encodable {
        var HostIp: String
        /// Empty, so that the engine chooses the port.
        var HostPort = ""
    }

    struct MountBody: Encodable {
        struct BindOptionsBody: Encodable {
            var Propagation = "rslave"
        }

        struct VolumeOptionsBody: Encodable {
            var Labels: [String: String]
        }

        var `Type`: String
        /// nil for a new anonymous volume.
        var Source: String?
        var Target: String
        var BindOptions: BindOptionsBody?
        var VolumeOptions: VolumeOptionsBody?
    }

    /// Disables health checks, whatever the image declares: they would run in every container for ever, at the engine's
    /// cost.
    struct HealthcheckBody: Encodable {
        var Test = ["NONE"]
    }

    struct LogConfigBody: Encodable {
        var `Type` = "json-file"
        var Config = ["max-size": EngineLimits.containerLogSize, "max-file": EngineLimits.containerLogFiles]
    }

    struct RestartPolicyBody: Encodable {
        var Name = "no"
    }

    struct UlimitBody: Encodable {
        var Name: String
        var Soft: Int64
        var Hard: Int64
    }

    struct HostConfigBody: Encodable {
        var Memory: Int64
        /// Equal to `Memory`, which disables swap.
        var MemorySwap: Int64
        var NanoCpus: Int64
        var PidsLimit: Int
        var ShmSize: Int64
        /// A core dump would fill a learner's home with the memory of a crashed program.
        var Ulimits = [UlimitBody(Name: "core", Soft: 0, Hard: 0)]
        var CapDrop = ["ALL"]
        var SecurityOpt = ["no-new-privileges"]
        var Init = true
        var Dns: [String]?
        var DnsSearch: [String]?
        var DnsOptions: [String]?
        var PortBindings: [String: [PortBinding]]
        var Mounts: [MountBody]
        var NetworkMode: String
        var LogConfig = LogConfigBody()
        var RestartPolicy = RestartPolicyBody()
    }

    /// The label of every volume of `ContainerSpec.Mount.scratch`.
    static let scratchLabel = "carrel.scratch"

    var Image: String
    var Cmd: [String]?
    var Env: [String]
    var Labels: [String: String]
    var User: String
    var Hostname: String
    var ExposedPorts: [String: Empty]
    var StopTimeout: Int64
    var Healthcheck = HealthcheckBody()
    var HostConfig: HostConfigBody

    init(_ spec: ContainerSpec) {
        Image = spec.image
        Cmd = spec.command
        Env = spec.environment.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
        Labels = spec.labels
        User = spec.user
        Hostname = spec.hostname
        ExposedPorts = ["\(spec.port)/tcp": Empty()]
        StopTimeout = spec.stopTimeout.components.seconds
        HostConfig = HostConfigBody(
            Memory: spec.memoryBytes, MemorySwap: spec.memoryBytes, NanoCpus: Int64(spec.cpus * 1_000_000_000),
            PidsLimit: spec.processLimit, ShmSize: spec.sharedMemoryBytes,
            Dns: spec.resolver?.servers, DnsSearch: spec.resolver?.search, DnsOptions: spec.resolver?.options,
            PortBindings: ["\(spec.port)/tcp": [PortBinding(HostIp: spec.publishAddress)]],
            Mounts: spec.mounts.map { mount in
                switch mount {
                case .volume(let name, let destination): MountBody(Type: "volume", Source: name, Target: destination)
                case .bind(let source, let destination): MountBody(Type: "bind", Source: source, Target: destination)
                case .slot(let source, let destination):
                    MountBody(Type: "bind", Source: source, Target: destination, BindOptions: .init())
                case .scratch(let destination):
                    MountBody(
                        Type: "volume", Target: destination,
                        VolumeOptions: .init(Labels: spec.labels.merging([Self.scratchLabel: "true"]) { $1 }))
                }
            },
            NetworkMode: spec.network)
    }
}

/// The body of `NetworkCreate`.
struct NetworkCreateBody: Encodable {
    var Name: String
    var CheckDuplicate = true
    var Driver = "bridge"
    var EnableIPv6 = false
    var Labels: [String: String]
    var Options: [String: String]

    init(_ spec: NetworkSpec) {
        Name = spec.name
        Labels = spec.labels
        Options = [
            EngineNetwork.Option.neighbours: "false",
            "com.docker.network.bridge.enable_ip_masquerade": spec.masquerade ? "true" : "false",
        ]
        Options[EngineNetwork.Option.bridge] = spec.bridge
    }
}

/// The body of `VolumeCreate`.
struct VolumeCreateBody: Encodable {
    var Name: String
    var Labels: [String: String]
    /// Options of the `local` driver: what to mount, as for mount(8); nil for a directory that the engine manages.
    var DriverOpts: [String: String]?
}
