import BrokerCore

/// What seats count for in the memory of their hosts, held against what labs ask and hosts have.
extension Simulation {
    /// Of seats that were just given: a charge is what the lab asks, or less where the host goes by measured use and the
    /// seat is nobody's by promise; and all charges of a host, as the disk has them, are within its limit.
    func checkCharges(of changes: [Change]) {
        var hosts: Set<String> = []
        for case .session(let session) in changes {
            guard case .starting(let host, .creating, _) = session.state, session.warm == nil,
                store.sessions[session.id] == session
            else { continue }
            check(session.charge, of: session.lab, on: host, isReserved: session.reservation != nil, "\(session.id)")
            hosts.insert(host)
        }
        for case .warm(let seat) in changes where store.warm[seat.id] == seat {
            guard case .starting = seat.state else { continue }
            check(seat.charge, of: seat.pool.lab, on: seat.host, isReserved: seat.reservation != nil, "\(seat.id)")
            hosts.insert(seat.host)
        }
        for host in hosts {
            let sessions = store.live.filter { $0.state.host == host }.reduce(0) { $0 + $1.charge }
            let warm = store.warm.values.filter { $0.host == host }.reduce(0) { $0 + $1.charge }
            let limit = core?.hostStatus(host)?.memoryLimitBytes ?? 0
            if sessions + warm > limit { complain("seats of \(sessions + warm) bytes on \(host), which has \(limit)") }
        }
    }

    private func check(_ charge: Int64, of lab: String, on host: String, isReserved: Bool, _ seat: String) {
        guard let asked = configuration.labs.first(where: { $0.name == lab })?.memoryBytes,
            let use = core?.use(ofHost: host)
        else { return }
        if charge <= 0 || charge > asked { complain("\(seat) asks for \(asked) and counts for \(charge)") }
        guard charge < asked else { return }
        count("seat by measured use")
        if isReserved { complain("the reserved \(seat) counts for \(charge) of \(asked)") }
        if use.policy == .guaranteed { complain("\(seat) counts for \(charge) of \(asked) on \(host), guaranteed") }
    }
}
