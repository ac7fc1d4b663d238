import Identity

/// Learners' requests: a lab, *Start again*, the end.
extension BrokerCore {
    /// Loads a session that is over back into the core, for the request that follows; a session already in memory is
    /// left unchanged.
    public mutating func adopt(_ session: Session) {
        guard entries[session.id] == nil, session.state.isOver else { return }
        guard sessionsOf[LearnerKey(session.learner)]?[session.lab] == nil else { return }
        set(session.id, Entry(session))
        journal.adopted.insert(session.id)
    }

    mutating func launch(
        _ learner: Learner, lab name: String, context: String?, newID: SessionID, at now: Timestamp
    ) -> Answer {
        let lab = LabKey(portal: learner.portal, name: name)
        if let id = sessionsOf[LearnerKey(learner)]?[lab], var entry = entries[id] {
            let isNewName = entry.session.learner.name != learner.name
            entry.session.learner.name = learner.name
            switch entry.session.state {
            case .queued:
                entry.session.context = context ?? entry.session.context
                if let claim = claimSeat(for: &entry, at: now) {
                    store(entry, at: now, because: .claimed(claim))
                } else if isNewName || context != nil {
                    store(entry)
                }
                return .session(id)
            case .starting, .running:
                if isNewName { store(entry) }
                return .session(id)
            case .ending, .parking, .parked, .ended, .failed:
                entry.session.context = context ?? entry.session.context
                return revive(entry, at: now)
            }
        }
        if let refusal = refusal(of: lab, to: LearnerKey(learner)) ?? refusalByQuota(of: lab.portal) {
            return .refused(refusal)
        }
        guard entries[newID] == nil else {
            return .refused(.notNow(.sessionIDInUse))
        }
        let session = Session(
            id: newID, learner: learner, lab: name, epoch: 1, state: .queued(since: now), createdAt: now,
            lastActivityAt: now, context: context)
        var entry = Entry(session)
        let claim = claimSeat(for: &entry, at: now)
        store(entry, at: now, because: .launched(claim, fullCohort: fullCohortSeats(entry, at: now)))
        return .session(newID)
    }

    mutating func restart(_ id: SessionID, at now: Timestamp) -> Answer {
        guard let entry = entries[id] else { return .refused(.unknownSession(id)) }
        switch entry.session.state {
        case .queued, .starting, .running: return .session(id)
        case .ending, .parking, .parked, .ended, .failed: return revive(entry, at: now)
        }
    }

    mutating func end(_ id: SessionID, reason: EndReason, at now: Timestamp) -> Answer {
        guard let entry = entries[id] else { return .refused(.unknownSession(id)) }
        switch entry.session.state {
        case .queued, .starting, .running, .parked: beginEnding(entry, reason: reason, at: now)
        case .parking(let host, _, _): endParking(entry, on: host, reason: reason, at: now)
        case .ending, .ended, .failed: break
        }
        return .session(id)
    }

    mutating func leaveQueue(_ id: SessionID, at now: Timestamp) -> Answer {
        guard let entry = entries[id] else { return .refused(.unknownSession(id)) }
        switch entry.session.state {
        case .queued: beginEnding(entry, reason: .leftQueue, at: now)
        case .starting, .running, .parking, .parked:
            return .refused(.notNow(.notQueued))
        case .ending, .ended, .failed: break
        }
        return .session(id)
    }

    /// Starts a new run of a session that is over or ending: an old container that is still being removed becomes a
    /// leftover.
    mutating func revive(_ old: Entry, at now: Timestamp) -> Answer {
        if let refusal = refusal(of: old.session.lab, to: old.learner) { return .refused(refusal) }
        // A session that is not over counts already.
        if old.session.state.isOver, let refusal = refusalByQuota(of: old.learner.portal) { return .refused(refusal) }
        // Its page says why it failed and when it can be tried again. If the clock was set back since, it can be tried
        // now.
        if case .failed(_, .lab, let at) = old.session.state, (at..<at + Limits.failedStartPause).contains(now) {
            return .session(old.session.id)
        }
        var session = old.session
        session.epoch += 1
        session.state = .queued(since: now)
        session.failedAttempts = 0
        session.lastActivityAt = now
        session.stay = Stay()
        session.warm = nil
        session.charge = 0
        let wasParked: Bool
        switch old.session.state {
        case .ending(let host, _, _):
            wasParked = false
            leaveBehindEnding(old, on: host)
        case .parking(let host, _, _):
            wasParked = true
            leaveBehindEnding(old, on: host)
        case .parked: wasParked = true
        case .queued, .starting, .running, .ended, .failed: wasParked = false
        }
        session.reservation = nil
        var entry = Entry(session)
        let claim = claimSeat(for: &entry, at: now)
        let full = fullCohortSeats(entry, at: now)
        store(entry, at: now, because: .revived(wasParked: wasParked, claim, fullCohort: full))
        return .session(session.id)
    }

    /// The seats of the cohort that is meant for a learner without a seat of it, if all are claimed.
    private func fullCohortSeats(_ entry: Entry, at now: Timestamp) -> Int? {
        entry.session.reservation == nil ? fullCohort(of: entry, at: now)?.terms.seats : nil
    }

    /// The reservation that is meant for this learner and has no unclaimed seat left.
    func fullCohort(of entry: Entry, at now: Timestamp) -> Reservation? {
        let offered = seating.offered[entry.session.lab] ?? []
        return offered.compactMap { reservations[$0] }.filter {
            $0.terms.opensAt <= now && now < $0.terms.to
                && $0.terms.isMeantFor(entry.learner, context: entry.session.context)
                && claims[$0.id, default: []].count >= $0.terms.seats
        }.min(by: <)
    }

    /// Why a launch is refused; `nil` if it is accepted, even if only into the queue.
    private func refusal(of key: LabKey, to learner: LearnerKey) -> Refusal? {
        guard let lab = catalogue.offered(key) else { return .unknownLab(key) }
        if let reason = neverFits(lab, learner) { return .neverFits(reason) }
        guard queueLength < Limits.queueLength else {
            return .limit(.queueLength)
        }
        return nil
    }

    /// Why no configured host could ever serve this lab to this learner, even if it were empty and healthy.
    func neverFits(_ lab: Lab, _ learner: LearnerKey) -> Misfit? {
        if let bound = boundHost(of: learner, for: lab.key) {
            guard let host = record(of: bound), host.settings.isConfigured else { return .homeHostGone(host: bound) }
            guard host.spec.couldHold(lab.memoryBytes) else {
                return .homeHostTooSmall(
                    host: bound, lab: lab.name, needed: lab.memoryBytes, limit: host.memoryLimit)
            }
            guard host.spec.satisfies(lab.requires) else {
                return .homeHostLabels(host: bound, lab: lab.name, labels: lab.requires)
            }
            return nil
        }
        if hosts.contains(where: { $0.settings.isConfigured && $0.spec.couldServe(lab) }) { return nil }
        let configured = hosts.filter(\.settings.isConfigured)
        guard !configured.isEmpty else { return .noHosts }
        guard let largest = configured.filter({ $0.spec.satisfies(lab.requires) }).map(\.memoryLimit).max() else {
            return .noLabels(lab: lab.name, labels: lab.requires)
        }
        return .tooLarge(lab: lab.name, needed: lab.memoryBytes, largest: largest)
    }
}
