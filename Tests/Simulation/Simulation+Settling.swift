import BrokerCore

/// What must have become of everything once faults have stopped.
extension Simulation {
    func checkOrphans(olderThan age: Duration) {
        guard let core else { return complain("the broker is dead") }
        for (host, engine) in engines.sorted(by: { $0.key < $1.key }) {
            for run in engine.containers.keys.sorted() {
                let session = core.session(run.session)
                if let session, session.epoch == run.epoch, session.state.host == host { continue }
                // An attempt that has just failed is being cleaned up.
                if let told = store.stories[run.session]?.last?.at, wall - told < age { continue }
                complain("\(run) is an orphan on \(host)")
            }
        }
    }

    /// Faults have been away for long enough: nothing is on its way any more, and both sides agree.
    func checkSettled() {
        guard let core else { return complain("the broker is dead") }
        checkMemoryIsDisk("at the end")
        for session in core.sessions {
            switch session.state {
            case .running(let host, let endpoint, _):
                let run = RunName(session: session.id, epoch: session.epoch)
                if engines[host]!.containers[run]?.condition != .running(endpoint) {
                    complain("\(session.id) is a ghost: it has no container on \(host)")
                }
            case .queued:
                if core.explanation(of: session.id, at: wall)?.isEmpty ?? true {
                    complain("\(session.id) waits for no reason")
                }
            case .starting(_, _, let since), .ending(_, _, let since):
                // Sessions that end give their seats to those who wait, to the last moment.
                if wall - since > .seconds(60) { complain("\(session.id) is stuck: \(session.state)") }
            case .ended, .failed:
                complain("\(session.id) is over and still in memory")
            }
        }
        checkOrphans(olderThan: .seconds(60))
        for status in core.hostStatuses {
            if status.seats != status.sessions { complain("\(status.name) still has leftovers") }
            if case .unreachable = status.link { complain("\(status.name) has not come back") }
        }
        for id in acknowledged {
            guard let last = store.stories[id]?.last(where: { $0.state != "note" }) else {
                complain("\(id) has no story")
                continue
            }
            if last.state != store.sessions[id]?.state.name { complain("the story of \(id) ends as \(last.state)") }
        }
    }

    /// Nobody is left in the broker's memory, and nothing on any engine.
    var isEmpty: Bool {
        guard let core else { return false }
        return core.sessions.isEmpty && core.reservationCount == 0 && engines.values.allSatisfy(\.containers.isEmpty)
    }

    /// Everybody was served or told why not, and everything has been cleared away.
    func checkEmpty() {
        guard let core else { return complain("the broker is dead") }
        for session in core.sessions.sorted(by: { $0.id < $1.id }) {
            let words = core.explanation(of: session.id, at: wall) ?? "without a word"
            complain("\(session.id) is \(session.state.name) for ever: \(words)")
        }
        if core.reservationCount > 0 { complain("\(core.reservationCount) reservations are never over") }
        for (host, engine) in engines.sorted(by: { $0.key < $1.key }) where !engine.containers.isEmpty {
            complain("\(engine.containers.keys.sorted()) stay on \(host) for ever")
        }
        for status in core.hostStatuses where status.seats > 0 || status.state != .active {
            complain("\(status.name) is \(status.state) with \(status.seats) seats taken in the end")
        }
        if !routes.isEmpty { complain("routes of nobody: \(routes.keys.sorted())") }
    }
}
