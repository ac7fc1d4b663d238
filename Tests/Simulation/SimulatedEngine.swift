import BrokerCore

/// One life of a container, as its name says it.
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

/// A Docker Engine with nothing but containers of ours.
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
        /// The memory that it uses while it runs.
        var use: Int64 = 0
        /// When it was last started.
        var startedAt = Timestamp(milliseconds: 0)
        /// Made by this broker process, and the host has answered ever since: it should be accounted for.
        var isAccountedFor = true
    }

    let host: String
    var isUp = true
    /// The broker process that has tried last whether labs are kept apart here.
    var triedIn: Int?
    /// How many times as long as usual it takes for everything.
    var slowness = 1
    /// Nothing can be created.
    var isDiskFull = false
    /// What labs are promised about the network holds there.
    var keepsLabsApart = true
    /// By name, which is the run's.
    var containers: [RunName: Container] = [:]
    var images: Set<String>
    /// Whether homes can be attached to running containers here.
    let attaches: Bool
    /// Whose home each container shows.
    var homes: [RunName: String] = [:]
    /// Made, and what was started once more after it was gone: by a call of an earlier broker that arrived late.
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
    ///   - home: whose files it shows; `nil` while nobody's.
    ///   - use: the memory that it uses while it runs.
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

    /// The broker, or the way to this host, was away: what is here is known from the next listing only.
    mutating func loseAccount() {
        for run in containers.keys { containers[run]?.isAccountedFor = false }
    }

    mutating func remove(containerID: String) {
        containers = containers.filter { $0.value.id != containerID }
    }

    /// The machine loses its power and is started again: containers are there, but do not run.
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

    /// A round of readings; what runs uses half a CPU.
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
