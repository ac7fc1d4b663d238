import BrokerCore
import DockerEngine
import EventLoop
import Logging

/// Talks to one host's engine: keeps the connection alive, lists what is there, starts and removes containers, and
/// reports everything to the broker as events. Decides nothing.
///
/// The connection's life: reach the engine, make our networks, follow its events, list our containers; then a heartbeat
/// and a full relist at intervals, because event streams are known to hang silently. Anything that fails makes the host
/// unreachable until all of it works again.
@ControlLoop
final class HostDriver {
    let configuration: HostConfiguration
    let engine: DockerEngine
    let log: Logger
    /// The broker lets its drivers go when it stops; what is under way for one of them until then still finds it.
    let broker: Broker
    /// One task per run that is on its way to ready; keyed by the container's name.
    var starts: [String: Task<Void, Never>] = [:]
    /// Of these, the ones with which a session goes on that has claimed a warm seat.
    var claims: Set<String> = []
    /// Containers whose removal is under way.
    var removals: Set<String> = []
    let slots: HomeSlots
    /// Whether homes can be attached to running labs here; nil until that was tried.
    var attachment: HomeAttachment?
    var isProbing = false
    /// Whether the host keeps what labs are promised about the network; forgotten with each connection.
    var isolation = HostIsolation.untried
    var isProving = false
    /// Something was configured anew during the proof that is under way.
    var mustProveAgain = false
    /// What the host's kernel lets all labs have together; nil until that was found out.
    var kernel: KernelLimits?
    /// Counts connections: what was found out during an earlier one no longer counts.
    private(set) var connection = 0
    /// Tells one life of the engine from the next; nil where it has no network `bridge`.
    private(set) var engineLife: String?
    /// Containers go on while the engine is restarted; nil until it said so.
    private(set) var restoresLive: Bool?
    /// The host's clock minus ours, as the engine last told it; no better than the time that a question takes.
    private(set) var clockSkew: Duration?
    /// By reference; those that are over stay until the next one of the same image.
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
                // A host that was connected and went is tried again soon; one that stays away, less and less often.
                delay =
                    self.isConnected ? BrokerLimits.reconnectDelay : min(delay * 2, BrokerLimits.reconnectDelayMaximum)
                self.isConnected = false
                try? await Task.sleep(for: delay)
            }
        }
    }

    /// Asks the engine for nothing more; a removal that is under way goes on, and whoever decides next may ask for the
    /// same.
    /// - Returns: the starts that were under way; each ends at its next question to the engine.
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

    /// Returns or throws only when the connection is no good any more.
    private func live() async throws {
        try await engine.ping()
        connection += 1
        isolation = .untried
        try await proof.ensureNetworks()
        // An engine makes this network anew at each of its starts.
        engineLife = try await engine.networkID(named: "bridge")
        // Events before the list: what happens between the two is then seen twice rather than never.
        let events = try await engine.events(labels: [LabContainer.Label.instance: broker.instance])
        try await list()
        isConnected = true
        log.info("host answers")
        // What was found out before may have gone with a restart of the host.
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
            // It was only slow: what is on it is known again.
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
        // While it is being started, the start itself notices, and tells the lab's last words too.
        let name = LabContainer.name(instance: broker.instance, session: run.session, epoch: run.epoch)
        guard starts[name] == nil else { return }
        // The event does not tell an out-of-memory kill from others; the container does, as long as it exists.
        let container = try? await engine.inspect(containerID)
        let exit = Event.containerExited(
            run.session, epoch: run.epoch, code: container?.exitCode ?? -1,
            outOfMemory: container?.outOfMemory ?? false)
        guard let code = container?.exitCode, ![0, Self.terminated].contains(code) else {
            Task { @ControlLoop in await self.reportUnlessEngineStops(exit) }
            return
        }
        broker.submit(exit)
    }

    /// The exit code of a program that SIGTERM ends.
    private static let terminated = 128 + 15

    /// An engine that is stopped takes no new connections and ends its labs, before it ends itself. What became of them,
    /// the listing tells once it answers again.
    private func reportUnlessEngineStops(_ exit: Event) async {
        let connection = connection
        try? await Task.sleep(for: BrokerLimits.exitDoubt)
        do { try await DockerEngine(endpoint: configuration.endpoint).ping() } catch { return }
        if connection == self.connection { broker.submit(exit) }
    }

    /// Lists the host's containers now. If that fails, the heartbeat or the next list finds out.
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
        await sweepSlots(slotted)
        let label = "\(LabContainer.Label.instance)=\(broker.instance)"
        if let count = try? await engine.removeScratchVolumes(label: label), count > 0 {
            log.info("volumes of containers that are gone were removed", metadata: ["count": "\(count)"])
        }
    }

    /// What tells this engine from others. Its own identifier is the same on machines that were copied from one another;
    /// our network there was made by chance.
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
