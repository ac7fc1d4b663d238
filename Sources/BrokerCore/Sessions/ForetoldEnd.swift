/// An end that can be foretold for a session that runs or is parked.
public struct ForetoldEnd: Hashable, Sendable {
    public var cause: SessionExplanation.Cause
    /// When it comes if nothing changes; none while it cannot.
    public var at: Timestamp?
}

extension EndReason {
    /// The foretold end that has come with this reason; `nil` where nothing foretells it.
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
    /// The foretold end that has come with this reason: a lab that is parked for idleness would have ended for it.
    public var cause: SessionExplanation.Cause? {
        switch self {
        case .idle: .idle
        case .operatorParked, .unknown: nil
        }
    }
}

extension BrokerCore {
    /// The ends that are foretold for a session that runs or is parked, the one that comes first in front.
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

    /// While a host does not answer nobody can show that they are there, and a busy kernel is asked about again.
    func canEndIdle(_ entry: Entry, on host: String) -> Bool {
        guard let record = record(of: host), record.isReachable || isGone(record) else { return false }
        if case .busy = entry.inquiry { return false }
        return true
    }
}

extension SessionExplanation.Cause {
    /// Of ends at the same moment, the one with the lowest rank comes.
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
