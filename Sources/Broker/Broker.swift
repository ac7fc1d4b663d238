import BrokerCore
import DockerEngine
import Edge
import EventLoop
import HTTPTransport
import Identity
import Logging
import Store
import TLS

/// The control plane's driver: hands events to `BrokerCore`, commits its decisions, and only then acts on engines and
/// the edge. It decides nothing itself.
///
/// One step takes the pending events, lets the core handle them, commits its changes in one transaction, and carries
/// out its actions. Events that arrive during a commit are batched into the next, so a storm shares transactions. A
/// failed commit is rolled back in the core: requests get an error, engines' reports are retried.
@ControlLoop
public final class Broker {
    let store: Store
    let edge: Edge
    let log: Logger
    let client: HTTPClient
    /// The identifier in the names and labels of everything of ours on the hosts.
    public let instance: String
    /// The state that the store held at startup; released once it is restored.
    private var stored: StoredState?
    let tokenKey: HMACKey
    private let clock: @Sendable () -> Timestamp

    var configuration: BrokerConfiguration
    var core: BrokerCore
    var hostDrivers: [String: HostDriver] = [:]
    let knownAddresses = HostAddresses()
    /// The addresses that the packet filters of all hosts close.
    var filteredAddresses: [String] = []
    var grants: [SessionID: [Digest32]] = [:]
    var entryCodes = EntryCodes()
    var revocations: Revocations
    var watchers = Watchers()
    var metrics = BrokerMetrics()
    /// Slugs for which this broker has given the edge a route.
    public internal(set) var routedSlugs: Set<String> = []

    private var inbox = Inbox()
    private var waiting: [RequestID: CheckedContinuation<Answer, any Error>] = [:]
    private var lastRequest: UInt64 = 0
    var queueNews: LoopTimer?
    /// The running pump of steps; nil while idle.
    private var pumping: Task<Void, Never>?
    /// Readers that wait until pending decisions are committed or rolled back. No more than there are requests.
    private(set) var readers: [CheckedContinuation<Void, Never>] = []
    /// A persistent failure to save, and when it was last logged.
    private var storageFailure: (code: StoreError.Code, toldAt: MonotonicTime)?
    private var isStopping = false
    private var clocks: ClockWatch
    private var clockLook: LoopTimer?
    private var timer: LoopTimer?
    private var timerDue: Timestamp?

    /// - Parameters:
    ///   - tokenKey: derives the tokens between edge and labs; stable across restarts.
    ///   - clock: the wall clock.
    /// - Throws: `.storage` when the store cannot be read.
    public init(
        configuration: BrokerConfiguration, store: Store, edge: Edge, tokenKey: HMACKey, log: Logger,
        clock: @escaping @Sendable () -> Timestamp
    ) throws(BrokerError) {
        let stored: StoredState
        do { stored = try store.load() } catch { throw BrokerError(error) }
        self.stored = stored
        instance = stored.instanceID
        revocations = stored.revocations
        self.configuration = configuration
        self.store = store
        self.edge = edge
        self.tokenKey = tokenKey
        self.log = log
        self.clock = clock
        client = HTTPClient(tls: nil)
        core = BrokerCore(sharedHomes: configuration.homesRoot != nil)
        clocks = ClockWatch(wall: clock(), steady: .current())
    }

    var now: Timestamp { clock() }

    /// Restores what the store holds, publishes the routes of running labs, and connects to the hosts.
    public func start() async throws(BrokerError) {
        guard let stored else { return }
        self.stored = nil
        for grant in stored.grants { remember(grant) }
        // The catalogue comes first, because restoring a session depends on its lab. There are no sessions yet; what
        // follows from both is handled with the first event.
        try await settle(afterRestoring: core.handle(configuration.event, at: now))
        let actions = core.restore(
            sessions: stored.sessions, duties: stored.duties, homes: stored.homes, reservations: stored.reservations,
            claims: stored.claims, warm: stored.warm, lastWarmNumber: stored.lastWarmNumber, pools: stored.pools,
            hosts: stored.hosts, profiles: stored.profiles, at: now)
        try await settle(afterRestoring: actions + core.handle(.tick, at: now))
        log.info("restored", metadata: ["sessions": "\(stored.sessions.count)"])
        connectHosts()
        pumpSoon()
        lookAtClocks()
        await followZones()
    }

    /// Every step checks the clock; this causes a step when nothing else does.
    private func lookAtClocks() {
        clockLook = ControlLoop.loop.schedule(after: BrokerLimits.clockLookInterval) { [weak self] in
            ControlLoop.assumeIsolated {
                guard let self, !self.isStopping else { return }
                if self.clocks.jump(wall: self.now, steady: .current()) != nil { self.submit(.tick) }
                self.lookAtClocks()
            }
        }
    }

    /// Stops deciding. Labs keep running; the next start finds them. Starts in progress stop where they are, and the
    /// next broker continues them.
    public func stop() async {
        isStopping = true
        timer?.cancel()
        clockLook?.cancel()
        queueNews?.cancel()
        let starts = hostDrivers.values.flatMap { $0.stop() }
        for start in starts { await start.value }
        await pumping?.value
        hostDrivers = [:]
        for (_, continuation) in waiting { continuation.resume(throwing: Broker.stoppingError) }
        waiting = [:]
        watchers.finishAll()
    }

    // MARK: Steps

    static let stoppingError = BrokerError(DriverRefusal.stopping)

    /// Queues an event for the next step. Never blocks.
    func submit(_ event: Event) {
        inbox.add(event)
        pumpSoon()
    }

    /// Handles a request about a session; returns the session once the decision is on disk.
    func ask(_ event: (RequestID) -> Event) async throws(BrokerError) -> SessionID? {
        if case .session(let id) = try await answer(to: event) { return id }
        return nil
    }

    /// Handles a request and returns its answer once the changes that it reports are on disk. Throws refusals.
    func answer(to event: (RequestID) -> Event) async throws(BrokerError) -> Answer {
        guard !isStopping else { throw Broker.stoppingError }
        guard !inbox.isFull else {
            throw BrokerError(DriverRefusal.busy)
        }
        lastRequest += 1
        let request = RequestID(rawValue: lastRequest)
        let event = event(request)
        let answer: Answer
        do {
            answer = try await withCheckedThrowingContinuation { continuation in
                waiting[request] = continuation
                submit(event)
            }
        } catch let error as BrokerError {
            throw error
        } catch {
            throw BrokerError(.storage, "\(error)")
        }
        if case .refused(let refusal) = answer { throw BrokerError(refusal) }
        return answer
    }

    private func pumpSoon() {
        guard pumping == nil, !isStopping else { return }
        pumping = Task { @ControlLoop in await self.pump() }
    }

    private func pump() async {
        while !inbox.isEmpty, !isStopping {
            let batch = inbox.take(BrokerLimits.eventsPerStep)
            do {
                try await step(batch)
                storageFailure = nil
            } catch {
                rollback()
                await recover(batch, from: error)
            }
        }
        pumping = nil
        scheduleTick()
        if inbox.takeLostReports() {
            log.warning(
                "more happened at once than can wait; every host is listed again",
                metadata: ["limit": "\(BrokerLimits.inboxLength)"])
            for driver in hostDrivers.values { driver.listAgain() }
        }
    }

    private func step(_ batch: [Event]) async throws(StoreError) {
        for event in batch { try await adoptIfForgotten(event) }
        let at = now
        let jump = clocks.jump(wall: at, steady: .current())
        var actions: [Action] = []
        var starts = StepStarts()
        if let jump { actions += core.handle(.clockJumped(by: jump), at: at) }
        for event in batch {
            let before = event.endedStart.flatMap { core.session($0)?.state }
            actions += core.handle(event, at: at)
            starts.note(event, before: before, after: event.endedStart.flatMap { core.session($0)?.state })
        }
        metrics.warmClaims += UInt64(try await commit())
        if let jump { clockWasSet(by: jump) }
        metrics.count(starts)
        perform(actions)
        letReadersIn()
        disconnectForgottenHosts()
    }

    /// Called when the core's handling of a clock jump is on disk.
    private func clockWasSet(by jump: Duration) {
        clocks.accept(jump)
        log.warning("the wall clock was set", metadata: ["by": "\(jump.wholeMilliseconds) ms"])
        // The timer was set by the old clock.
        timer?.cancel()
        timerDue = nil
        // The hosts' clock skew must be measured again.
        for driver in hostDrivers.values { driver.listAgain() }
    }

    private func rollback() {
        core.rollback()
        letReadersIn()
    }

    /// Waits until all decisions about a session (about any, with `nil`) are on disk and known to the edge; until then
    /// they may be rolled back.
    func settled(_ id: SessionID? = nil) async {
        guard core.pendingChanges.contains(where: { $0.concerns(id) }) else { return }
        await withCheckedContinuation { readers.append($0) }
    }

    private func letReadersIn() {
        let waiting = readers
        readers = []
        for reader in waiting { reader.resume() }
    }

    /// - Returns: how many warm seats were claimed in this commit.
    private func commit() async throws(StoreError) -> Int {
        let changes = core.pendingChanges
        if !changes.isEmpty {
            let began = MonotonicTime.current()
            do throws(StoreError) { try await store.commit(changes, grants: []) } catch {
                metrics.commitFailures += 1
                throw error
            }
            metrics.commits.observe(nanoseconds: MonotonicTime.current().nanoseconds - began.nanoseconds)
        }
        core.confirm()
        return changes.claimedWarmSeats
    }

    private func settle(afterRestoring actions: [Action]) async throws(BrokerError) {
        do { _ = try await commit() } catch { throw BrokerError(error) }
        perform(actions)
        letReadersIn()
    }

    /// The core holds live sessions only; an ended one that an event refers to is loaded from the store first.
    private func adoptIfForgotten(_ event: Event) async throws(StoreError) {
        let forgotten: Session?
        switch event {
        case .launch(let learner, let lab, _, _, _):
            guard core.session(learner: learner, lab: lab) == nil else { return }
            forgotten = try await store.session(
                of: learner, lab: LabKey(portal: learner.portal, name: lab))
        case .restart(let id, _), .resume(let id, _), .park(let id, _, _), .end(let id, _, _), .keep(let id, _),
            .extend(let id, _, _), .announceEnd(let id, _, _), .cancelEnd(let id, _), .leaveQueue(let id, _):
            guard core.session(id) == nil else { return }
            forgotten = try await store.session(id, in: .all)
        default: return
        }
        guard let forgotten else { return }
        core.adopt(forgotten)
        grants[forgotten.id] = nil
        for grant in try await store.grants(of: forgotten.id, in: .all) { remember(grant) }
    }

    /// The commit failed, so nothing of this step happened. Requests get the error; engines' reports still hold and are
    /// retried until they succeed.
    private func recover(_ batch: [Event], from error: StoreError) async {
        tell(error)
        guard error.isTransient || batch.count == 1 else {
            // One of these events makes a change that the schema rejects. Each is retried alone, so that only that one
            // fails.
            for event in batch {
                do {
                    try await step([event])
                } catch {
                    rollback()
                    await recover([event], from: error)
                }
            }
            return
        }
        var again: [Event] = []
        var listed: Set<String> = []
        for event in batch {
            if let request = event.request {
                waiting.removeValue(forKey: request)?.resume(throwing: BrokerError(error))
            } else if case .hostListed(let host, _, _, _) = event {
                listed.insert(host)
            } else if error.isTransient {
                again.append(event)
            }
        }
        guard !again.isEmpty || !listed.isEmpty else { return }
        inbox.putBack(again)
        try? await Task.sleep(for: BrokerLimits.storageRetryDelay)
        // A listing would be outdated by the retry, so each host is listed again.
        for host in listed { hostDrivers[host]?.listAgain() }
    }

    private func tell(_ error: StoreError) {
        let now = ControlLoop.loop.now
        if let last = storageFailure, last.code == error.code, now - last.toldAt < BrokerLimits.storageLogInterval {
            return
        }
        storageFailure = (error.code, now)
        log.error("state cannot be saved", metadata: ["reason": "\(error.message)"])
    }

    func answer(_ request: RequestID, _ answer: Answer) {
        waiting.removeValue(forKey: request)?.resume(returning: answer)
    }

    private func scheduleTick() {
        guard let due = core.nextDeadline, !isStopping else { return }
        if let timerDue, timerDue <= due { return }
        timer?.cancel()
        timerDue = due
        timer = ControlLoop.loop.schedule(after: max(.zero, due - now)) { [weak self] in
            ControlLoop.assumeIsolated {
                self?.timerDue = nil
                self?.submit(.tick)
            }
        }
    }
}

extension [Change] {
    /// How many warm seats were claimed by sessions.
    fileprivate var claimedWarmSeats: Int {
        let gone = compactMap { if case .warmGone(let id) = $0 { id } else { nil } }
        guard !gone.isEmpty else { return 0 }
        let taken = Set(compactMap { if case .session(let session) = $0 { session.warm } else { nil } })
        return taken.intersection(gone).count
    }
}

extension Change {
    /// Whether it changes this session (any, with `nil`).
    fileprivate func concerns(_ id: SessionID?) -> Bool {
        if case .session(let session) = self { id == nil || session.id == id } else { false }
    }
}

extension Event {
    /// The session whose start this event ends, successfully or not.
    var endedStart: SessionID? {
        switch self {
        case .labReady(let id, _, _), .startFailed(let id, _, _): id
        default: nil
        }
    }

    /// The request that this event carries, if a caller waits for its answer.
    var request: RequestID? {
        switch self {
        case .launch(_, _, _, _, let request), .restart(_, let request), .resume(_, let request),
            .announceEnd(_, _, let request), .cancelEnd(_, let request), .leaveQueue(_, let request),
            .park(_, _, let request), .end(_, _, let request), .keep(_, let request),
            .extend(_, _, let request), .reserve(_, _, let request), .book(_, let request), .retime(_, let request),
            .cancelReservation(_, let request), .cancelSeries(_, let request),
            .cordon(_, let request), .uncordon(_, let request), .drain(_, _, let request),
            .declareLost(_, let request), .setPool(_, let request), .resetPool(_, let request),
            .addHost(_, _, let request), .removeHost(_, _, _, let request),
            .adjustHost(_, _, _, let request), .rollingDrain(_, _, _, let request):
            request
        case .configure, .hostListed, .hostSilent, .hostProbed, .hostTried, .containerCreated, .containerStarted,
            .labReady, .startFailed, .remark, .containerExited, .homeLost, .attachmentFailed, .processKilled,
            .containerRemoved, .removeFailed, .activity, .labReported, .usageSampled, .clockJumped, .tick:
            nil
        }
    }
}
