/// What a lab's container is made of. What is dangerous is left out and cannot be asked for: all capabilities are dropped,
/// no new privileges, no privileged mode, no host namespaces, no restart by the engine; an init process reaps.
public struct ContainerSpec: Hashable, Sendable {
    public enum Mount: Hashable, Sendable {
        /// A named volume of this host.
        case volume(name: String, destination: String)
        /// A directory that exists on the host.
        case bind(source: String, destination: String)
        /// The same; what is mounted there later shows in the container, and nothing that it mounts shows outside.
        case slot(source: String, destination: String)
        /// A volume of this container alone, with the container's labels, which goes when it is removed. For what an image
        /// declares as `VOLUME`: the engine would make one that nobody knows again.
        case scratch(destination: String)

        public var destination: String {
            switch self {
            case .volume(_, let destination), .bind(_, let destination), .slot(_, let destination),
                .scratch(let destination):
                destination
            }
        }
    }

    /// What stands in the container's `/etc/resolv.conf`, and whom the engine's own resolver asks (resolv.conf(5)).
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
    /// The limit of memory, swap included: there is none beyond it.
    public var memoryBytes: Int64
    /// Of `/dev/shm`. What is written there counts in `memoryBytes`.
    public var sharedMemoryBytes: Int64
    /// Processor time per time; 0.5 is half a processor.
    public var cpus: Double
    public var processLimit: Int
    public var mounts: [Mount]
    public var network: String
    /// nil: the host's.
    public var resolver: Resolver?
    /// Between SIGTERM and SIGKILL where whoever stops it says nothing else (an engine that shuts down); whole seconds.
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
