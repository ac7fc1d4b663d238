import BrokerCore
import Identity
import Literals
import Words

/// The broker process around the core: it behaves as the real driver, with a possible crash between any two of its
/// actions.
extension Simulation {
    func bootBroker() {
        generation += 1
        remember("broker boots, generation \(generation)")
        // It does not know how the clock was set while it was down.
        knownOffset = clockOffset
        noteSlots()
        var core = BrokerCore(sharedHomes: sharedHomes)
        let configuresFirst = random.oneIn(2)
        if configuresFirst { _ = core.handle(configured, at: wall) }
        if !core.pendingChanges.isEmpty {
            if !diskTakes() { return crash("because it cannot save", .crashAtBoot) }
            // Like a reload before the first event: its changes are committed immediately.
            store.commit(core.pendingChanges)
            core.confirm()
        }
        let actions = core.restore(
            sessions: store.live, duties: store.duties, homes: store.homes.values.sorted { $0.learner < $1.learner },
            reservations: store.reservations.values.sorted { $0.id < $1.id }, claims: store.liveClaims,
            warm: store.warm.values.sorted { $0.id < $1.id }, lastWarmNumber: store.lastWarmNumber,
            pools: store.pools.values.sorted { $0.key < $1.key }, hosts: store.storedHosts,
            profiles: store.profiles, at: wall)
        self.core = core
        carryOut(actions, crashingWith: .crashAtBoot)
        guard self.core != nil else { return }
        for session in store.live {
            if case .running(_, let endpoint, _) = session.state, routes[session.id] != endpoint {
                complain("\(session.id) has no route after the restart")
            }
        }
        if !configuresFirst {
            broker(takesIn: [configured])
            // If the state cannot be saved at the start, the process ends.
            if !inbox.isEmpty { return crash("because it cannot save", .crashAtBoot) }
        }
        guard self.core != nil else { return }
        for host in configuration.hosts.map(\.name) + store.hosts.keys.sorted() {
            plan(.monitor(host: host, generation: generation), in: random.milliseconds(1...3000))
        }
    }

    var configured: Event {
        .configure(
            labs: configuration.labs, hosts: configuration.hosts, freeFloorPercent: freeFloorPercent, pools: pools,
            density: density, portals: quotas.sorted { $0.key < $1.key }.map { PortalSpec(id: $0.key, quota: $0.value) }
        )
    }

    func crash(_ why: String, _ fault: Fault) {
        remember("broker crashes \(why)")
        count(fault)
        for host in engines.keys { engines[host]!.loseAccount() }
        core = nil
        foretold = [:]
        inbox = []
        isWorkPlanned = false
        routes = [:]
        startTasks = [:]
        reportsAs = [:]
        noTickBefore = Timestamp(milliseconds: 0)
        plan(.restartBroker, in: random.milliseconds(100...20_000))
    }

    /// Whether the broker dies here: by chance, or because this is the run's selected crash point.
    private func dies(_ fault: Fault, oneIn n: Int) -> Bool {
        crashPoints += 1
        return crashPoints == crashPoint || (hasFaults && random.oneIn(n * calmness))
    }

    /// Whether the next commit succeeds.
    private func diskTakes() -> Bool {
        if let diskFullUntil, time < diskFullUntil { return false }
        return !strikes(.commitFailed, oneIn: 40)
    }

    func broker(takesIn events: [Event]) {
        guard core != nil else { return }
        var actions: [Action] = []
        var busy: [RunName] = []
        stepJump = clockOffset - knownOffset
        defer { stepJump = .zero }
        if stepJump != .zero { tookJumpAt = time }
        let events = stepJump == .zero ? events : [.clockJumped(by: stepJump)] + events
        unprovedInStep = Set(events.compactMap(\.unprovedHost))
        for event in events {
            remember("event \(event)")
            // An answer that comes after the step has decided without it no longer has any effect.
            if case .labReported(let id, let epoch, .busy) = event, case .running = core!.session(id)?.state {
                busy.append(RunName(session: id, epoch: epoch))
            }
            eventCount += 1
            adopt(for: event)
            actions += core!.handle(event, at: wall)
            for violation in core!.violations(at: wall) { complain(violation) }
        }
        if dies(.crashBeforeCommit, oneIn: 150) { return crash("before its commit", .crashBeforeCommit) }
        if !core!.pendingChanges.isEmpty, !diskTakes() { return commitFails(events) }
        for run in busy { lastBusy[run] = wall }
        isOnlyTime = events.allSatisfy { $0.isTick || $0.isActivity }
        checkTruth(of: core!.pendingChanges)
        let changes = core!.pendingChanges
        let hadSeats = Set(store.live.filter { $0.state.host != nil }.map(\.id))
        store.commit(changes, jump: stepJump)
        if !events.contains(where: \.changesHosts) {
            checkCharges(of: changes)
            checkQuotas(of: changes, hadSeats: hadSeats)
        }
        if dies(.crashAfterCommit, oneIn: 300) { return crash("after its commit", .crashAfterCommit) }
        core!.confirm()
        knownOffset = clockOffset
        if stepJump != .zero {
            count("jump taken in")
            lastBusy = lastBusy.mapValues { $0 + stepJump }
        }
        noteSlots()
        checkMemoryIsDisk("after a commit")
        noteForetoldEnds()
        carryOut(actions, crashingWith: .crashBetweenActions)
    }

    private func carryOut(_ actions: [Action], crashingWith fault: Fault) {
        for action in actions {
            if dies(fault, oneIn: 200) { return crash("before \(action)", fault) }
            remember("action \(action)")
            perform(action)
        }
    }

    private func commitFails(_ events: [Event]) {
        remember("the commit fails")
        core!.rollback()
        noteForetoldEnds()
        checkMemoryIsDisk("after a rollback")
        // Requests are answered with the error, and listings are repeated; all other events did happen and are
        // delivered again.
        var again: [Event] = []
        for event in events {
            if case .hostListed(let host, _, _, _) = event {
                plan(.listAgain(host: host, generation: generation), in: random.milliseconds(1...1000))
            } else if !event.isRequest, !event.isTick, !event.isClockJump {
                again.append(event)
            }
        }
        inbox = again + inbox
        noTickBefore = time + .milliseconds(500)
        planWork(in: .milliseconds(300))
    }

    /// Finished sessions are only on disk; the core must load one before it handles a request about it.
    private func adopt(for event: Event) {
        let stored: Session? =
            switch event {
            case .launch(let learner, let lab, _, _, _):
                store.session(
                    of: learner, lab: LabKey(portal: learner.portal, name: lab))
            case .restart(let id, _), .resume(let id, _), .park(let id, _, _), .end(let id, _, _), .keep(let id, _),
                .extend(let id, _, _), .announceEnd(let id, _, _), .cancelEnd(let id, _), .leaveQueue(let id, _):
                store.sessions[id]
            default: nil
            }
        if let stored { core!.adopt(stored) }
    }

    // MARK: Actions

    private func perform(_ action: Action) {
        switch action {
        case .start(let id, let epoch, let host):
            if !unprovedInStep.contains(host), core?.hostStatus(host)?.isolation != .proved {
                complain("\(id) is started on \(host), where nobody has proved that labs are kept apart")
            }
            start(id, epoch: epoch, on: host)
        case .remove(let id, let epoch, let host):
            remove(RunName(session: id, epoch: epoch), on: host)
        case .removeOrphan(let host, let containerID):
            checkOrphan(containerID, on: host)
            call(.removeOrphan(containerID), on: host)
        case .publishRoute(let id, let epoch, let endpoint):
            // A route before the intent is on disk would be lost in a restart.
            if let stored = store.sessions[id], stored.epoch == epoch, stored.state.name == "starting" {
                complain("\(id) has a route before it runs")
            }
            routes[id] = endpoint
        case .withdrawRoute(let id):
            routes[id] = nil
        case .askLab(let id, let epoch, _):
            askLab(RunName(session: id, epoch: epoch))
        case .answer(let request, let answer):
            if case .session(let id) = answer, launchesAsked.contains(request) {
                acknowledged.insert(id)
                count("launch acknowledged")
            }
            if case .session(let id) = answer, let visit = visits[request] {
                count("visit acknowledged")
                // A parked run never runs again: a learner who was let in has entered another run, or the session is
                // over.
                if let session = store.sessions[id], session.epoch == visit.epoch, session.state.name == "parked" {
                    complain("\(visit) is parked although its learner was let in")
                }
            }
            if case .reservation(let id) = answer {
                count("reservation admitted")
                admitted.insert(id)
            }
            if case .booked(let outcome) = answer { check(outcome) }
            if case .refused(.noSeats(let conflict)) = answer {
                count("reservation refused")
                if conflict.free >= conflict.wanted { complain("refused although there are seats: \(conflict)") }
            }
            if case .refused(let refusal) = answer {
                count("refused")
                if refusal.message.isEmpty { complain("a refusal without words") }
            }
        case .hostsChanged:
            for host in store.hosts.keys.sorted() { monitorAnew(host) }
        case .changed, .queueMoved:
            break
        }
    }

    private func start(_ id: SessionID, epoch: Int, on host: String) {
        let run: RunName
        if let warm = WarmSeatID(run: id) {
            run = RunName(session: id, epoch: epoch)
            if warm.number > store.lastWarmNumber { complain("\(warm) starts before its intent is on disk") }
            // Later events of the same step may have claimed it or given it up.
            guard let seat = store.warm[warm] else { return }
            if seat.host != host { complain("\(warm) is started on \(host), and is on \(seat.host)") }
            count("warm start")
        } else {
            guard let stored = store.sessions[id], stored.epoch >= epoch else {
                return complain("\(id) starts before its intent is on disk")
            }
            // A later event of the same step gave it up.
            guard stored.epoch == epoch else { return }
            run = RunName(session: stored.container.name, epoch: stored.container.epoch)
            if let first = runHosts[RunName(session: id, epoch: epoch)], first != host {
                complain("\(run) was started on \(first) and on \(host)")
            }
            runHosts[RunName(session: id, epoch: epoch)] = host
            if stored.warm != nil { claim(run, for: RunName(session: id, epoch: epoch)) }
        }
        guard startTasks[run] == nil else { return }
        startTasks[run] = host
        call(.create(run), on: host)
    }

    /// The session's start takes over from the warm seat's start, whose pending reports are then ignored.
    private func claim(_ container: RunName, for session: RunName) {
        guard reportsAs[container] == nil else { return }
        count("warm seat claimed, and more to do")
        reportsAs[container] = session
        startTasks[container] = nil
    }

    private func remove(_ run: RunName, on host: String) {
        let owner = store.sessions.values.first { $0.container == (run.session, run.epoch) && $0.state.host != nil }
        if let owner, !["ending", "parking"].contains(owner.state.name) {
            complain("\(run) is removed while it is \(owner.state.name)")
        }
        if let warm = WarmSeatID(run: run.session), store.warm[warm] != nil {
            complain("\(run) is removed while it is offered")
        }
        startTasks[run] = nil
        reportsAs[run] = nil
        removalAskedAt[run] = time
        call(.remove(run), on: host)
    }

    /// Restarts the monitoring of a host, and ensures that it runs only once.
    private func monitorAnew(_ host: String) {
        agenda.removeAll { if case .monitor(host, _) = $0 { true } else { false } }
        plan(.monitor(host: host, generation: generation), in: random.milliseconds(100...4000))
    }

    private func askLab(_ run: RunName) {
        count("lab asked")
        asked.insert(run)
        let report: LabReport
        switch Int.random(in: 0..<10, using: &random) {
        case 0: return
        case 1: report = .unknown
        case 2...5: report = .busy
        case 6: report = .quiet(lastActivity: nil)
        default: report = .quiet(lastActivity: wall - random.milliseconds(0...100_000))
        }
        let answered = hasFaults ? report : .quiet(lastActivity: nil)
        deliver(.labReported(run.session, epoch: run.epoch, answered), within: 1...14_000)
    }

    func noteSlots() {
        for host in configuration.hosts { mostSlots[host.name] = max(mostSlots[host.name] ?? 0, host.slots) }
        for host in core?.hostStatuses ?? [] { mostSlots[host.name] = max(mostSlots[host.name] ?? 0, host.slots) }
    }

    /// The latency of a host's engine.
    func delay(on host: String) -> Duration {
        random.milliseconds(random.oneIn(10) && hasFaults ? 1...15_000 : 10...2000) * (engines[host]?.slowness ?? 1)
    }

    func monitor(_ host: String, generation: Int) {
        guard look(at: host, generation: generation) else { return }
        plan(.monitor(host: host, generation: generation), in: random.milliseconds(5000...30_000))
    }

    /// Polls the host once.
    /// - Returns: whether to keep monitoring it: as long as the core or the configuration knows it.
    @discardableResult
    func look(at host: String, generation: Int) -> Bool {
        guard generation == self.generation, let core, let engine = engines[host] else { return false }
        guard core.hostStatus(host) != nil || configuration.hosts.contains(where: { $0.name == host }) else {
            return false
        }
        if engine.isUp {
            var images: [String: HostImage?] = [:]
            for lab in allLabs where random.oneIn(2) {
                let image = engine.images.contains(lab.image) ? HostImage(id: lab.image) : nil
                images.updateValue(image, forKey: lab.image)
            }
            if strikes(.fenceGone, oneIn: 20) { engines[host]!.keepsLabsApart.toggle() }
            let isolation: HostIsolation =
                engines[host]!.keepsLabsApart ? .proved : .unproved(reason: "a packet left")
            // A driver that has just connected does not know the result yet, and reports it separately after the
            // listing.
            let isTried = engine.triedIn == self.generation
            let known: HostIsolation = isTried ? isolation : .untried
            engines[host]!.triedIn = self.generation
            let facts = HostFacts(engineID: "engine-\(host)", images: images, isolation: known)
            deliver(
                .hostListed(host: host, containers: engine.listing, asked: core.eventCount, facts: facts),
                within: 1...3000)
            let mark = isolation == .proved ? "engine-\(host)" : nil
            // A proof that an earlier broker found is reported immediately.
            let isKnown = mark != nil && core.proof(on: host) == mark
            if !isTried {
                deliver(.hostTried(host: host, isolation, mark: mark), within: isKnown ? 1...3000 : 3000...6000)
            }
            if core.use(ofHost: host)?.isStrained == true { count("host strained") }
            deliver(.usageSampled(host: host, engine.samples(at: wall)), within: 1...3000)
            deliver(.hostProbed(host: host, engine.attaches ? .possible : .impossible(reason: "no propagation")))
        } else {
            deliver(.hostSilent(host: host, reason: "connection refused"))
        }
        return true
    }
}

extension Event {
    var isRequest: Bool {
        switch self {
        case .launch, .restart, .resume, .park, .end, .leaveQueue, .keep, .extend, .reserve, .book, .cancelReservation,
            .cancelSeries, .cordon,
            .uncordon, .drain, .declareLost, .addHost, .removeHost, .adjustHost, .rollingDrain, .setPool, .resetPool:
            true
        default: false
        }
    }

    /// Whether this can change the capacity of hosts, or the charges of seats, after a seat was placed in the same
    /// step.
    var changesHosts: Bool {
        switch self {
        case .configure, .addHost, .removeHost, .adjustHost: true
        default: false
        }
    }

    /// The host that this event reports as unproved.
    var unprovedHost: String? {
        switch self {
        case .hostTried(let host, let isolation, _) where isolation != .proved: host
        case .hostListed(let host, _, _, let facts) where facts.isolation != .proved: host
        default: nil
        }
    }

    var isClockJump: Bool { if case .clockJumped = self { true } else { false } }

    var isActivity: Bool { if case .activity = self { true } else { false } }

    var isTick: Bool { if case .tick = self { true } else { false } }
}
