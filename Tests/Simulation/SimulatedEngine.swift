import BrokerCore

/// One run of a container, as its name encodes it.
struct RunName: Hashable, Comparable {
    var session: SessionID
    var epoch: Int

    init(session: SessionID, epoch: Int) {
        self.session = session
        self.epoch = epoch
    }

    /// The container of a session's run.
    init(_ session: Session) { self.init(session: session.container.name, epoch: session.container.epoch) }

    static func < (a: RunName, b: RunName) -> Bool { (a.session, a.epoch) < (b.session, b.epoch) }
}

/// A Docker Engine that holds only our containers.
struct SimulatedEngine {
    enum Condition: Equatable {
        case created
        case running(Endpoint)
        case exited(code: Int, outOfMemory: Bool)
    }

    struct Container {
        var run: RunName
        var id: String
        var condition: Condition
        /// The memory that it uses while it runs, in bytes.
        var use: Int64 = 0
        /// When it was last started.
        var startedAt = Timestamp(milliseconds: 0)
        /// Created by this broker process, and the host has responded ever since: the broker should account for it.
        var isAccountedFor = true
    }

    let host: String
    var isUp = true
    /// The generation of the broker process that last ran the isolation try-out here.
    var triedIn: Int?
    /// The factor by which all operations are slower than usual.
    var slowness = 1
    /// Whether creating anything fails.
    var isDiskFull = false
    /// Whether the network isolation that labs are promised holds here.
    var keepsLabsApart = true
    /// By name, which is that of the run.
    var containers: [RunName: Container] = [:]
    var images: Set<String>
    /// Whether homes can be attached to running containers here.
    let attaches: Bool
    /// The owner of the home that each container shows.
    var homes: [RunName: String] = [:]
    /// Runs that were created, and those that were started again after they were gone, by a late call of an earlier
    /// broker.
    private var made: Set<RunName> = []
    private(set) var cameBack: Set<RunName> = []
    private var serial = 0
    private var nextPort = 32_768

    init(host: String, images: Set<String>, attaches: Bool) {
        self.host = host
        self.attaches = attaches
        self.images = images
    }

    /// - Parameters:
    ///   - home: the owner of the home that it shows; `nil` for none.
    ///   - use: the memory that it uses while it runs, in bytes.
    mutating func create(_ run: RunName, home: String?, use: Int64) {
        serial += 1
        if !made.insert(run).inserted { cameBack.insert(run) }
        homes[run] = home
        containers[run] = Container(run: run, id: "\(host)-\(serial)", condition: .created, use: use)
    }

    mutating func start(_ run: RunName, at wall: Timestamp) -> Endpoint {
        nextPort += 1
        if case .exited = containers[run]?.condition { cameBack.insert(run) }
        containers[run]?.startedAt = wall
        let endpoint = Endpoint(address: host, port: nextPort)
        containers[run]?.condition = .running(endpoint)
        return endpoint
    }

    /// The broker, or the connection to this host, was down: its containers are known only from the next listing on.
    mutating func loseAccount() {
        for run in containers.keys { containers[run]?.isAccountedFor = false }
    }

    mutating func remove(containerID: String) {
        containers = containers.filter { $0.value.id != containerID }
    }

    /// The machine loses power and is rebooted: containers still exist, but are stopped.
    mutating func losePower() {
        for run in containers.keys {
            if case .running = containers[run]?.condition {
                containers[run]?.condition = .exited(code: 137, outOfMemory: false)
            }
        }
    }

    func isRunning(_ run: RunName) -> Bool {
        if case .running = containers[run]?.condition { return true }
        return false
    }

    /// One round of usage samples; a running container uses half a CPU.
    func samples(at wall: Timestamp) -> [UsageSample] {
        containers.keys.filter { isRunning($0) }.sorted().map { run in
            let age = max(0, (wall - containers[run]!.startedAt).wholeMilliseconds)
            return UsageSample(
                session: run.session, epoch: run.epoch, at: wall, memoryBytes: containers[run]!.use,
                cpuNanoseconds: UInt64(age) * 500_000)
        }
    }

    var listing: [ObservedContainer] {
        containers.values.sorted { $0.id < $1.id }.map { container in
            switch container.condition {
            case .created:
                ObservedContainer(
                    session: container.run.session, epoch: container.run.epoch, containerID: container.id,
                    isRunning: false)
            case .running(let endpoint):
                ObservedContainer(
                    session: container.run.session, epoch: container.run.epoch, containerID: container.id,
                    isRunning: true, endpoint: endpoint)
            case .exited(let code, let outOfMemory):
                ObservedContainer(
                    session: container.run.session, epoch: container.run.epoch, containerID: container.id,
                    isRunning: false, exitCode: code, outOfMemory: outOfMemory)
            }
        }
    }
}
