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

    /// Checks the portals of sessions that have just got a seat which nobody had reserved: with it they are within their
    /// quotas, apart from reserved seats that were given at the same moment. `hadSeats`: the sessions that had a seat
    /// before the changes.
    func checkQuotas(of changes: [Change], hadSeats: Set<SessionID>) {
        let seated = changes.compactMap { change -> Session? in
            guard case .session(let session) = change, session.state.host != nil, store.sessions[session.id] == session
            else { return nil }
            return session
        }
        for portal in Set(seated.filter { $0.reservation == nil && !hadSeats.contains($0.id) }.map(\.learner.portal)) {
            guard let quota = quotas[portal] else { continue }
            let sessions = store.live.filter { $0.learner.portal == portal && $0.state.host != nil }
            let reserved = seated.filter { $0.learner.portal == portal && $0.reservation != nil }
            if sessions.count - reserved.count > quota.seats ?? .max {
                complain("\(portal) has \(sessions.count) seats, and its quota is \(quota.seats ?? 0)")
            }
            let memory = (sessions.map(\.charge) + reserved.map { -$0.charge }).reduce(0, +)
            if memory > quota.memoryBytes ?? .max {
                complain("\(portal) has \(memory) bytes, which is beyond its quota")
            }
            if quota.seats == sessions.count { count("quota used up") }
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
