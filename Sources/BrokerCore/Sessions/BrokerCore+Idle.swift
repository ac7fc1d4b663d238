import Identity

/// How long a running lab lives: activity, the inquiry to the lab, the warning, the two timeouts.
extension BrokerCore {
    /// A lab as configured; if it was removed, as its running sessions know it.
    public func lab(_ key: LabKey) -> Lab? { catalogue.lab(key) }

    /// When a running session must next be checked. While its host does not answer, nothing is known about the session
    /// and nothing can be done for it, so only its maximum lifetime counts.
    func nextLook(at entry: Entry, runningSince since: Timestamp, on host: String) -> Timestamp? {
        // Without its lab's terms the session cannot continue.
        guard let lab = lab(entry.session.lab) else { return catalogue.isConfigured ? since : nil }
        let lifetimeEnd = lifetimeEnd(of: entry, runningSince: since, lab)
        let announced = entry.session.stay.announcedEnd?.at ?? lifetimeEnd
        let lifetime = min(
            announced, entry.warned.lifetime == lifetimeEnd ? lifetimeEnd : lifetimeEnd - lab.idleWarning)
        guard let record = record(of: host), record.isReachable || isGone(record) else { return lifetime }
        switch entry.inquiry {
        case .asked(let at): return min(at + Limits.labReportTimeout, lifetime)
        case .busy(let askAgainAt): return min(askAgainAt, lifetime)
        case .none:
            let idleEnd = idleEnd(of: entry, lab)
            return min(entry.warned.idle == idleEnd ? idleEnd : idleEnd - lab.idleWarning, lifetime)
        }
    }

    /// When a session loses its reserved seat: the end of the overrun, or of its extension beyond that.
    func reservedUntil(_ entry: Entry) -> Timestamp? {
        let extended = entry.session.stay.seatUntil
        guard let end = entry.session.reservation.flatMap({ reservations[$0] })?.terms.endsAt else { return extended }
        return max(end, extended ?? end)
    }

    /// How long nothing ends for idleness after labs were out of reach.
    func returnGrace(of entry: Entry) -> Duration {
        min(Limits.returnGrace, lab(entry.session.lab)?.idleTimeout ?? Limits.returnGrace)
    }

    func idleEnd(of entry: Entry, _ lab: Lab) -> Timestamp {
        let end = entry.session.lastActivityAt + lab.idleTimeout
        return max(
            end, entry.idleNotBefore ?? end, entry.session.stay.notIdleBefore ?? end, entry.notice.idle ?? end)
    }

    /// When a running session reaches its lab's maximum lifetime, regardless of a reserved seat.
    func ownLifetimeEnd(of entry: Entry, runningSince since: Timestamp, _ lab: Lab) -> Timestamp {
        let end = since + lab.maximumLifetime + entry.session.stay.extended
        return max(end, entry.notice.lifetime ?? end)
    }

    /// The end that a running session reaches regardless of activity, not counting drains.
    func certainEnd(
        of entry: Entry, runningSince since: Timestamp, _ lab: Lab
    ) -> (at: Timestamp, reason: EndReason) {
        let end = ownLifetimeEnd(of: entry, runningSince: since, lab)
        if let reserved = reservedUntil(entry), reserved <= end { return (reserved, .reservationOver) }
        return (end, lifetimeReason(of: entry, lab))
    }

    /// When a running session ends regardless of activity.
    func lifetimeEnd(of entry: Entry, runningSince since: Timestamp, _ lab: Lab) -> Timestamp {
        certainEnd(of: entry, runningSince: since, lab).at
    }

    /// Handles a session's alarm.
    mutating func lookAt(_ id: SessionID, at now: Timestamp) {
        guard let entry = entries[id] else { return }
        switch entry.session.state {
        case .running(let host, let endpoint, let since):
            lookAtRunning(entry, on: host, endpoint: endpoint, since: since, at: now)
        case .ending(let host, _, _), .parking(let host, _, _):
            retryRemoval(of: entry, on: host)
        case .parked(_, let since):
            lookAtParked(entry, since: since, at: now)
        case .queued, .starting, .ended, .failed:
            sleep(entry, until: nil)
        }
    }

    private mutating func lookAtRunning(
        _ old: Entry, on host: String, endpoint: Endpoint, since: Timestamp, at now: Timestamp
    ) {
        var entry = old
        guard let record = record(of: host) else { return sleep(entry, until: nil) }
        guard let lab = lab(entry.session.lab) else {
            return beginEnding(entry, reason: .removed(entry.session.lab), at: now)
        }
        let certain = certainEnd(of: entry, runningSince: since, lab)
        if let end = entry.session.stay.announcedEnd, now >= end.at, end.at <= certain.at {
            return beginEnding(entry, reason: end.reason, at: now)
        }
        if now >= certain.at { return beginEnding(entry, reason: certain.reason, at: now) }
        warn(&entry, lab, of: certain, at: now)
        guard record.isReachable || isGone(record) else {
            entry.inquiry = .none
            return sleep(entry, until: nextLook(at: entry, runningSince: since, on: host))
        }
        // There is no lab to ask on a host that is gone, and a new configuration may have made the lab a kind without
        // kernels.
        let canBeAsked = lab.kind == .jupyter && record.isReachable
        if !canBeAsked { entry.inquiry = .none }
        if case .asked(let asked) = entry.inquiry, now >= asked + Limits.labReportTimeout {
            entry.inquiry = .none
            guard idleEnd(of: entry, lab) > now else { return endIdle(entry, lab, by: .noAnswer, at: now) }
            warnOfIdleness(&entry, lab, at: now)
        }
        if !canBeAsked {
            guard idleEnd(of: entry, lab) > now else { return endIdle(entry, lab, by: .edge, at: now) }
            warnOfIdleness(&entry, lab, at: now)
        }
        let due = nextLook(at: entry, runningSince: since, on: host) ?? now
        if due > now { return sleep(entry, until: due) }
        entry.inquiry = .asked(at: now)
        sleep(entry, until: nextLook(at: entry, runningSince: since, on: host))
        emit(.askLab(entry.session.id, epoch: entry.session.epoch, endpoint))
    }

    private mutating func sleep(_ old: Entry, until time: Timestamp?) {
        var entry = old
        entry.wake = time
        set(entry.session.id, entry)
    }

    // MARK: The warnings

    /// If a new configuration moves the ends of a running session, perhaps into the past, gives it the warning time
    /// first, but no more time than it had before.
    func giveNotice(_ entry: inout Entry, runningSince since: Timestamp, from old: Lab, to new: Lab, at now: Timestamp)
    {
        let noticed = now + new.idleWarning
        let idle = idleEnd(of: entry, old)
        if idleEnd(of: entry, new) < min(idle, noticed) { entry.notice.idle = min(idle, noticed) }
        let lifetime = lifetimeEnd(of: entry, runningSince: since, old)
        if lifetimeEnd(of: entry, runningSince: since, new) < min(lifetime, noticed) {
            entry.notice.lifetime = min(lifetime, noticed)
        }
    }

    /// Whether the learner was warned of the current idle end.
    func isWarnedOfIdleness(_ entry: Entry) -> Bool {
        guard let warned = entry.warned.idle, let lab = lab(entry.session.lab) else { return false }
        return warned == idleEnd(of: entry, lab)
    }

    private mutating func warnOfIdleness(_ entry: inout Entry, _ lab: Lab, at now: Timestamp) {
        let end = idleEnd(of: entry, lab)
        guard lab.idleWarning > .zero, now >= end - lab.idleWarning, entry.warned.idle != end else { return }
        entry.warned.idle = end
        warn(entry, .warnedOfIdleness(in: end - now, parks: parks(entry, lab)), at: now)
    }

    private mutating func warn(
        _ entry: inout Entry, _ lab: Lab, of end: (at: Timestamp, reason: EndReason), at now: Timestamp
    ) {
        guard lab.idleWarning > .zero, now >= end.at - lab.idleWarning, entry.warned.lifetime != end.at else { return }
        entry.warned.lifetime = end.at
        warn(entry, .warned(of: end.reason, in: end.at - now), at: now)
    }

    private mutating func warn(_ entry: Entry, _ reason: StoryReason, at now: Timestamp) {
        note(entry.session, at: now, host: entry.session.state.host, reason: reason)
        markChanged(entry.session.id)
    }

    // MARK: The end

    private mutating func endIdle(
        _ entry: Entry, _ lab: Lab, by witness: IdleEvidence.Witness, at now: Timestamp
    ) {
        let evidence = IdleEvidence(
            lastSign: entry.session.stay.source, ago: now - entry.session.lastActivityAt, witness: witness)
        switch idleOutcome(of: entry, lab) {
        case .parks(let reason): beginParking(entry, reason: reason, evidence: evidence, at: now)
        case .ends(let reason): beginEnding(entry, reason: reason, evidence: evidence, at: now)
        }
    }

    // MARK: Activity

    mutating func noteActivity(_ moments: [SessionID: Timestamp], at now: Timestamp) {
        for (id, moment) in moments.sorted(by: { $0.key < $1.key }) {
            guard var entry = entries[id], case .running(let host, _, let since) = entry.session.state else {
                continue
            }
            // A clock that runs fast must not keep a lab alive.
            let moment = min(moment, now)
            guard moment > entry.session.lastActivityAt else { continue }
            entry.session.lastActivityAt = moment
            entry.session.stay.source = .edge
            entry.session.stay.keeps = 0
            if case .asked = entry.inquiry { entry.inquiry = .none }
            entry.wake = nextLook(at: entry, runningSince: since, on: host)
            keepActivity(entry)
        }
    }

    /// Stores activity only when it is much newer than the stored value, so that not every keystroke is a transaction.
    /// A learner who was warned sees at once that the warning no longer applies.
    private mutating func keepActivity(_ entry: Entry) {
        let timeout = lab(entry.session.lab)?.idleTimeout ?? .zero
        let interval = min(Limits.activityWriteInterval, timeout / 10)
        let old = entries[entry.session.id]
        if entry.session.lastActivityAt - entry.storedActivity >= interval
            || entry.session.stay.keeps != old?.session.stay.keeps
        {
            store(entry)
        } else {
            set(entry.session.id, entry)
        }
        if let old, isWarnedOfIdleness(old) != isWarnedOfIdleness(entry) { markChanged(entry.session.id) }
    }

    mutating func labReported(_ id: SessionID, epoch: Int, _ report: LabReport, at now: Timestamp) {
        guard var entry = current(id, epoch), case .running(let host, _, let since) = entry.session.state,
            let lab = lab(entry.session.lab)
        else { return }
        // A late answer to an inquiry that is already settled still tells when something happened, but decides nothing.
        let wasAsked = if case .asked = entry.inquiry { true } else { false }
        let moment: Timestamp? =
            switch report {
            case .busy: now
            // A time in the future is no evidence of use, but the two clocks may differ slightly.
            case .quiet(let lastActivity):
                lastActivity.flatMap { $0 <= now + Limits.clockTolerance ? min($0, now) : nil }
            case .unknown: nil
            }
        if let moment, moment > entry.session.lastActivityAt {
            entry.session.lastActivityAt = moment
            entry.session.stay.source = report == .busy ? .busyKernel : .kernel
            entry.session.stay.keeps = 0
        }
        if wasAsked {
            // A busy lab is asked again before it looks idle, while there is time for another inquiry.
            entry.inquiry = .none
            if report == .busy {
                entry.inquiry = .busy(askAgainAt: now + min(Limits.busyRecheckDelay, lab.idleTimeout))
            } else if idleEnd(of: entry, lab) <= now {
                return endIdle(entry, lab, by: report == .unknown ? .noAnswer : .quietKernels, at: now)
            } else {
                warnOfIdleness(&entry, lab, at: now)
            }
        }
        entry.wake = nextLook(at: entry, runningSince: since, on: host)
        keepActivity(entry)
    }
}
