/// Pools yield: unclaimed seats are given up when sessions wait for their room.
extension BrokerCore {
    /// Gives up as many pool seats as make room for the sessions that wait without a seat; seats that are already being
    /// removed count as free. Returns whether any was given up.
    mutating func yieldWarmSeats(at now: Timestamp) -> Bool {
        guard !warm.isEmpty, queueLength > 0 else { return false }
        let before = warm.entries.count
        if !warm.byPool.isEmpty, queue.count > 0 { yieldPools(at: now) }
        return warm.entries.count < before
    }

    private mutating func yieldPools(at now: Timestamp) {
        refreshHeld()
        // Each host as it will be when the removals in progress there are done.
        var future = hosts
        for leftover in leftovers.values where !leftover.hasFailed {
            guard let index = hostIndex[leftover.host] else { continue }
            future[index].usage.seats -= 1
            future[index].usage.memory -= leftover.memory
        }
        var looked = 0
        for (line, tickets) in queue.lines.sorted(by: { $0.key < $1.key }) {
            guard let lab = catalogue.labs[line.lab], hasQuota(for: lab) else { continue }
            for _ in tickets {
                looked += 1
                guard looked <= Limits.yieldsPerStep, makeRoom(for: lab, on: line.host, in: &future, at: now) else {
                    break
                }
            }
        }
    }

    /// Reserves a future seat for this lab; false if no pool can make room for it.
    private mutating func makeRoom(
        for lab: Lab, on bound: String?, in future: inout [HostRecord], at now: Timestamp
    ) -> Bool {
        let demand = demand(of: lab)
        func isOpen(_ host: HostRecord) -> Bool { host.offer(demand, at: now).open < .infinity }
        let eligible = hostsEligible(for: lab, boundTo: bound)
        let possible = future.indices.filter { index in
            future[index].takesSeats && (bound == nil || bound == future[index].name) && eligible(future[index])
        }
        func sit(on index: Int) {
            future[index].usage.seats += 1
            future[index].usage.memory += future[index].charge(demand)
        }
        if let index = possible.first(where: { isOpen(future[$0]) }) {
            sit(on: index)
            return true
        }
        var best: (index: Int, victims: [WarmEntry], host: HostRecord)?
        for index in possible {
            var host = future[index]
            var victims: [WarmEntry] = []
            // Giving up the least ready seats loses the least.
            let candidates = host.usage.warm.compactMap { warm[$0] }.filter { $0.seat.reservation == nil }
                .sorted(by: WarmSeats.isSooner)
            for entry in candidates.reversed() where !isOpen(host) {
                host.usage.seats -= 1
                host.usage.memory -= entry.memory
                if entry.isStarting { host.usage.starting -= 1 }
                host.usage.warm.remove(entry.seat.id)
                victims.append(entry)
            }
            guard isOpen(host), !victims.isEmpty, victims.count < best?.victims.count ?? .max else { continue }
            best = (index, victims, host)
        }
        guard let best else { return false }
        for victim in best.victims { giveUp(victim.seat.id) }
        future[best.index] = best.host
        sit(on: best.index)
        return true
    }
}
