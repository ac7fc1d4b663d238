import BrokerCore
import Words

/// The invariants that must hold once faults have stopped.
extension Simulation {
    func checkOrphans(olderThan age: Duration) {
        guard let core else { return complain("the broker is dead") }
        for (host, engine) in engines.sorted(by: { $0.key < $1.key }) {
            for run in engine.containers.keys.sorted() {
                if isWarm(run, on: host) { continue }
                let session = core.sessions.first { RunName($0) == run }
                if let session, session.state.host == host { continue }
                // A failed attempt may still be in cleanup.
                if let asked = removalAskedAt[run], time - asked < age { continue }
                if let told = store.stories[run.session]?.last?.at, wall - told < age { continue }
                complain("\(run) is an orphan on \(host)")
            }
        }
    }

    /// Checks, when faults have been absent for long enough, that nothing is in transit and that both sides agree.
    func checkSettled() {
        guard let core else { return complain("the broker is dead") }
        checkMemoryIsDisk("at the end")
        for session in core.sessions {
            switch session.state {
            case .running(let host, let endpoint, _):
                let run = RunName(session)
                if engines[host]!.containers[run]?.condition != .running(endpoint) {
                    complain("\(session.id) is a ghost: it has no container on \(host)")
                }
            case .queued:
                if core.standing(of: session.id, at: wall)?.text.isEmpty ?? true {
                    complain("\(session.id) waits for no reason")
                }
            case .parked:
                break
            case .starting(_, _, let since), .ending(_, _, let since), .parking(_, _, let since):
                // Sessions that end pass their seats to those who wait, until the very end.
                if wall - since > .seconds(60) { complain("\(session.id) is stuck: \(session.state)") }
            case .ended, .failed:
                complain("\(session.id) is over and still in memory")
            }
        }
        checkOrphans(olderThan: .seconds(60))
        for seat in core.warmSeats {
            guard case .ready(let endpoint, _) = seat.state else { continue }
            let run = RunName(session: seat.id.run, epoch: 0)
            if engines[seat.host]!.containers[run]?.condition != .running(endpoint) {
                complain("\(seat.id) is ready, and has no container on \(seat.host)")
            }
        }
        for status in core.hostStatuses {
            if status.seats != status.sessions + status.warm { complain("\(status.name) still has leftovers") }
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

    private func isWarm(_ run: RunName, on host: String) -> Bool {
        WarmSeatID(run: run.session).flatMap { core?.warmSeat($0) }?.host == host
    }

    /// The containers of an engine without unclaimed warm seats, which stay available for later learners.
    private func taken(_ engine: SimulatedEngine) -> [RunName] {
        engine.containers.keys.filter { !isWarm($0, on: engine.host) }.sorted()
    }

    /// Whether the broker's memory holds no session, and the engines hold nothing but warm seats.
    var isEmpty: Bool {
        guard let core else { return false }
        return core.sessions.isEmpty && openReservations(core).isEmpty
            && engines.values.allSatisfy { taken($0).isEmpty }
    }

    private func openReservations(_ core: BrokerCore) -> [ReservationID] {
        store.reservations.keys.filter { core.reservation($0) != nil }
    }

    /// Checks that everybody was served or told why not, and that everything was cleared away.
    func checkEmpty() {
        guard let core else { return complain("the broker is dead") }
        for session in core.sessions.sorted(by: { $0.id < $1.id }) {
            let words = core.standing(of: session.id, at: wall)?.text ?? "without a word"
            complain("\(session.id) is \(session.state.name) for ever: \(words)")
        }
        for id in openReservations(core) { complain("the reservation \(id) is never over") }
        for (host, engine) in engines.sorted(by: { $0.key < $1.key }) where !taken(engine).isEmpty {
            complain("\(taken(engine)) stay on \(host) for ever")
        }
        for status in core.hostStatuses where status.seats > status.warm || status.state != .active {
            complain("\(status.name) is \(status.state) with \(status.seats) seats taken in the end")
        }
        if !routes.isEmpty { complain("routes of nobody: \(routes.keys.sorted())") }
    }
}
