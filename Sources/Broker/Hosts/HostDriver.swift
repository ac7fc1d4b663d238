import BrokerCore
import DockerEngine
import EventLoop
import Logging

/// Drives one host's engine: keeps the connection alive, lists containers, starts and removes them, and reports
/// everything to the broker as events. Decides nothing.
///
/// A connection's life: reach the engine, create our networks, follow its events, list our containers; then heartbeats
/// and periodic full relists, because event streams are known to hang silently. On any failure the host is reported as
/// silent until all of this works again.
@ControlLoop
final class HostDriver {
    let configuration: HostConfiguration
    let engine: DockerEngine
    let log: Logger
    /// The broker releases its drivers when it stops; tasks still in progress for a driver keep the broker alive until
    /// then.
    let broker: Broker
    /// One task per run that is starting, keyed by the container's name.
    var starts: [String: Task<Void, Never>] = [:]
    /// Those of these starts that continue for a session that has claimed a warm seat.
    var claims: Set<String> = []
    /// Containers whose removal is in progress.
    var removals: Set<String> = []
    let slots: HomeSlots
    /// Whether homes can be attached to running labs here; nil until this has been probed.
    var attachment: HomeAttachment?
    var isProbing = false
    /// Whether the host keeps the network promises made to labs; reset with each connection.
    var isolation = HostIsolation.untried
    var isProving = false
    /// Whether the configuration changed during the proof in progress.
    var mustProveAgain = false
    /// The kernel limits that all labs of the host share; nil until they are known.
    var kernel: KernelLimits?
    /// The connection's epoch: findings of an earlier connection no longer count.
    private(set) var connection = 0
    /// Identifies the engine's current life (since its last start); nil if it has no network `bridge`.
    private(set) var engineLife: String?
    /// Whether containers survive a restart of the engine; nil until the engine has said so.
    private(set) var restoresLive: Bool?
    /// The host's clock minus ours, as last measured; no more accurate than a request's round trip.
    private(set) var clockSkew: Duration?
    /// By reference; finished pulls stay until the next pull of the same image.
    var pulls: [String: Pull] = [:]
    private var life: Task<Void, Never>?
    private(set) var isConnected = false
    /// When the engine last answered a heartbeat or a listing.
    private var lastAnswer: MonotonicTime?

    init(_ configuration: HostConfiguration, broker: Broker) throws(EngineError) {
        self.configuration = configuration
        self.broker = broker
        engine = try DockerEngine(endpoint: configuration.endpoint)
        slots = HomeSlots(
            engine: engine, instance: broker.instance, host: configuration.spec.name,
            homesRoot: broker.configuration.homesRoot)
        var log = broker.log
        log[metadataKey: "host"] = "\(configuration.spec.name)"
        self.log = log
    }

    var name: String { configuration.spec.name }

    func connect() {
        life = Task { @ControlLoop [weak self] in
            var delay = BrokerLimits.reconnectDelay
            while !Task.isCancelled {
                guard let self else { return }
                do {
                    try await self.live()
                } catch {
                    self.lost(error)
                }
                // A host that was connected is retried soon; one that stays away is retried with exponential backoff.
                delay =
                    self.isConnected ? BrokerLimits.reconnectDelay : min(delay * 2, BrokerLimits.reconnectDelayMaximum)
                self.isConnected = false
                try? await Task.sleep(for: delay)
            }
        }
    }

    /// Sends no further requests to the engine. A removal in progress continues; the next broker may request the same.
    /// - Returns: the starts in progress; each ends at its next request to the engine.
    @discardableResult
    func stop() -> [Task<Void, Never>] {
        life?.cancel()
        let ending = Array(starts.values)
        starts = [:]
        for pull in pulls.values { pull.task?.cancel() }
        for task in ending { task.cancel() }
        return ending
    }

    private func lost(_ error: any Error) {
        guard !Task.isCancelled else { return }
        let reason = (error as? EngineError)?.message ?? "\(error)"
        if isConnected { log.warning("host does not answer", metadata: ["reason": "\(reason)"]) }
        tellSilence(reason)
    }

    private func tellSilence(_ reason: String) {
        let silence = lastAnswer.map { max(.zero, MonotonicTime.current() - $0) } ?? .zero
        broker.submit(.hostSilent(host: name, reason: reason, silentFor: silence))
    }

    /// Runs one connection; returns or throws only when it is no longer usable.
    private func live() async throws {
        try await engine.ping()
        connection += 1
        isolation = .untried
        try await proof.ensureNetworks()
        // An engine recreates this network at each of its starts.
        engineLife = try await engine.networkID(named: "bridge")
        // Subscribe to events before listing, so that what happens between the two is seen twice rather than never.
        let events = try await engine.events(labels: [LabContainer.Label.instance: broker.instance])
        try await list()
        isConnected = true
        log.info("host answers")
        // Earlier findings may be void after a restart of the host.
        attachment = nil
        probeHomes()
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await self.follow(events) }
            group.addTask { try await self.heartbeat() }
            group.addTask { try await self.relist() }
            group.addTask { try await self.keepProof() }
            group.addTask { try await self.measure() }
            defer { group.cancelAll() }
            try await group.next()
        }
    }

    private func heartbeat() async throws {
        while true {
            try await Task.sleep(for: BrokerLimits.heartbeatInterval)
            var isOverdue = false
            let patience = ControlLoop.loop.schedule(after: BrokerLimits.heartbeatPatience) { [weak self] in
                ControlLoop.assumeIsolated {
                    isOverdue = true
                    self?.tellSilence("its Docker Engine accepts connections and does not answer")
                }
            }
            defer { patience.cancel() }
            try await engine.ping()
            lastAnswer = .current()
            // It was only slow: list it, so that its state is known again.
            if isOverdue { try await list() }
        }
    }

    private func relist() async throws {
        while true {
            try await Task.sleep(for: BrokerLimits.relistInterval)
            try await list()
        }
    }

    private func follow(_ events: AsyncThrowingStream<EngineEvent, any Error>) async throws {
        for try await event in events {
            let labels = ContainerLabels(event.attributes)
            if let role = labels.role {
                if event.action == .die, HomeSlots.Role.lasting.contains(role) { helperEnded() }
                continue
            }
            guard let run = labels.run else { continue }
            switch event.action {
            case .die: await reportExit(of: run, containerID: event.containerID)
            case .outOfMemory: broker.submit(.processKilled(run.session, epoch: run.epoch))
            case .start, .destroy, .other: break
            }
        }
        throw EngineError(
            code: .protocolViolation, message: "The engine of \(name) ended its stream of events; connecting again.")
    }

    private func reportExit(of run: Run, containerID: String) async {
        // A start in progress notices the exit itself and also reports the lab's last output.
        let name = LabContainer.name(instance: broker.instance, session: run.session, epoch: run.epoch)
        guard starts[name] == nil else { return }
        // The event does not distinguish an out-of-memory kill; inspecting the container does, as long as it exists.
        let container = try? await engine.inspect(containerID)
        let exit = Event.containerExited(
            run.session, epoch: run.epoch, code: container?.exitCode ?? -1,
            outOfMemory: container?.outOfMemory ?? false)
        guard let code = container?.exitCode, ![0, StartFault.terminated].contains(code) else {
            Task { @ControlLoop in await self.reportUnlessEngineStops(exit) }
            return
        }
        broker.submit(exit)
    }

    /// An engine that shuts down refuses new connections and stops its labs before it ends itself. The listing reports
    /// what became of them once the engine answers again.
    private func reportUnlessEngineStops(_ exit: Event) async {
        let connection = connection
        try? await Task.sleep(for: BrokerLimits.exitDoubt)
        do { try await DockerEngine(endpoint: configuration.endpoint).ping() } catch { return }
        if connection == self.connection { broker.submit(exit) }
    }

    /// Lists the host's containers now. If that fails, the heartbeat or the next listing detects it.
    func listAgain() {
        Task { @ControlLoop in try? await self.list() }
    }

    private func list() async throws {
        try await lookAtClock()
        let engineID = try await identify()
        let asked = broker.core.eventCount
        var observed: [ObservedContainer] = []
        var others = OtherUse()
        var slotted: [String: ObservedSlot] = [:]
        var roles: Set<String> = []
        for summary in try await engine.list(labels: [LabContainer.Label.instance]) {
            guard summary.labels[LabContainer.Label.instance] == broker.instance else {
                others.add(summary)
                continue
            }
            let labels = ContainerLabels(summary.labels)
            if let role = labels.role {
                if summary.isRunning { roles.insert(role) }
                continue
            }
            guard let run = labels.run else {
                log.warning("container of ours without session label left alone", metadata: ["id": "\(summary.id)"])
                continue
            }
            var container = ObservedContainer(
                session: run.session, epoch: run.epoch, containerID: summary.id, isRunning: summary.isRunning)
            if summary.isRunning {
                container.endpoint = summary.publishedPort.map {
                    Endpoint(address: configuration.publishAddress, port: $0)
                }
            } else if let details = try? await engine.inspect(summary.id) {
                container.wentWithEngine = labels.engineLife.map { $0 != engineLife } ?? false
                container.exitCode = details.exitCode
                container.outOfMemory = details.outOfMemory
            }
            observed.append(container)
            slotted[run.session.rawValue] = ObservedSlot(
                epoch: run.epoch, isRunning: summary.isRunning, path: labels.slot)
        }
        let facts = HostFacts(
            engineID: engineID, others: others, images: try await images(), isolation: isolation)
        lastAnswer = .current()
        broker.submit(.hostListed(host: name, containers: observed, asked: asked, facts: facts))
        checkHelpers(running: roles)
        await sweepSlots(slotted, asked: asked)
        let label = "\(LabContainer.Label.instance)=\(broker.instance)"
        if let count = try? await engine.removeScratchVolumes(label: label), count > 0 {
            log.info("volumes of containers that are gone were removed", metadata: ["count": "\(count)"])
        }
    }

    /// The identity of this engine. The engine's own identifier is the same on cloned machines; the identifier of our
    /// network there is random.
    private func identify() async throws -> String {
        let network = LabContainer.networkName(instance: broker.instance, egress: LabContainer.telltaleEgress)
        guard let id = try await engine.networkID(named: network) else {
            throw EngineError(code: .notFound, message: "The network \(network) is gone from \(name); making it again.")
        }
        return id
    }

    private func lookAtClock() async throws {
        let asked = broker.now
        let info = try await engine.info()
        let answered = broker.now
        restoresLive = info.restoresLive
        if let time = info.systemTime {
            let skew = ClockSkew.measured(Timestamp(milliseconds: time), asked: asked, answered: answered)
            if ClockSkew.isWorthAWarning(skew), !ClockSkew.isWorthAWarning(clockSkew ?? .zero) {
                log.warning(
                    "its clock differs from this machine's: let both follow a time server",
                    metadata: ["skew": "\(skew.wholeMilliseconds) ms"])
            }
            clockSkew = skew
        }
    }
}
