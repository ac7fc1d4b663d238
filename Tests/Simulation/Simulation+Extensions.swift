import BrokerCore

/// More time: an operator's for any session, an instructor's for those of a course, each within a bound.
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

    /// What is about to be written, held against what was asked for: not for another course, nor beyond the bound.
    func checkExtension(_ session: Session, _ run: RunName) {
        let stored = store.sessions[session.id]
        guard session.stay.extended > .zero, session.stay.extendedBy != stored?.stay.extendedBy else { return }
        guard let given = session.stay.extendedBy.flatMap({ extensions[$0] }) else {
            return complain("\(run) was extended by \(session.stay.extendedBy ?? "nobody"), who did not ask for it")
        }
        count(given.course == nil ? "extension written" : "instructor's extension written")
        if session.stay.extended > given.bound {
            complain("\(run) was extended by \(session.stay.extended) in all, and \(given.bound) is the bound")
        }
        // Its course may change in the same step.
        if let course = given.course, !course.has(session), stored.map({ !course.has($0) }) ?? true {
            complain("\(run) was extended for \(course), and is not of it")
        }
    }
}
