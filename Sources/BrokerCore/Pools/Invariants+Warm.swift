/// The invariants of warm seats and pools.
extension BrokerCore {
    func warmViolations(at now: Timestamp) -> [String] {
        var broken: [String] = []
        var starting: [String: Int] = [:]
        var claimed: [WarmSeatID: SessionID] = [:]
        for (id, entry) in warm.entries {
            let seat = entry.seat
            if seat.id != id { broken.append("\(seat.id) is kept as \(id)") }
            if id.number > warm.lastNumber { broken.append("\(id) has a number that was not given yet") }
            if hostIndex[seat.host] == nil { broken.append("\(id) is on unknown \(seat.host)") }
            if leftovers[entry.run] != nil { broken.append("\(id) is a leftover") }
            if warm.claimed[id] != nil { broken.append("\(id) is claimed, and offered to others") }
            if entry.isStarting { starting[seat.host, default: 0] += 1 }
            let isIndexed =
                seat.reservation.map { warm.byReservation[$0]?.contains(id) } ?? warm.byPool[seat.pool]?.contains(id)
            if isIndexed != true { broken.append("\(id) is missing in the index") }
        }
        let indexed = (Array(warm.byPool.values) + Array(warm.byReservation.values)).map(\.count).reduce(0, +)
        if indexed != warm.entries.count { broken.append("\(indexed) warm seats in the indexes") }
        if starting != warm.starting { broken.append("warm starts: \(warm.starting), not \(starting)") }
        for (id, entry) in entries {
            guard let seat = entry.session.warm else { continue }
            claimed[seat] = id
            if entry.session.state.host == nil { broken.append("\(id) has \(seat) and no host") }
        }
        if claimed != warm.claimed { broken.append("claimed: \(warm.claimed), not \(claimed)") }
        // After `restore` and after a rollback the next event applies what is pending.
        guard catalogue.isConfigured, !step.mayPlace else { return broken }
        if let due = reservationsDue, due <= now { return broken }
        return broken + settledViolations(at: now)
    }

    /// After a step no work may be left that the step should have done.
    private func settledViolations(at now: Timestamp) -> [String] {
        var broken: [String] = []
        for (id, entry) in warm.entries {
            guard let host = record(of: entry.seat.host) else { continue }
            if !host.settings.isConfigured || host.settings.host.duty != .active {
                broken.append("\(id) is on \(host.name), which takes no seats")
            }
            if !isCurrent(entry) { broken.append("\(id) is of an old image") }
        }
        for key in Set(poolKeys).union(warm.byPool.keys) {
            let count = warm.byPool[key]?.count ?? 0
            if count > poolSpec(of: key)?.maximum ?? 0 { broken.append("the pool \(key) has \(count) warm seats") }
        }
        guard !warm.byPool.isEmpty, queue.count > 0 else { return broken }
        var copy = self
        if copy.yieldWarmSeats(at: now) { broken.append("pool seats are in the way of who waits") }
        return broken
    }
}
