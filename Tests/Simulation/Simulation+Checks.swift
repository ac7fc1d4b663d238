import BrokerCore

/// The invariants of the world, seen from outside the core.
extension Simulation {
    func checkAfterStep() {
        for complaint in store.complaints { complain(complaint) }
        for id in acknowledged where store.sessions[id] == nil { complain("the acknowledged launch \(id) is lost") }
        guard let core else { return }
        let isTickDue = core.nextDeadline.map { $0 <= wall } ?? false
        if !isTickDue {
            checkDrains(core)
            checkAnnounced(core)
        }
        // Lifetimes and reservations follow the wall clock, but the duration of a start does not.
        if !hasClockJumped, !isTickDue {
            for promise in core.brokenPromises(at: wall) { complain(promise) }
            checkReservedTime(core)
        }
        // When nothing is in progress, the edge knows exactly the running labs.
        for session in core.sessions {
            if case .running(_, let endpoint, _) = session.state {
                if routes[session.id] != endpoint { complain("\(session.id) runs without its route") }
            } else if routes[session.id] != nil {
                complain("\(session.id) is \(session.state.name) and has a route")
            }
        }
        for id in routes.keys where core.session(id) == nil { complain("\(id) is over and has a route") }
    }

    /// Checks that memory and disk agree after every commit and every rollback.
    func checkMemoryIsDisk(_ when: String) {
        guard let core else { return }
        for violation in core.violations(at: wall) { complain("\(violation) \(when)") }
        var inMemory = 0
        for session in core.sessions {
            inMemory += 1
            guard var stored = store.sessions[session.id] else {
                complain("\(session.id) is in memory and not on disk \(when)")
                continue
            }
            // Activity may be written with a delay.
            let written = stored.lastActivityAt
            stored.lastActivityAt = session.lastActivityAt
            stored.stay.source = session.stay.source
            if stored != session { complain("\(session.id) \(when): \(session) in memory, \(stored) on disk") }
            if session.lastActivityAt - written > Limits.activityWriteInterval {
                complain("\(session.id): the activity on disk is old")
            }
        }
        checkReservations()
        if core.addedHosts.filter({ host in !configuration.hosts.contains { $0.name == host.spec.name } })
            != store.storedHosts.entries
        {
            complain("other hosts are added than are on disk \(when)")
        }
        if core.rolling != store.rollingDrain { complain("another rolling drain is on disk \(when)") }
        if inMemory != store.live.count { complain("\(inMemory) live in memory, \(store.live.count) on disk \(when)") }
    }

    /// Checks that the core and the disk agree on the admitted reservations.
    func checkReservations() {
        for id in admitted where store.reservations[id] == nil { complain("the admitted reservation \(id) is lost") }
        for reservation in store.reservations.values {
            let isOpen = [.booked, .closed].contains(reservation.phase)
            if core?.reservation(reservation.id) != (isOpen ? reservation : nil) {
                complain("\(reservation.id) is on disk as \(reservation)")
            }
        }
    }

    /// Checks changes of sessions that are about to be written against the actual state of the world.
    func checkTruth(of changes: [Change]) {
        for case .story(let line) in changes {
            switch line.reason {
            case .warnedOfIdleness, .warned:
                count("warned")
                warned.insert(RunName(session: line.session, epoch: line.epoch))
            default: break
            }
        }
        var leaving: Set<SessionID> = []
        for case .session(let session) in changes {
            let run = RunName(session: session.id, epoch: session.epoch)
            if ["ending", "parking"].contains(session.state.name) { leaving.insert(session.id) }
            checkExtension(session, run)
            // A session that is now over had the container that is on disk.
            let container = RunName(store.sessions[session.id]?.warm == nil ? session : store.sessions[session.id]!)
            let wasRunning = store.sessions[session.id]?.state.name == "running"
            switch session.state {
            case .ending(_, let reason, _) where wasRunning: checkForetold(session, run, comesAs: .ends(reason))
            case .parking(_, let reason, _) where wasRunning: checkForetold(session, run, comesAs: .parks(reason))
            default: break
            }
            switch session.state {
            case .running(_, let endpoint, _):
                // Its own container, which may differ from the one on disk: a failed start is followed by another claim
                // immediately.
                let container = RunName(session)
                if endpoints[endpoint] != container {
                    complain("\(container) runs at the endpoint of \(endpoints[endpoint]!)")
                }
                checkHome(of: session, container)
                if session.warm != nil, !wasRunning { count("claimed and running") }
            case .queued where wasRunning && !leaving.contains(session.id):
                count("moved from a lost host")
                let host = store.sessions[session.id]?.state.host ?? ""
                let isLost = store.duties[host] == .lost || changes.contains(.duty(host: host, .lost))
                if !isLost || !sharedHomes { complain("\(run) left \(host), which is not lost") }
            case .ending(let host, .lost, _) where wasRunning:
                count("ended with a lost host")
                if sharedHomes { complain("\(run) ended with \(host) although its files are elsewhere") }
            case .ending(_, .idle(let timeoutSeconds), _) where wasRunning:
                count("ended idle")
                checkIdleEnd(session, run, timeout: .seconds(timeoutSeconds))
            case .parking(_, let reason, _) where wasRunning:
                checkParking(session, run, reason)
            case .ending(_, .operatorEnded(let note), _) where wasRunning:
                checkAnnouncedEnd(note, of: session)
            case .parked: checkParked(session, container)
            case .ended(.parked, _):
                count("ended parked")
                checkParkedEnd(session, run)
            case .ending(_, .lifetime(let limitSeconds), _) where wasRunning:
                count("ended at its lifetime")
                checkLifetimeEnd(session, run, limit: .seconds(limitSeconds))
            case .ending(let host, .vanished, _) where wasRunning, .ending(let host, .exited, _) where wasRunning:
                let engine = engines[host]!
                if engine.isRunning(container), !engine.cameBack.contains(container) {
                    complain("\(run) is said to be gone, and runs")
                }
            default:
                break
            }
        }
    }

    /// Checks that a learner sees their own files and nobody else's.
    private func checkHome(of session: Session, _ container: RunName) {
        guard let host = session.state.host, allLabs.first(where: { $0.key == session.lab })?.files == .home else {
            return
        }
        let home = engines[host]?.homes[container]
        if home != session.learner.id {
            complain("\(container) of \(session.learner.id) shows the home of \(home ?? "nobody")")
        }
    }

    /// Checks that the session ends no earlier than its lifetime plus its extensions.
    private func checkLifetimeEnd(_ session: Session, _ run: RunName, limit: Duration) {
        guard case .running(_, _, let since) = store.sessions[session.id]?.state else { return }
        guard let lab = allLabs.first(where: { $0.key == session.lab }) else { return }
        let lifetime = lab.maximumLifetime + session.stay.extended
        let lived = wall - (since + stepJump)
        if lived < lifetime { complain("\(run) ended after \(lived) of its \(lifetime)") }
        if (lifetime - limit).wholeMilliseconds >= 1000 { complain("\(run) says that it lived \(limit)") }
        if session.stay.extended > .zero { count("ended extended") }
        checkWarned(run, of: lab)
    }

    /// Checks that every learner was warned, if faults have been absent for long enough.
    private func checkWarned(_ run: RunName, of lab: Lab) {
        guard lab.idleWarning > .zero, let calmSince, time - calmSince > .seconds(200) else { return }
        if !warned.contains(run) { complain("\(run) ended without a warning") }
    }

    /// Checks that no session ends for idleness if its last activity is too recent, or its kernel was busy recently; a
    /// JupyterLab must also have been asked first.
    func checkIdleEnd(_ session: Session, _ run: RunName, timeout: Duration) {
        if wall - session.lastActivityAt < timeout {
            complain("\(run) ended for idleness after \(wall - session.lastActivityAt)")
        }
        if let tookJumpAt, time - tookJumpAt < min(Limits.returnGrace, timeout) {
            complain("\(run) ended for idleness \(time - tookJumpAt) after the clock was set")
        }
        if let floor = session.stay.notIdleBefore, wall < floor {
            complain("\(run) ended for idleness before \(floor)")
        }
        if let lab = allLabs.first(where: { $0.key == session.lab }) { checkWarned(run, of: lab) }
        if let busy = lastBusy[run], wall - busy < timeout { complain("\(run) ended with a busy kernel") }
        let isReachable = session.state.host.flatMap { core?.hostStatus($0)?.link } == .reachable
        if session.lab.name == "python", isReachable, !asked.contains(run) {
            complain("\(run) ended without a question")
        }
    }

    /// Checks that containers do not exceed slots, among those that this broker created without an interruption since.
    func checkCrowding(on host: String) {
        let count = engines[host]!.containers.values.filter(\.isAccountedFor).count
        if count > mostSlots[host] ?? 0 { complain("\(count) containers on \(host), \(mostSlots[host] ?? 0) slots") }
    }

    private func owner(of run: RunName) -> Session? { store.sessions.values.first { RunName($0) == run } }

    func checkOrphan(_ containerID: String, on host: String) {
        guard let container = engines[host]?.containers.values.first(where: { $0.id == containerID }),
            let session = owner(of: container.run)
        else { return }
        switch session.state {
        case .starting(host, _, _), .running(host, _, _): complain("the container of \(session) is taken for an orphan")
        default: break
        }
    }

    /// Checks that after a drain's deadline no session runs or starts on the host.
    func checkDrains(_ core: BrokerCore) {
        for status in core.hostStatuses {
            guard case .draining(let deadline) = status.duty, deadline <= wall else { continue }
            for session in core.sessions where session.state.host == status.name {
                guard ["ending", "parking"].contains(session.state.name) else {
                    return complain("\(session.id) is \(session.state.name) on \(status.name), drained by now")
                }
            }
        }
    }
}
