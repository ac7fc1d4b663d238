/// How long a running lab lives: activity, the question to the lab, the two timeouts.
extension BrokerCore {
    /// A lab as the catalogue has it; if it was taken out, as its running sessions know it.
    public func lab(_ name: String) -> Lab? { catalogue.labs[name] ?? catalogue.retired[name] }

    /// When a running session is to be looked at next. While its host does not answer, nothing is known about it and
    /// nothing could be done: only the maximum lifetime counts then.
    func nextLook(at entry: Entry, runningSince since: Timestamp, on host: String) -> Timestamp? {
        guard let lab = lab(entry.session.lab) else { return nil }
        let lifetimeEnd = since + lab.maximumLifetime
        guard let record = record(of: host), record.isReachable || isGone(record) else { return lifetimeEnd }
        switch entry.inquiry {
        case .asked(let at): return min(at + Limits.labReportTimeout, lifetimeEnd)
        case .busy(let askAgainAt): return min(askAgainAt, lifetimeEnd)
        case .none: return min(idleEnd(of: entry, lab), lifetimeEnd)
        }
    }

    /// How long after a time without a way to the lab nothing ends for idleness.
    func returnGrace(of entry: Entry) -> Duration {
        min(Limits.returnGrace, lab(entry.session.lab)?.idleTimeout ?? Limits.returnGrace)
    }

    func idleEnd(of entry: Entry, _ lab: Lab) -> Timestamp {
        let end = entry.session.lastActivityAt + lab.idleTimeout
        return entry.idleNotBefore.map { max($0, end) } ?? end
    }

    /// A session's alarm is due.
    mutating func lookAt(_ id: SessionID, at now: Timestamp) {
        guard let entry = entries[id] else { return }
        switch entry.session.state {
        case .running(let host, let endpoint, let since):
            lookAtRunning(entry, on: host, endpoint: endpoint, since: since, at: now)
        case .ending(let host, _, _):
            retryRemoval(of: entry, on: host)
        case .queued, .starting, .ended, .failed:
            sleep(entry, until: nil)
        }
    }

    private mutating func lookAtRunning(
        _ old: Entry, on host: String, endpoint: Endpoint, since: Timestamp, at now: Timestamp
    ) {
        var entry = old
        guard let lab = lab(entry.session.lab), let record = record(of: host) else { return sleep(entry, until: nil) }
        if now >= since + lab.maximumLifetime {
            let seconds = lab.maximumLifetime.components.seconds
            return beginEnding(entry, reason: .lifetime(limitSeconds: seconds), at: now)
        }
        guard record.isReachable || isGone(record) else {
            entry.inquiry = .none
            return sleep(entry, until: nextLook(at: entry, runningSince: since, on: host))
        }
        // On a host that is gone there is nobody left to ask; and the lab may have become one without kernels.
        let canBeAsked = lab.kind == .jupyter && record.isReachable
        if !canBeAsked { entry.inquiry = .none }
        if case .asked(let asked) = entry.inquiry, now >= asked + Limits.labReportTimeout {
            entry.inquiry = .none
            guard idleEnd(of: entry, lab) > now else { return endIdle(entry, lab, isUnanswered: true, at: now) }
        }
        let due = nextLook(at: entry, runningSince: since, on: host) ?? now
        if due > now { return sleep(entry, until: due) }
        guard canBeAsked else {
            return endIdle(entry, lab, isUnanswered: false, at: now)
        }
        entry.inquiry = .asked(at: now)
        sleep(entry, until: nextLook(at: entry, runningSince: since, on: host))
        emit(.askLab(entry.session.id, epoch: entry.session.epoch, endpoint))
    }

    private mutating func sleep(_ old: Entry, until time: Timestamp?) {
        var entry = old
        entry.wake = time
        set(entry.session.id, entry)
    }

    private mutating func endIdle(_ entry: Entry, _ lab: Lab, isUnanswered: Bool, at now: Timestamp) {
        let note = isUnanswered ? "The lab did not answer when it was asked whether a kernel is busy." : nil
        beginEnding(entry, reason: .idle(timeoutSeconds: lab.idleTimeout.components.seconds), note: note, at: now)
    }

    mutating func noteActivity(_ moments: [SessionID: Timestamp], at now: Timestamp) {
        for (id, moment) in moments.sorted(by: { $0.key < $1.key }) {
            guard var entry = entries[id], case .running(let host, _, let since) = entry.session.state else {
                continue
            }
            // A clock that runs ahead must not keep a lab alive.
            let moment = min(moment, now)
            guard moment > entry.session.lastActivityAt else { continue }
            entry.session.lastActivityAt = moment
            if case .asked = entry.inquiry { entry.inquiry = .none }
            entry.wake = nextLook(at: entry, runningSince: since, on: host)
            keepActivity(entry)
        }
    }

    /// Write activity when it is much newer than what is on disk: not every keystroke is a transaction.
    private mutating func keepActivity(_ entry: Entry) {
        let timeout = lab(entry.session.lab)?.idleTimeout ?? .zero
        let interval = min(Limits.activityWriteInterval, timeout / 10)
        if entry.session.lastActivityAt - entry.storedActivity >= interval {
            store(entry)
        } else {
            set(entry.session.id, entry)
        }
    }

    mutating func labReported(_ id: SessionID, epoch: Int, _ report: LabReport, at now: Timestamp) {
        guard var entry = current(id, epoch), case .running(let host, _, let since) = entry.session.state,
            let lab = lab(entry.session.lab)
        else { return }
        // A late answer to a question that has settled itself still tells when something happened, and no more.
        let wasAsked = if case .asked = entry.inquiry { true } else { false }
        let moment: Timestamp? =
            switch report {
            case .busy: now
            case .quiet(let lastActivity): lastActivity.map { min($0, now) }
            case .unknown: nil
            }
        if let moment { entry.session.lastActivityAt = max(entry.session.lastActivityAt, moment) }
        if wasAsked {
            // One that was busy is asked again before it looks idle: then there is time for another question.
            entry.inquiry = .none
            if report == .busy {
                entry.inquiry = .busy(askAgainAt: now + min(Limits.busyRecheckDelay, lab.idleTimeout))
            } else if idleEnd(of: entry, lab) <= now {
                return endIdle(entry, lab, isUnanswered: report == .unknown, at: now)
            }
        }
        entry.wake = nextLook(at: entry, runningSince: since, on: host)
        keepActivity(entry)
    }
}
