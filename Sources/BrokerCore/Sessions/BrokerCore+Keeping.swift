/// Requests that keep a running lab longer.
extension BrokerCore {
    /// *Keep it*: counts as activity, so it cannot exceed the lifetime, and is limited to a number in a row, so that a
    /// page that presses it automatically cannot keep a lab for ever.
    mutating func keep(_ id: SessionID, at now: Timestamp) -> Answer {
        guard var entry = entries[id] else { return .refused(.unknownSession(id)) }
        guard case .running(let host, _, let since) = entry.session.state, let lab = lab(entry.session.lab) else {
            return .refused(.notNow(.nothingToKeep))
        }
        // A second click shortly after the first is the same request.
        let isFresh = entry.session.stay.source == .keep && now - entry.session.lastActivityAt < lab.idleTimeout / 10
        if isFresh { return .session(id) }
        guard entry.session.stay.keeps < Limits.keepsInARow else {
            return .refused(.limit(.keepsInARow))
        }
        entry.session.lastActivityAt = max(entry.session.lastActivityAt, now)
        entry.session.stay.source = .keep
        entry.session.stay.keeps += 1
        stays(entry, on: host, since: since)
        note(
            entry.session, at: now, host: host, reason: .kept(entry.session.stay.keeps, for: lab.idleTimeout))
        return .session(id)
    }

    /// Moves the ends of a running session. For a reserved seat this needs a free seat on its host after the
    /// reservation's end.
    mutating func extend(_ id: SessionID, _ more: Extension, at now: Timestamp) -> Answer {
        guard var entry = entries[id], more.course?.has(entry.session) ?? true else {
            return .refused(.unknownSession(id))
        }
        let duration = more.duration
        guard case .running(let host, _, let since) = entry.session.state, let lab = lab(entry.session.lab) else {
            return .refused(.notNow(.notRunningToExtend(id, entry.session.state.code)))
        }
        let left = more.bound - entry.session.stay.extended
        guard duration > .zero, duration <= left else {
            return .refused(
                .limit(
                    left > .zero
                        ? .extensionLeft(left, of: more.bound)
                        : .extensionUsed(entry.session.stay.extended, of: more.bound)))
        }
        if entry.session.stay.announcedEnd != nil, more.course != nil {
            return .refused(.notNow(.operatorEndsIt(id)))
        }
        do throws(Refusal) {
            entry.session.stay.seatUntil = try seatUntil(entry, extendedBy: duration, on: host, since, lab, at: now)
        } catch {
            return .refused(error)
        }
        let isTakenBack = entry.session.stay.announcedEnd != nil
        entry.session.stay.announcedEnd = nil
        entry.session.stay.notIdleBefore = idleEnd(of: entry, lab) + duration
        entry.session.stay.extended += duration
        entry.session.stay.extendedBy = more.who
        // The session may now be in the way of a reservation, which must find other seats or be reported as degraded.
        if !reservations.isEmpty { step.mayPromise = true }
        stays(entry, on: host, since: since)
        note(
            entry.session, at: now, host: host,
            reason: .extended(
                by: duration, who: more.who, note: more.note, endIsTakenBack: isTakenBack,
                endsIn: lifetimeEnd(of: entry, runningSince: since, lab) - now))
        return .session(id)
    }

    /// Reschedules a running session whose ends have changed.
    mutating func stays(_ old: Entry, on host: String, since: Timestamp) {
        var entry = old
        if case .asked = entry.inquiry { entry.inquiry = .none }
        entry.wake = nextLook(at: entry, runningSince: since, on: host)
        store(entry)
    }
}
