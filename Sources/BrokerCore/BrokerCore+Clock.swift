/// Handles a step of the wall clock: timers that run from an event are shifted with it, appointments are not.
///
/// Timestamps express both. Idleness, lifetimes, parking, waiting times, retries and the silence of hosts are
/// durations: their timestamps are shifted by the jump, so that the same time remains as before. Reservations, the end
/// of a seat extended beyond a reservation, drains and links are appointments: they keep their timestamps and may
/// become due at once.
///
/// An end that an operator has announced is a time that the learner was given, so it does not move either. A forward
/// jump must still leave learners time to save their work: as much as the idle warning gives, or as much as they had
/// before if that was less.
extension BrokerCore {
    mutating func clockJumped(by jump: Duration, at now: Timestamp) {
        guard jump != .zero else { return }
        knownStays = [:]
        for host in hosts { shiftLink(of: host, by: jump) }
        shiftQueues(by: jump)
        for id in entries.keys.sorted() {
            guard let entry = entries[id] else { continue }
            shift(entry, by: jump, at: now)
        }
        for run in leftovers.keys.sorted() {
            guard var leftover = leftovers[run], let retryAt = leftover.retryAt else { continue }
            leftover.retryAt = retryAt + jump
            setLeftover(run, leftover)
        }
        for id in warm.entries.keys.sorted() {
            guard var entry = warm[id] else { continue }
            entry.seat.state = entry.seat.state.shifted(by: jump)
            store(entry)
        }
        for key in poolKeys {
            warm.retryAt[key] = warm.retryAt[key].map { $0 + jump }
            warm.claims[key] = warm.claims[key]?.map { $0 + jump }
            if let time = poolDeadline(key) { alarms.ensure(.pool(key), by: time) }
        }
        measured.writtenAt = measured.writtenAt.map { $0 + jump }
        if !reservations.isEmpty {
            journal.keep(reservationsDue: reservationsDue)
            reservationsDue = now
        }
        step.mayPlace = true
        step.mayPromise = true
    }

    private mutating func shiftLink(of host: HostRecord, by jump: Duration) {
        var settings = host.settings
        switch settings.host.link {
        case .silent(let since, let reason): settings.host.link = .silent(since: since + jump, reason: reason)
        case .unreachable(let since, let reason): settings.host.link = .unreachable(since: since + jump, reason: reason)
        case .connecting, .reachable, .duplicate: return
        }
        setHost(host.name, settings)
    }

    /// Waiting sessions keep their order, and new ones queue behind them.
    private mutating func shiftQueues(by jump: Duration) {
        journal.keep(turns: queue.turns)
        journal.keep(cohortTurns: cohorts.turns)
        queue.shift(by: jump)
        cohorts.shift(by: jump)
        for (id, old) in entries {
            guard case .queued(let since) = old.session.state else { continue }
            journal.keep(old, of: id)
            // Its ticket has been shifted already, so its place in the queue does not change.
            entries[id]?.session.state = .queued(since: since + jump)
        }
    }

    private mutating func shift(_ old: Entry, by jump: Duration, at now: Timestamp) {
        var entry = old.shifted(by: jump)
        keepNotice(&entry, after: jump, at: now)
        switch entry.session.state {
        case .running(let host, _, let since):
            // The connection to the lab and the clocks that measure its activity may have stopped during the jump too.
            let grace = now + returnGrace(of: entry)
            entry.idleNotBefore = max(grace, entry.idleNotBefore ?? grace)
            if let lab = lab(entry.session.lab), case .running(_, _, let former) = old.session.state,
                old.warned.lifetime == lifetimeEnd(of: old, runningSince: former, lab)
            {
                entry.warned.lifetime = lifetimeEnd(of: entry, runningSince: since, lab)
            }
            entry.wake = nextLook(at: entry, runningSince: since, on: host)
        case .parked(_, let since): entry.wake = parkedEnd(of: entry, since: since)
        case .queued, .starting, .ending, .parking: entry.wake = entry.wake.map { $0 + jump }
        case .ended, .failed: return
        }
        store(entry)
        guard case .running(let host, _, _) = entry.session.state else { return }
        let announced = entry.session.stay.announcedEnd
        let moved = announced == old.session.stay.announcedEnd ? nil : announced.map { $0.at - now }
        note(
            entry.session, at: now, host: host,
            reason: .clockMoved(by: jump, grace: returnGrace(of: entry), announcedEndIn: moved))
    }

    /// After a forward jump, an announced end leaves its learner the warning time, but no more than they had before.
    private func keepNotice(_ entry: inout Entry, after jump: Duration, at now: Timestamp) {
        guard jump > .zero, let announced = entry.session.stay.announcedEnd else { return }
        switch entry.session.state {
        case .queued, .starting, .running: break
        case .ending, .parking, .parked, .ended, .failed: return
        }
        let noticed = now + (lab(entry.session.lab)?.idleWarning ?? .zero)
        entry.session.stay.announcedEnd?.at = max(announced.at, min(announced.at + jump, noticed))
    }
}

extension Entry {
    /// Shifts all start times of durations by the clock's jump. The position in the queue has been shifted already.
    fileprivate func shifted(by jump: Duration) -> Entry {
        var entry = self
        entry.session.state = session.state.shifted(by: jump)
        entry.session.lastActivityAt = session.lastActivityAt + jump
        entry.session.stay.notIdleBefore = session.stay.notIdleBefore.map { $0 + jump }
        entry.queuedSince = queuedSince + jump
        entry.idleNotBefore = idleNotBefore.map { $0 + jump }
        entry.warned.idle = warned.idle.map { $0 + jump }
        entry.notice.idle = notice.idle.map { $0 + jump }
        entry.notice.lifetime = notice.lifetime.map { $0 + jump }
        entry.memoryToldAt = memoryToldAt.map { $0 + jump }
        switch inquiry {
        case .none: break
        case .asked(let at): entry.inquiry = .asked(at: at + jump)
        case .busy(let askAgainAt): entry.inquiry = .busy(askAgainAt: askAgainAt + jump)
        }
        return entry
    }
}

extension SessionState {
    fileprivate func shifted(by jump: Duration) -> SessionState {
        switch self {
        case .starting(let host, let step, let since): .starting(host: host, step: step, since: since + jump)
        case .running(let host, let endpoint, let since):
            .running(host: host, endpoint: endpoint, since: since + jump)
        case .ending(let host, let reason, let since): .ending(host: host, reason: reason, since: since + jump)
        case .parking(let host, let reason, let since): .parking(host: host, reason: reason, since: since + jump)
        case .parked(let reason, let since): .parked(reason: reason, since: since + jump)
        case .queued, .ended, .failed: self
        }
    }
}

extension WarmSeat.State {
    fileprivate func shifted(by jump: Duration) -> WarmSeat.State {
        switch self {
        case .starting(let since): .starting(since: since + jump)
        case .ready(let endpoint, let since): .ready(endpoint, since: since + jump)
        }
    }
}
