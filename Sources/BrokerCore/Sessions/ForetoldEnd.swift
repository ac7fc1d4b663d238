/// An end that can be foretold for a running or parked session.
public struct ForetoldEnd: Hashable, Sendable {
    public var cause: SessionExplanation.Cause
    /// When it comes if nothing changes; `nil` while it cannot come.
    public var at: Timestamp?
}

extension EndReason {
    /// The foretold end that this reason fulfils; `nil` for one that cannot be foretold.
    public var cause: SessionExplanation.Cause? {
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
    public var cause: SessionExplanation.Cause? {
        switch self {
        case .idle: .idle
        case .operatorParked, .unknown: nil
        }
    }
}

extension BrokerCore {
    /// The foretold ends of a running or parked session, earliest first.
    public func foretoldEnds(of id: SessionID) -> [ForetoldEnd] {
        guard let entry = entries[id] else { return [] }
        if case .parked(_, let since) = entry.session.state {
            return parkedEnd(of: entry, since: since).map { [ForetoldEnd(cause: .parked, at: $0)] } ?? []
        }
        guard case .running(let host, _, let since) = entry.session.state, let lab = lab(entry.session.lab) else {
            return []
        }
        var ends = [
            ForetoldEnd(cause: .idle, at: canEndIdle(entry, on: host) ? idleEnd(of: entry, lab) : nil),
            ForetoldEnd(cause: .lifetime, at: ownLifetimeEnd(of: entry, runningSince: since, lab)),
        ]
        if let reserved = reservedUntil(entry) { ends.append(ForetoldEnd(cause: .reservation, at: reserved)) }
        if case .draining(let deadline)? = record(of: host)?.settings.host.duty {
            ends.append(ForetoldEnd(cause: .drain, at: deadline))
        }
        if let announced = entry.session.stay.announcedEnd {
            ends.append(ForetoldEnd(cause: .operatorEnds, at: announced.at))
        }
        let never = Timestamp(milliseconds: .max)
        return ends.sorted { ($0.at ?? never, $0.cause.rank) < ($1.at ?? never, $1.cause.rank) }
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

extension SessionExplanation.Cause {
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
