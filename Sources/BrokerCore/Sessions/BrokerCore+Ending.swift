/// From the decision to end a run until nothing is left of it.
extension BrokerCore {
    mutating func beginEnding(_ old: Entry, reason: EndReason, evidence: IdleEvidence? = nil, at now: Timestamp) {
        guard let host = old.session.state.host else {
            // A queued or parked session has no container to remove.
            var entry = old
            entry.wake = nil
            entry.session.state = .ended(reason: reason, at: now)
            return store(entry, at: now, because: .ends(reason, evidence))
        }
        leave(
            old, on: host, as: .ending(host: host, reason: reason, since: now), because: .ends(reason, evidence),
            at: now)
    }

    /// Ends the run of a seated session: its route is withdrawn and its container removed.
    mutating func leave(
        _ old: Entry, on host: String, as state: SessionState, because reason: StoryReason, at now: Timestamp
    ) {
        var entry = old
        entry.inquiry = .none
        entry.idleNotBefore = nil
        entry.notice = Entry.Notice()
        entry.wake = nil
        if case .running = entry.session.state { emit(.withdrawRoute(entry.session.id)) }
        entry.session.state = state
        store(entry, at: now, because: reason)
        guard let record = record(of: host), !isGone(record) else { return finish(entry, at: now) }
        // On a host that does not answer, the removal waits until it returns.
        if record.isReachable { remove(entry.container, on: host) }
    }

    /// The session continues after an ending run: the removal in progress becomes a leftover.
    mutating func leaveBehindEnding(_ entry: Entry, on host: String) {
        let leftover = Leftover(
            host: host, memory: entry.seatMemory, session: entry.session.id, hasFailed: entry.wake != nil,
            retryAt: entry.wake)
        setLeftover(entry.container, leftover)
    }

    /// Nothing is left of the run, as far as is known.
    mutating func finish(_ old: Entry, at now: Timestamp) {
        let host: String
        let after: SessionState
        switch old.session.state {
        case .ending(let on, let reason, _): (host, after) = (on, .ended(reason: reason, at: now))
        case .parking(let on, let reason, _): (host, after) = (on, .parked(reason: reason, since: now))
        case .queued, .starting, .running, .parked, .ended, .failed: return
        }
        var entry = old
        entry.session.state = after
        entry.session.warm = nil
        entry.seatMemory = 0
        entry.wake = if case .parked = after { parkedEnd(of: entry, since: now) } else { nil }
        let isKnown = record(of: host).map { !isGone($0) } ?? false
        let outcome: StoryReason =
            if isKnown {
                .containerRemoved(host: host)
            } else if isLost(host) {
                .containerOnLostHost(host: host)
            } else {
                .containerOnForgottenHost(host: host)
            }
        store(entry, at: now, because: outcome)
        endUnlessResumable(entry.session.id, at: now)
    }

    mutating func containerRemoved(_ name: SessionID, epoch: Int, at now: Timestamp) {
        let run = Run(session: name, epoch: epoch)
        if leftovers[run] != nil { return setLeftover(run, nil) }
        if let warm = warmEntry(name) { return warmIsLost(warm, at: now) }
        let (id, epoch) = owner(of: name, epoch: epoch)
        guard let entry = current(id, epoch) else { return }
        switch entry.session.state {
        case .ending, .parking:
            finish(entry, at: now)
        case .running(let host, _, _):
            beginEnding(entry, reason: .vanished(host: host), at: now)
        case .starting(let host, _, _):
            attemptFailed(entry, on: host, because: .containerRemoved, at: now)
        case .queued, .parked, .ended, .failed:
            break
        }
    }

    mutating func removeFailed(_ name: SessionID, epoch: Int, message: String, at now: Timestamp) {
        let run = Run(session: name, epoch: epoch)
        let (id, epoch) = owner(of: name, epoch: epoch)
        if var leftover = leftovers[run] {
            leftover.hasFailed = true
            leftover.retryAt = now + Limits.removeRetryDelay
            return setLeftover(run, leftover)
        }
        guard var entry = current(id, epoch), entry.session.state.isLeaving, let host = entry.session.state.host else {
            return
        }
        // One line in the story is enough, because the removal is retried every few seconds.
        if entry.wake == nil {
            note(entry.session, at: now, host: host, reason: .removalFailed(message: message))
        }
        entry.wake = now + Limits.removeRetryDelay
        set(id, entry)
    }

    mutating func retryRemoval(_ run: Run) {
        guard var leftover = leftovers[run] else { return }
        leftover.retryAt = nil
        setLeftover(run, leftover)
        if record(of: leftover.host)?.isReachable == true { remove(run, on: leftover.host) }
    }

    mutating func remove(_ container: Run, on host: String) {
        emit(.remove(container.session, epoch: container.epoch, host: host))
    }

    mutating func retryRemoval(of old: Entry, on host: String) {
        var entry = old
        entry.wake = nil
        set(entry.session.id, entry)
        if record(of: host)?.isReachable == true { remove(entry.container, on: host) }
    }

    mutating func containerExited(_ name: SessionID, epoch: Int, code: Int, outOfMemory: Bool, at now: Timestamp) {
        if let warm = warmEntry(name) { return warmIsLost(warm, at: now) }
        let (id, epoch) = owner(of: name, epoch: epoch)
        guard let entry = current(id, epoch) else { return }
        switch entry.session.state {
        case .running:
            beginEnding(entry, reason: .exited(code: code, outOfMemory: outOfMemory), at: now)
        case .starting(let host, _, _):
            attemptFailed(
                entry, on: host, because: .containerStopped(code: code, outOfMemory: outOfMemory),
                fault: StartFault(exitCode: code), at: now)
        case .queued, .ending, .parking, .parked, .ended, .failed:
            break
        }
    }

    /// The run ends because the learner would never see anything that the lab writes from now on.
    ///
    /// A listing older than the lab's readiness may mean the container that was replaced because the home could not be
    /// attached. A lab that is starting is left to its start; a later listing finds it running.
    mutating func homeLost(_ name: SessionID, epoch: Int, asked: Int, at now: Timestamp) {
        if let warm = warmEntry(name) {
            if asked >= warm.readyAt { warmIsLost(warm, at: now) }
            return
        }
        let (id, epoch) = owner(of: name, epoch: epoch)
        guard let entry = current(id, epoch), asked >= entry.readyAt,
            case .running(let host, _, _) = entry.session.state
        else { return }
        beginEnding(entry, reason: .homeLost(host: host), at: now)
    }
}
