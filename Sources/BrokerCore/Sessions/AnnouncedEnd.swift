/// The end of a running session that an operator has announced, so that its learner has time to save their work.
public struct AnnouncedEnd: Hashable, Sendable {
    /// By the wall clock.
    public var at: Timestamp
    /// The operator's message to the learner; may be empty.
    public var note: String

    public init(at: Timestamp, note: String) {
        self.at = at
        self.note = note
    }

    /// The reason recorded when the session ends.
    var reason: EndReason { .operatorEnded(note: note) }
}

extension BrokerCore {
    /// Ends a running session at a given time, of which its learner is told at once. A later announcement replaces an
    /// earlier one. A session that is not running has no one working in it and ends at once.
    mutating func announceEnd(_ id: SessionID, _ end: AnnouncedEnd, at now: Timestamp) -> Answer {
        guard var entry = entries[id] else { return .refused(.unknownSession(id)) }
        guard case .running(let host, _, let since) = entry.session.state, end.at > now else {
            return self.end(id, reason: end.reason, at: now)
        }
        entry.session.stay.announcedEnd = end
        stays(entry, on: host, since: since)
        note(entry.session, at: now, host: host, reason: .endAnnounced(in: end.at - now, note: end.note))
        return .session(id)
    }

    /// Cancels an announced end, even if the session has since lost its host and is not running again yet.
    mutating func cancelEnd(_ id: SessionID, at now: Timestamp) -> Answer {
        guard var entry = entries[id] else { return .refused(.unknownSession(id)) }
        let isAnnounced = entry.session.stay.announcedEnd != nil
        entry.session.stay.announcedEnd = nil
        switch entry.session.state {
        case .running(let host, _, let since) where isAnnounced: stays(entry, on: host, since: since)
        case .queued where isAnnounced, .starting where isAnnounced: store(entry)
        case .queued, .starting, .running, .ending, .parking, .parked, .ended, .failed:
            return .refused(.notNow(.noEndAnnounced(id, entry.session.state.code)))
        }
        note(entry.session, at: now, host: entry.session.state.host, reason: .endTakenBack)
        return .session(id)
    }

    /// The end that an operator has announced for a running session, if any.
    public func announcedEnd(of id: SessionID) -> AnnouncedEnd? {
        guard let entry = entries[id], case .running = entry.session.state else { return nil }
        return entry.session.stay.announcedEnd
    }
}
