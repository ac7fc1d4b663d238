extension BrokerCore {
    /// The facts about a session, whether or not it is in memory.
    ///
    /// - Parameters:
    ///   - session: as stored; the session in memory takes precedence if there is one.
    ///   - story: of this session, oldest first.
    public func facts(about session: Session, story: [StoryEntry], at now: Timestamp) -> SessionFacts {
        let session = entries[session.id]?.session ?? session
        let state = session.state
        let hasRun = story.contains { $0.epoch == session.epoch && $0.state == SessionState.Name.running.rawValue }
        let stay = session.stay
        // The facts behind an end are in the story's line where the ending began, not where the container was gone.
        let ending = SessionState.Name.ending.rawValue
        let wanted: Set<String> =
            switch state {
            case .ended: [ending, state.name]
            case .parked: [SessionState.Name.parking.rawValue]
            default: [state.name]
            }
        let run = story.filter { $0.epoch == session.epoch && wanted.contains($0.state) }
        return SessionFacts(
            session: session.id, lab: session.lab.name, state: state.name, since: state.since,
            summary: summary(of: session, at: now),
            decision: run.first { $0.state == ending } ?? run.last,
            lastSign: hasRun ? SessionFacts.Sign(at: session.lastActivityAt, source: stay.source) : nil,
            ends: ends(of: session.id, at: now),
            extended: stay.notIdleBefore.map {
                SessionFacts.Extension(total: stay.extended, by: stay.extendedBy, notIdleBefore: $0)
            },
            keeps: stay.keeps, queuePosition: queuePosition(of: session.id),
            queueLength: state.code == .queued ? queueLength : nil,
            waiting: waiting(of: session.id, at: now), estimate: estimate(of: session.id, at: now),
            rules: lab(session.lab).map { ActivityRule.table(for: $0.kind) } ?? [])
    }

    /// The limits that apply to a running or parked session, earliest first.
    public func ends(of id: SessionID, at now: Timestamp) -> [SessionFacts.End] {
        guard let entry = entries[id] else { return [] }
        if case .parked(_, let since) = entry.session.state {
            return foretoldEnds(of: id).map { end in
                SessionFacts.End(end: end, basis: .parked(for: (end.at ?? since) - since), isWarned: false)
            }
        }
        guard case .running(let host, _, let since) = entry.session.state, let lab = lab(entry.session.lab) else {
            return []
        }
        let certain = lifetimeEnd(of: entry, runningSince: since, lab)
        return foretoldEnds(of: id).map { end in
            SessionFacts.End(
                end: end, basis: basis(of: end, entry, lab, on: host),
                isWarned: isWarned(entry, of: end, certain, lab, at: now))
        }
    }

    private func basis(of end: ForetoldEnd, _ entry: Entry, _ lab: Lab, on host: String) -> EndBasis {
        switch end.cause {
        case .idle: idleBasis(entry, lab, on: host)
        case .lifetime:
            .lifetime(
                lab.maximumLifetime, extendedBy: entry.session.stay.extended,
                isNotice: entry.notice.lifetime.map { $0 == end.at } == true)
        case .reservation: reservedBasis(entry)
        case .drain: .drain(host: host)
        case .operatorEnds: .announced(note: entry.session.stay.announcedEnd?.note ?? "")
        case .parked: .parked(for: lab.parksFor)
        }
    }

    private func isWarned(
        _ entry: Entry, of end: ForetoldEnd, _ certain: Timestamp, _ lab: Lab, at now: Timestamp
    ) -> Bool {
        switch end.cause {
        case .idle: end.at != nil && isWarnedOfIdleness(entry)
        case .lifetime, .reservation: end.at == certain && entry.warned.lifetime == certain
        case .drain: lab.idleWarning > .zero && end.at.map { now >= $0 - lab.idleWarning } ?? false
        case .operatorEnds: true
        case .parked: false
        }
    }

    private func reservedBasis(_ entry: Entry) -> EndBasis {
        guard let id = entry.session.reservation, let reservation = reservations[id] else { return .seatExtended }
        let end = reservation.terms.endsAt
        return .reserved(id, until: end, isExtended: entry.session.stay.seatUntil.map { $0 > end } ?? false)
    }

    private func idleBasis(_ entry: Entry, _ lab: Lab, on host: String) -> EndBasis {
        let end = idleEnd(of: entry, lab)
        guard let record = record(of: host), record.isReachable || isGone(record) else { return .hostSilent(host) }
        if case .busy = entry.inquiry { return .busyKernel }
        let basis: IdleBasis =
            if let floor = entry.session.stay.notIdleBefore, floor == end {
                .extended(timeout: lab.idleTimeout)
            } else if let floor = entry.idleNotBefore, floor == end {
                .wayWasShut
            } else if let floor = entry.notice.idle, floor == end {
                .notice
            } else {
                .timeout(lab.idleTimeout, unlessKernelIsBusy: lab.kind == .jupyter)
            }
        return .idle(basis, parksFor: parks(entry, lab) ? lab.parksFor : nil)
    }

    private func aliveReason(of session: Session, at now: Timestamp) -> AliveReason {
        let sign = AliveReason.sign(session.stay.source, ago: now - session.lastActivityAt)
        guard let entry = entries[session.id], let lab = lab(session.lab),
            session.lastActivityAt + lab.idleTimeout <= now
        else { return sign }
        if let floor = session.stay.notIdleBefore, floor > now { return .extended(by: session.stay.extendedBy) }
        if let host = session.state.host.flatMap({ record(of: $0) }), !host.isReachable, !isGone(host) {
            return .hostSilent(host.name)
        }
        if let floor = entry.idleNotBefore, floor > now { return .wayWasShut }
        if let floor = entry.notice.idle, floor > now { return .notice }
        return sign
    }

    private func summary(of session: Session, at now: Timestamp) -> SessionFacts.Summary {
        switch session.state {
        case .running:
            guard let first = foretoldEnds(of: session.id).first, let at = first.at else { return .endless }
            return .alive(aliveReason(of: session, at: now), first.outcome, first.cause, in: at - now)
        case .ended(let reason, _): return .standing(.ended(reason))
        case .failed(let reason, _, _): return .standing(.failed(reason))
        case .queued, .starting, .ending, .parking, .parked:
            return standing(of: session.id, at: now).map { .standing($0) } ?? .unknown
        }
    }

    /// What a session is doing, why it waits, how long it lives, or why it is over; `nil` if it is not in memory.
    public func standing(of id: SessionID, at now: Timestamp) -> SessionStanding? {
        guard let entry = entries[id] else { return nil }
        switch entry.session.state {
        case .queued: return waiting(of: id, at: now).map { .queued($0) }
        case .starting(let host, let step, let since): return .starting(step, host: host, for: now - since)
        case .running:
            return .running(
                announcedEndIn: announcedEnd(of: id).map { $0.at - now }, idleIn: idleEndsAt(id).map { $0 - now },
                parks: parksFor(id) != nil, lifetimeEndsIn: lifetimeEndsAt(id).map { $0 - now })
        case .ending(let host, let reason, _): return .ending(reason, host: host)
        case .parking(let host, let reason, _): return .parking(reason, host: host)
        case .parked(let reason, let since):
            return .parked(
                reason, keptFor: parkedEnd(of: entry, since: since).map { $0 - now }, homePlace(of: entry))
        case .ended(let reason, _): return .ended(reason)
        case .failed(let reason, _, _): return .failed(reason)
        }
    }
}

extension SessionState {
    /// When this state began.
    var since: Timestamp {
        switch self {
        case .queued(let since), .starting(_, _, let since), .running(_, _, let since), .ending(_, _, let since),
            .parking(_, _, let since), .parked(_, let since):
            since
        case .ended(_, let at), .failed(_, _, let at): at
        }
    }
}
