import Identity

/// From seat to ready, including failures on the way.
extension BrokerCore {
    /// The entry of a session if this is its current run; `nil` for reports about older runs.
    func current(_ id: SessionID, _ epoch: Int) -> Entry? {
        guard let entry = entries[id], entry.session.epoch == epoch else { return nil }
        return entry
    }

    /// Records a step of the start. Steps only move forward, in whatever order the reports arrive.
    mutating func advance(_ id: SessionID, epoch: Int, to step: StartStep, at now: Timestamp) {
        guard var entry = current(id, epoch), case .starting(let host, let old, let since) = entry.session.state,
            old.ordinal < step.ordinal
        else { return }
        entry.session.state = .starting(host: host, step: step, since: since)
        store(entry, at: now, because: .stepReached(step))
    }

    mutating func labReady(_ id: SessionID, epoch: Int, endpoint: Endpoint, at now: Timestamp) {
        guard let entry = current(id, epoch), case .starting(let host, _, let since) = entry.session.state else {
            return
        }
        measureStart(of: entry.session.lab, crowd: entry.startCrowd, on: host, since: since, at: now)
        let reason = StoryReason.ready(after: now - since, wasWarm: entry.session.warm != nil)
        beginRunning(entry, on: host, endpoint, at: now, because: reason)
    }

    /// The lab is ready and has this learner's files. All times that count from the beginning of a run count from here.
    mutating func beginRunning(
        _ old: Entry, on host: String, _ endpoint: Endpoint, at now: Timestamp, because reason: StoryReason
    ) {
        var entry = old
        let (id, epoch) = (entry.session.id, entry.session.epoch)
        entry.session.state = .running(host: host, endpoint: endpoint, since: now)
        entry.session.lastActivityAt = now
        entry.session.stay = Stay(source: .ready, announcedEnd: entry.session.stay.announcedEnd)
        entry.session.failedAttempts = 0
        entry.detours = 0
        entry.readyAt = eventCount
        entry.memoryToldAt = nil
        entry.shunned = nil
        entry.inquiry = .none
        entry.wake = nextLook(at: entry, runningSince: now, on: host)
        store(entry, at: now, because: reason)
        emit(.publishRoute(id, epoch: epoch, endpoint))
        if !sharedHomes, needsHome(entry.session.lab), homes[entry.learner].map({ isLost($0) }) ?? true {
            setHome(host, of: entry.learner)
            journal.changes.append(.home(portal: entry.learner.portal, learner: entry.learner.id, host: host))
            failThoseBoundTooNarrowly(entry.learner, at: now)
        }
    }

    /// Records a finished start as a measurement of its host's pace. A start that an earlier broker process began is no
    /// measurement, because its duration includes the restart.
    mutating func measureStart(
        of lab: LabKey, crowd: Int, on host: String, since: Timestamp, at now: Timestamp
    ) {
        guard crowd > 0, let record = record(of: host) else { return }
        journal.keep(startTimes)
        startTimes.add(now - since)
        var settings = record.settings
        settings.pace.noteReady(
            lab, after: now - since, crowd: max(crowd, record.usage.starting),
            upTo: record.spec.maximumStarts, at: now)
        setHost(host, settings)
    }

    mutating func noteNeverReady(crowd: Int, on host: String, since: Timestamp, at now: Timestamp) {
        guard crowd > 0, let record = record(of: host) else { return }
        var settings = record.settings
        settings.pace.noteNeverReady(
            begunAt: since, crowd: max(crowd, record.usage.starting), upTo: record.spec.maximumStarts,
            at: now)
        setHost(host, settings)
    }

    /// After a home was bound to a host, fails the queued sessions whose labs that host can never hold.
    mutating func failThoseBoundTooNarrowly(_ learner: LearnerKey, at now: Timestamp) {
        for id in sessionsOf[learner, default: [:]].values.sorted() {
            guard let entry = entries[id], case .queued = entry.session.state,
                let lab = catalogue.labs[entry.session.lab], let reason = neverFits(lab, learner)
            else { continue }
            fail(entry, .neverFits(reason), at: now)
        }
    }

    mutating func startFailed(_ id: SessionID, epoch: Int, _ failure: StartFailure, at now: Timestamp) {
        guard let entry = current(id, epoch), case .starting(let host, _, let since) = entry.session.state else {
            return
        }
        switch failure {
        case .hostUnreachable(let reason):
            // This attempt is over; other starts on the host get the silence grace.
            hostSilent(host, reason: reason, since: now, at: now)
            guard let entry = current(id, epoch) else { return }
            detour(entry, because: .hostSilent(host, reason: reason), leavingOn: host, at: now)
        case .imageMissing(let message):
            imageIsMissing(message, for: entry, on: host, at: now)
        case .engine(let message):
            attemptFailed(entry, on: host, because: .told(message), at: now)
        case .labStopped(let message):
            attemptFailed(entry, on: host, because: .told(message), fault: .lab, at: now)
        case .neverReady(let message):
            noteNeverReady(crowd: entry.startCrowd, on: host, since: since, at: now)
            attemptFailed(entry, on: host, because: .told(message), at: now)
        }
    }

    private mutating func imageIsMissing(_ message: String, for entry: Entry, on host: String, at now: Timestamp) {
        if var settings = record(of: host)?.settings {
            settings.lackingLabs.insert(entry.session.lab)
            setHost(host, settings)
        }
        if let lab = lab(entry.session.lab), let reason = imageIsNowhere(lab, entry.learner, besides: entry.session.id)
        {
            fail(entry, reason, at: now)
        } else {
            let image = lab(entry.session.lab)?.image
            detour(
                entry, because: .imageMissing(host: host, image: image, message: message), leavingOn: nil, at: now)
        }
    }

    /// The home could not be attached to the warm lab: this run continues with a container that is created with the
    /// home. This does not count as a failed attempt.
    mutating func attachmentFailed(_ id: SessionID, epoch: Int, message: String, at now: Timestamp) {
        guard var entry = current(id, epoch), entry.session.warm != nil,
            case .starting(let host, _, let since) = entry.session.state
        else { return }
        entry.session.state = .starting(host: host, step: .creating, since: since)
        store(entry, at: now, because: .attachmentFailed(message: message))
    }

    /// A run failed by itself: removes its container and tries again, or gives up.
    mutating func attemptFailed(
        _ old: Entry, on host: String, because mishap: Mishap, fault: StartFault = .ours, at now: Timestamp
    ) {
        var entry = old
        leaveBehind(old, on: host)
        entry.session.failedAttempts += 1
        entry.shunned = host
        guard entry.session.failedAttempts < Limits.startAttempts else {
            fail(entry, .attempts(lastHost: host, mishap), fault: fault, at: now)
            return
        }
        requeue(entry, because: .attemptFailed(entry.session.failedAttempts, host: host, mishap), at: now)
    }

    /// Returns a session to the queue through no fault of its own.
    mutating func detour(_ old: Entry, because setback: Setback, leavingOn host: String?, at now: Timestamp) {
        var entry = old
        if let host { leaveBehind(old, on: host) }
        entry.detours += 1
        guard entry.detours < Limits.startDetours else {
            fail(entry, .detours(last: setback), at: now)
            return
        }
        requeue(entry, because: .detoured(setback), at: now)
    }

    /// A running lab was lost with its host: starts a new run with the same files at the same hostname. An end that an
    /// operator has announced still applies; if it passes before the new run is ready, that run ends at once.
    mutating func reseat(_ old: Entry, fromLost host: String, at now: Timestamp) {
        var entry = old
        emit(.withdrawRoute(entry.session.id))
        let announced = entry.session.stay.announcedEnd
        entry.session.stay = Stay(announcedEnd: announced)
        entry.session.failedAttempts = 0
        entry.detours = 0
        entry.inquiry = .none
        entry.warned = Entry.Warned()
        entry.notice = Entry.Notice()
        entry.idleNotBefore = nil
        requeue(entry, because: .reseated(lostHost: host, endStaysAnnounced: announced != nil), at: now)
    }

    private mutating func requeue(_ old: Entry, because reason: StoryReason, at now: Timestamp) {
        var entry = old
        entry.session.epoch += 1
        entry.session.state = .queued(since: entry.queuedSince)
        entry.session.warm = nil
        entry.seatMemory = 0
        entry.startCrowd = 0
        // Its reservation may have ended while it was starting; then it waits in the general queue.
        if let own = entry.session.reservation, reservations[own]?.isBooked != true { entry.session.reservation = nil }
        entry.wake = nil
        store(entry, at: now, because: reason)
    }

    mutating func fail(_ old: Entry, _ reason: FailReason, fault: StartFault = .ours, at now: Timestamp) {
        var entry = old
        entry.session.state = .failed(reason, fault: fault, at: now)
        entry.session.warm = nil
        entry.seatMemory = 0
        entry.wake = nil
        store(entry, at: now, because: .failed(reason))
    }

    /// The run of this entry is over while its session continues: its container becomes a leftover, which takes its
    /// seat until it is removed. On a host that does not answer, the removal waits until it returns.
    mutating func leaveBehind(_ entry: Entry, on host: String) {
        guard let record = record(of: host), !isGone(record) else { return }
        setLeftover(
            entry.container, Leftover(host: host, memory: entry.seatMemory, session: entry.session.id))
        if record.isReachable { remove(entry.container, on: host) }
    }
}

extension StartStep {
    var ordinal: Int {
        switch self {
        case .creating: 0
        case .starting: 1
        case .waiting: 2
        case .attaching: 3
        }
    }
}
