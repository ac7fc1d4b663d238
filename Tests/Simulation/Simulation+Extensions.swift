import BrokerCore
import Identity

/// Extensions: an operator's for any session, an instructor's for those of a course, each within its limit.
extension Simulation {
    func extendOne() {
        guard let session = random.pick(store.live.filter({ $0.state.name == "running" })) else { return }
        count("extended")
        let more = random.milliseconds(1000...100_000)
        let course = random.oneIn(2) ? Course(portal: session.learner.portal, context: "east-101") : nil
        let bound = Duration.seconds(random.oneIn(2) ? 100 : 86_400)
        let request = newRequest()
        let who = "somebody \(request.rawValue)"
        let given = Extension(by: more, bound: bound, who: who, course: course)
        extensions[who] = given
        take(.extend(session.id, given, request: request))
    }

    /// Checks an extension that is about to be written against the request: for the right course, and within the limit.
    func checkExtension(_ session: Session, _ run: RunName) {
        let stored = store.sessions[session.id]
        guard session.stay.extended > .zero, session.stay.extendedBy != stored?.stay.extendedBy else { return }
        guard let given = session.stay.extendedBy.flatMap({ extensions[$0] }) else {
            return complain("\(run) was extended by \(session.stay.extendedBy ?? "nobody"), who did not ask for it")
        }
        count(given.course == nil ? "extension written" : "instructor's extension written")
        if session.stay.seatUntil != stored?.stay.seatUntil { count("reserved seat extended") }
        if session.stay.extended > given.bound {
            complain("\(run) was extended by \(session.stay.extended) in all, and \(given.bound) is the bound")
        }
        // The session's course may change in the same step.
        if let course = given.course, !course.has(session), stored.map({ !course.has($0) }) ?? true {
            complain("\(run) was extended for \(course), and is not of it")
        }
    }

    /// Records the predicted ends of all running and parked sessions, for the time when one ends.
    func noteForetoldEnds() {
        foretold = [:]
        guard let core else { return }
        for session in core.sessions where ["running", "parked"].contains(session.state.name) {
            foretold[session.id] = core.foretoldEnds(of: session.id)
        }
    }

    /// Checks that an end caused by the passage of time was predicted with the same reason and for no later time; and
    /// if the tick came in time, that it was the first predicted one.
    func checkForetold(_ session: Session, _ run: RunName, comesAs outcome: ForetoldEnd.Outcome) {
        let cause = outcome.cause
        guard let cause, isOnlyTime, let ends = foretold[session.id] else { return }
        count("foretold end came")
        guard let end = ends.first(where: { $0.cause == cause }), let at = end.at, at <= wall else {
            return complain("\(run) ended by \(cause), and was told \(ends)")
        }
        if !isAsForetold(outcome, end.outcome) { complain("\(run) had \(outcome), and was told \(end)") }
        let earlier = ends.filter { $0.at.map { $0 < at } ?? false }
        // An idle lab is asked first, which may delay its end a little.
        guard let first = earlier.first, first.cause != .idle else { return }
        complain("\(run) ended by \(cause), and \(first) was to come first")
    }

    /// A parked session may end a moment late, and another session may take the last parking place at the same moment.
    private func isAsForetold(_ outcome: ForetoldEnd.Outcome, _ told: ForetoldEnd.Outcome) -> Bool {
        switch (outcome, told) {
        case (.ends(.parked), .ends(.parked)), (.ends(.idle), .parks(.idle)), (.parks(.idle), .ends(.idle)): true
        default: outcome == told
        }
    }
}
