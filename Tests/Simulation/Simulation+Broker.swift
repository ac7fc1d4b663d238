import BrokerCore

/// The broker process around the core: what the real driver does, with a crash possible between any two of its acts.
extension Simulation {
    func bootBroker() {
        generation += 1
        remember("broker boots, generation \(generation)")
        noteSlots()
        var core = BrokerCore(sharedHomes: sharedHomes)
        let configuresFirst = random.oneIn(2)
        if configuresFirst { configure(&core) }
        let actions = core.restore(
            sessions: store.live, duties: store.duties, homes: store.homes.values.sorted { $0.learner < $1.learner },
            reservations: store.reservations.values.sorted { $0.id < $1.id }, claims: store.liveClaims, at: wall)
        self.core = core
        for action in actions { perform(action) }
        for session in store.live {
            if case .running(_, let endpoint, _) = session.state, routes[session.id] != endpoint {
                complain("\(session.id) has no route after the restart")
            }
        }
        if !configuresFirst {
            broker(takesIn: [
                .configure(labs: configuration.labs, hosts: configuration.hosts, freeFloorPercent: freeFloorPercent)
            ])
        }
        guard self.core != nil else { return }
        for host in configuration.hosts {
            plan(.monitor(host: host.name, generation: generation), in: random.milliseconds(1...3000))
        }
    }

    /// As a reload before the first event would: what it changes is committed at once.
    private func configure(_ core: inout BrokerCore) {
        _ = core.handle(
            .configure(labs: configuration.labs, hosts: configuration.hosts, freeFloorPercent: freeFloorPercent),
            at: wall)
        store.commit(core.pendingChanges)
        core.confirm()
    }

    func crash(_ why: String) {
        remember("broker crashes \(why)")
        count("crash")
        for host in engines.keys { engines[host]!.loseAccount() }
        core = nil
        inbox = []
        isWorkPlanned = false
        routes = [:]
        startTasks = [:]
        noTickBefore = Timestamp(milliseconds: 0)
        plan(.restartBroker, in: random.milliseconds(100...20_000))
    }

    func broker(takesIn events: [Event]) {
        guard core != nil else { return }
        var actions: [Action] = []
        for event in events {
            remember("event \(event)")
            adopt(for: event)
            actions += core!.handle(event, at: wall)
            for violation in core!.violations(at: wall) { complain(violation) }
        }
        if hasFaults, random.oneIn(150 * calmness) { return crash("before its commit") }
        if hasFaults, !core!.pendingChanges.isEmpty, random.oneIn(40 * calmness) { return commitFails(events) }
        for event in events {
            if case .labReported(let id, let epoch, let report) = event {
                let run = RunName(session: id, epoch: epoch)
                if report == .busy { lastBusy[run] = wall }
            }
        }
        checkTruth(of: core!.pendingChanges)
        store.commit(core!.pendingChanges)
        core!.confirm()
        checkMemoryIsDisk("after a commit")
        for action in actions {
            if hasFaults, random.oneIn(200 * calmness) { return crash("before \(action)") }
            remember("action \(action)")
            perform(action)
        }
    }

    private func commitFails(_ events: [Event]) {
        count("commit failed")
        remember("the commit fails")
        core!.rollback()
        checkMemoryIsDisk("after a rollback")
        // Requests are answered with the error; everything else did happen and is handed in again.
        inbox = events.filter { !$0.isRequest && !$0.isTick } + inbox
        noTickBefore = time + .milliseconds(500)
        planWork(in: .milliseconds(300))
    }

    /// What is over is on disk only; the core must see it before a request that means it.
    private func adopt(for event: Event) {
        let stored: Session? =
            switch event {
            case .launch(let learner, let lab, _, _, _): store.session(of: learner, lab: lab)
            case .restart(let id, _), .end(let id, _, _), .keep(let id, _), .extend(let id, _, _, _, _):
                store.sessions[id]
            default: nil
            }
        if let stored { core!.adopt(stored) }
    }

    // MARK: Actions

    private func perform(_ action: Action) {
        switch action {
        case .start(let id, let epoch, let host):
            start(RunName(session: id, epoch: epoch), on: host)
        case .remove(let id, let epoch, let host):
            remove(RunName(session: id, epoch: epoch), on: host)
        case .removeOrphan(let host, let containerID):
            checkOrphan(containerID, on: host)
            plan(.call(EngineCall(.removeOrphan(containerID), host: host, generation: generation)), in: delay())
        case .publishRoute(let id, let epoch, let endpoint):
            // Before its intent is on disk it would be a route that a restart forgets.
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
            if case .reservation(let id) = answer {
                count("reservation admitted")
                admitted.insert(id)
            }
            if case .refused(.noSeats(let conflict)) = answer {
                count("reservation refused")
                if conflict.free >= conflict.wanted { complain("refused although there are seats: \(conflict)") }
            }
            if case .refused(let refusal) = answer {
                count("refused")
                if refusal.message.isEmpty { complain("a refusal without words") }
            }
        case .changed, .queueMoved:
            break
        }
    }

    private func start(_ run: RunName, on host: String) {
        if let first = runHosts[run], first != host { complain("\(run) was started on \(first) and on \(host)") }
        runHosts[run] = host
        let stored = store.sessions[run.session]
        if stored == nil || stored!.epoch < run.epoch { complain("\(run) starts before its intent is on disk") }
        guard startTasks[run] == nil else { return }
        startTasks[run] = host
        call(.create(run), on: host)
    }

    private func remove(_ run: RunName, on host: String) {
        if let stored = store.sessions[run.session], stored.epoch == run.epoch {
            switch stored.state {
            case .starting, .running: complain("\(run) is removed while it is \(stored.state.name)")
            case .queued, .ending, .ended, .failed: break
            }
        }
        startTasks[run] = nil
        // The driver waits for the end of a call that is under way.
        let wait = max(Duration.zero, (busyUntil[run] ?? time) - time)
        plan(.call(EngineCall(.remove(run), host: host, generation: generation)), in: wait + delay())
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
    }

    func call(_ what: EngineCall.What, on host: String) {
        let wait = delay()
        if let run = what.startRun { busyUntil[run] = time + wait }
        plan(.call(EngineCall(what, host: host, generation: generation)), in: wait)
    }

    /// How long an engine takes.
    func delay() -> Duration { random.milliseconds(random.oneIn(10) && hasFaults ? 1...15_000 : 10...2000) }

    func monitor(_ host: String, generation: Int) {
        guard generation == self.generation, let core, let engine = engines[host] else { return }
        // As long as the core knows the host, or the configuration does, somebody looks at it.
        guard core.hostStatus(host) != nil else { return }
        if engine.isUp {
            deliver(.hostListed(host: host, containers: engine.listing), within: 1...3000)
        } else {
            deliver(.hostSilent(host: host, reason: "connection refused"))
        }
        plan(.monitor(host: host, generation: generation), in: random.milliseconds(5000...30_000))
    }
}

extension Event {
    var isRequest: Bool {
        switch self {
        case .launch, .restart, .end, .keep, .extend, .reserve, .cancelReservation, .cordon, .uncordon, .drain,
            .declareLost:
            true
        default: false
        }
    }

    var isTick: Bool { if case .tick = self { true } else { false } }
}
