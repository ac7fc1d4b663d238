/// Requests that keep a running lab longer.
extension BrokerCore {
    /// *Keep it*: counts as activity, so it cannot exceed the lifetime, and is limited to a number in a row, so that a
    /// page that presses it automatically cannot keep a lab for ever.
    mutating func keep(_ id: SessionID, at now: Timestamp) -> Answer {
        guard var entry = entries[id] else { return .refused(.unknownSession(id)) }
        guard case .running(let host, _, let since) = entry.session.state, let lab = lab(entry.session.lab) else {
            return .refused(.notNow("The lab does not run at the moment, so there is nothing to keep."))
        }
        // A second click shortly after the first is the same request.
        let isFresh = entry.session.stay.source == .keep && now - entry.session.lastActivityAt < lab.idleTimeout / 10
        if isFresh { return .session(id) }
        guard entry.session.stay.keeps < Limits.keepsInARow else {
            return .refused(
                .limit(
                    "It was kept \(Limits.keepsInARow) times without anything else happening in it, which is the limit; "
                        + "do something in the lab, and it stays."))
        }
        entry.session.lastActivityAt = max(entry.session.lastActivityAt, now)
        entry.session.stay.source = .keep
        entry.session.stay.keeps += 1
        stays(entry, on: host, since: since)
        note(
            entry.session, at: now, host: host,
            reason: "Kept by its learner, \(entry.session.stay.keeps) of \(Limits.keepsInARow) times in a row: "
                + "\(Explanations.span(lab.idleTimeout)) from now, if nothing else happens and its lifetime allows it.")
        return .session(id)
    }

    /// Moves the ends of a running session. For a reserved seat this needs a free seat on its host after the
    /// reservation's end.
    mutating func extend(_ id: SessionID, _ more: Extension, at now: Timestamp) -> Answer {
        guard var entry = entries[id], more.course?.has(entry.session) ?? true else {
            return .refused(.unknownSession(id))
        }
        let (duration, words) = (more.duration, more.note)
        guard case .running(let host, _, let since) = entry.session.state, let lab = lab(entry.session.lab) else {
            return .refused(
                .notNow("The session \(id) is \(entry.session.state.name); only a running one can be extended."))
        }
        let left = more.bound - entry.session.stay.extended
        guard duration > .zero, duration <= left else {
            let limit = Explanations.span(more.bound)
            return .refused(
                .limit(
                    left > .zero
                        ? "A run can be extended by \(limit) in all; \(Explanations.span(left)) of it are left."
                        : "This run was extended by \(Explanations.span(entry.session.stay.extended)) already, "
                            + "\(left == .zero ? "which is the limit" : "beyond the limit of \(limit)"); end it and start it again."
                ))
        }
        if entry.session.stay.announcedEnd != nil, more.course != nil {
            return .refused(
                .notNow("An operator has announced the end of the session \(id), so only an operator can extend it."))
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
        let why = words.isEmpty ? "" : " \(Explanations.sentence(words))"
        note(
            entry.session, at: now, host: host,
            reason: "Extended by \(Explanations.span(duration)) by \(more.who).\(why)"
                + (isTakenBack ? " The announced end is taken back." : "") + " In any case it ends in "
                + "\(Explanations.span(lifetimeEnd(of: entry, runningSince: since, lab) - now)).")
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
