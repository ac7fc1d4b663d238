/// The specification of a lab's container. Dangerous options do not exist here and so cannot be requested: all
/// capabilities are dropped; no new privileges, no privileged mode, no host namespaces, no restart by the engine; an
/// init process reaps.
public struct ContainerSpec: Hashable, Sendable {
    public enum Mount: Hashable, Sendable {
        /// A named volume of this host.
        case volume(name: String, destination: String)
        /// A directory that exists on the host.
        case bind(source: String, destination: String)
        /// Like `bind`, but mounts made there later appear in the container, while the container's own mounts do not
        /// propagate out.
        case slot(source: String, destination: String)
        /// A volume of this container alone, with the container's labels, which is deleted with it. For what an image
        /// declares as `VOLUME`, for which the engine would create an anonymous volume that cannot be attributed to us.
        case scratch(destination: String)

        public var destination: String {
            switch self {
            case .volume(_, let destination), .bind(_, let destination), .slot(_, let destination),
                .scratch(let destination):
                destination
            }
        }
    }

    /// The contents of the container's `/etc/resolv.conf`, and the servers that the engine's own resolver queries
    /// (resolv.conf(5)).
    public struct Resolver: Hashable, Sendable {
        public var servers: [String]
        public var search: [String]
        public var options: [String]

        public init(servers: [String], search: [String], options: [String]) {
            self.servers = servers
            self.search = search
            self.options = options
        }
    }

    public var image: String
    /// nil for the image's own command.
    public var command: [String]?
    public var environment: [String: String]
    public var labels: [String: String]
    /// `uid:gid`.
    public var user: String
    public var hostname: String
    /// The TCP port inside the container, published on a port that the engine chooses.
    public var port: Int
    /// The host's address on which the port is published.
    public var publishAddress: String
    /// The memory limit in bytes; swap is not available.
    public var memoryBytes: Int64
    /// The size of `/dev/shm`, in bytes. Its contents count towards `memoryBytes`.
    public var sharedMemoryBytes: Int64
    /// CPU share in CPUs; 0.5 is half a CPU.
    public var cpus: Double
    public var processLimit: Int
    public var mounts: [Mount]
    public var network: String
    /// nil for the host's resolver.
    public var resolver: Resolver?
    /// The time between SIGTERM and SIGKILL if the stop request does not say (as when an engine shuts down); whole
    /// seconds.
    public var stopTimeout: Duration

    public init(
        image: String, command: [String]? = nil, environment: [String: String], labels: [String: String], user: String,
        hostname: String, port: Int, publishAddress: String, memoryBytes: Int64,
        sharedMemoryBytes: Int64 = EngineLimits.sharedMemory, cpus: Double, processLimit: Int, mounts: [Mount],
        network: String, resolver: Resolver? = nil, stopTimeout: Duration = EngineLimits.containerStopTimeout
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
        self.sharedMemoryBytes = sharedMemoryBytes
        self.cpus = cpus
        self.processLimit = processLimit
        self.mounts = mounts
        self.network = network
        self.resolver = resolver
        self.stopTimeout = stopTimeout
    }
}
