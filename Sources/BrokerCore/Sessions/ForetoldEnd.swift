/// An end that can be foretold for a running or parked session: with the reason for which it will come.
public struct ForetoldEnd: Hashable, Sendable {
    /// What happens to the session then.
    public enum Outcome: Hashable, Sendable {
        case ends(EndReason)
        case parks(ParkReason)
    }

    public var outcome: Outcome
    /// When it comes if nothing changes; `nil` while it cannot come.
    public var at: Timestamp?
    public var cause: EndReason.Cause
}

extension EndReason {
    /// The ends that can be foretold, without their associated values. The raw values are those of `Code`.
    public enum Cause: String, Hashable, Sendable, Codable, CaseIterable {
        case idle, lifetime, drain
        /// The time reserved for its course is over, including its overrun and extensions.
        case reservation
        /// It is parked, and its learner does not return.
        case parked
        /// An operator has announced the end.
        case operatorEnds = "operator"
    }

    /// The foretold end that this reason fulfils; `nil` for one that cannot be foretold.
    public var cause: Cause? {
        switch self {
        case .idle: .idle
        case .lifetime: .lifetime
        case .reservationOver: .reservation
        case .drain: .drain
        case .parked: .parked
        case .operatorEnded: .operatorEnds
        case .learnerEnded, .leftQueue, .lost, .engineRestarted, .exited, .vanished, .homeLost, .removed, .unknown: nil
        }
    }
}

extension ParkReason {
    /// The foretold end that this reason fulfils: a lab parked for idleness would otherwise have ended for it.
    public var cause: EndReason.Cause? {
        switch self {
        case .idle: .idle
        case .operatorParked, .unknown: nil
        }
    }
}

extension ForetoldEnd.Outcome {
    /// The foretold end that this is; `nil` for an outcome that cannot be foretold.
    public var cause: EndReason.Cause? {
        switch self {
        case .ends(let reason): reason.cause
        case .parks(let reason): reason.cause
        }
    }
}

extension ForetoldEnd {
    /// - Returns: `nil` for an outcome that cannot be foretold.
    init?(_ outcome: Outcome, at: Timestamp?) {
        guard let cause = outcome.cause else { return nil }
        self.outcome = outcome
        self.at = at
        self.cause = cause
    }
}

// What ends a session asks these for the reason, as the forecast does.
extension BrokerCore {
    /// What becomes of a session that is idle at its idle end.
    func idleOutcome(of entry: Entry, _ lab: Lab) -> ForetoldEnd.Outcome {
        let seconds = lab.idleTimeout.components.seconds
        return parks(entry, lab)
            ? .parks(.idle(timeoutSeconds: seconds)) : .ends(.idle(timeoutSeconds: seconds))
    }

    /// Why a running session ends that has reached its lab's maximum lifetime, with what extended it.
    func lifetimeReason(of entry: Entry, _ lab: Lab) -> EndReason {
        .lifetime(limitSeconds: (lab.maximumLifetime + entry.session.stay.extended).components.seconds)
    }

    /// Why a parked session ends to which its learner has not come back.
    func parkedReason(since: Timestamp, until end: Timestamp) -> EndReason {
        .parked(seconds: max(0, (end - since).components.seconds))
    }

    /// The foretold ends of a running or parked session, earliest first.
    public func foretoldEnds(of id: SessionID) -> [ForetoldEnd] {
        guard let entry = entries[id] else { return [] }
        if case .parked(_, let since) = entry.session.state {
            guard let end = parkedEnd(of: entry, since: since) else { return [] }
            return [ForetoldEnd(.ends(parkedReason(since: since, until: end)), at: end)].compactMap(\.self)
        }
        guard case .running(let host, _, let since) = entry.session.state, let lab = lab(entry.session.lab) else {
            return []
        }
        var ends = [
            ForetoldEnd(idleOutcome(of: entry, lab), at: canEndIdle(entry, on: host) ? idleEnd(of: entry, lab) : nil),
            ForetoldEnd(
                .ends(lifetimeReason(of: entry, lab)), at: ownLifetimeEnd(of: entry, runningSince: since, lab)),
        ]
        if let reserved = reservedUntil(entry) { ends.append(ForetoldEnd(.ends(.reservationOver), at: reserved)) }
        if case .draining(let deadline)? = record(of: host)?.settings.host.duty {
            ends.append(ForetoldEnd(.ends(.drain(host: host)), at: deadline))
        }
        if let announced = entry.session.stay.announcedEnd {
            ends.append(ForetoldEnd(.ends(announced.reason), at: announced.at))
        }
        let never = Timestamp(milliseconds: .max)
        return ends.compactMap(\.self).sorted { ($0.at ?? never, $0.cause.rank) < ($1.at ?? never, $1.cause.rank) }
    }

    /// Whether idleness can end the session: not while its host does not answer, because no one can show activity, nor
    /// while its kernel is busy, because the lab is asked again. A lab on a host that is gone is not asked any more.
    func canEndIdle(_ entry: Entry, on host: String) -> Bool {
        guard let record = record(of: host) else { return false }
        guard record.isReachable else { return isGone(record) }
        if case .busy = entry.inquiry { return false }
        return true
    }
}

extension EndReason.Cause {
    /// Of several ends at the same time, the one with the lowest rank applies.
    fileprivate var rank: Int {
        switch self {
        case .operatorEnds: 0
        case .drain: 1
        case .reservation: 2
        case .lifetime: 3
        case .idle: 4
        case .parked: 5
        }
    }
}
