/// The end of a running session that an operator has announced, so that its learner can save their work.
public struct AnnouncedEnd: Hashable, Sendable {
    /// By the wall clock.
    public var at: Timestamp
    /// What the operator says to the learner; empty if they say nothing.
    public var note: String

    public init(at: Timestamp, note: String) {
        self.at = at
        self.note = note
    }

    /// The reason with which the session ends then.
    var reason: EndReason { .operatorEnded(note: note) }
}

extension BrokerCore {
    /// Ends a running session at a given moment, which its learner is told at once. A later announcement replaces an
    /// earlier one. A session that does not run has nobody at work in it and ends at once.
    mutating func announceEnd(_ id: SessionID, _ end: AnnouncedEnd, at now: Timestamp) -> Answer {
        guard var entry = entries[id] else { return .refused(.unknownSession(id)) }
        guard case .running(let host, _, let since) = entry.session.state, end.at > now else {
            return self.end(id, reason: end.reason, at: now)
        }
        entry.session.stay.announcedEnd = end
        stays(entry, on: host, since: since)
        let why = end.note.isEmpty ? "" : " The operator says: \(Explanations.sentence(end.note))"
        note(
            entry.session, at: now, host: host,
            reason: "An operator ends it in \(Explanations.span(end.at - now)), and its learner has been told.\(why)")
        return .session(id)
    }

    /// Takes an announced end back, be it of a session that has lost its host since and does not run again yet.
    mutating func cancelEnd(_ id: SessionID, at now: Timestamp) -> Answer {
        guard var entry = entries[id] else { return .refused(.unknownSession(id)) }
        let isAnnounced = entry.session.stay.announcedEnd != nil
        entry.session.stay.announcedEnd = nil
        switch entry.session.state {
        case .running(let host, _, let since) where isAnnounced: stays(entry, on: host, since: since)
        case .queued where isAnnounced, .starting where isAnnounced: store(entry)
        case .queued, .starting, .running, .ending, .parking, .parked, .ended, .failed:
            return .refused(
                .notNow("No end of the session \(id) is announced; it is \(entry.session.state.name)."))
        }
        note(
            entry.session, at: now, host: entry.session.state.host, reason: "An operator took the announced end back.")
        return .session(id)
    }

    /// When an operator ends a running session, if one has announced it.
    public func announcedEnd(of id: SessionID) -> AnnouncedEnd? {
        guard let entry = entries[id], case .running = entry.session.state else { return nil }
        return entry.session.stay.announcedEnd
    }
}
