import BrokerCore
import Identity

/// Checks the charges of seats against their hosts' memory, with what labs request and what hosts have.
extension Simulation {
    /// Checks newly placed seats: a charge is what the lab requests, or less if the host places by measured use and the
    /// seat is not guaranteed; and the sum of a host's charges, as stored on disk, is within its limit.
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
            check(seat.charge, of: seat.pool, on: seat.host, isReserved: seat.reservation != nil, "\(seat.id)")
            hosts.insert(seat.host)
        }
        for host in hosts {
            let sessions = store.live.filter { $0.state.host == host }.reduce(0) { $0 + $1.charge }
            let warm = store.warm.values.filter { $0.host == host }.reduce(0) { $0 + $1.charge }
            let limit = core?.hostStatus(host)?.memoryLimitBytes ?? 0
            if sessions + warm > limit { complain("seats of \(sessions + warm) bytes on \(host), which has \(limit)") }
        }
    }

    private func check(_ charge: Int64, of lab: LabKey, on host: String, isReserved: Bool, _ seat: String) {
        guard let asked = configuration.labs.first(where: { $0.key == lab })?.memoryBytes,
            let use = core?.use(ofHost: host)
        else { return }
        if charge <= 0 || charge > asked { complain("\(seat) asks for \(asked) and counts for \(charge)") }
        guard charge < asked else { return }
        count("seat by measured use")
        if isReserved { complain("the reserved \(seat) counts for \(charge) of \(asked)") }
        if use.policy == .guaranteed { complain("\(seat) counts for \(charge) of \(asked) on \(host), guaranteed") }
    }
}
