/// What is taken of every host from now on, looked up once for many questions.
struct Outlook: Sendable {
    /// Seats that reservations are promised, by host.
    var promises: [String: CapacityCurve] = [:]
    /// What sessions take that no promise accounts for, by host.
    var stays: [String: Stays] = [:]
}

/// What the sessions on a host that no promise there accounts for take, until they have left at the latest.
struct Stays: Hashable, Sendable {
    /// In order.
    private var ends: [Timestamp] = []
    /// What those from each index on take together; one more than there are ends.
    private var loads = [CapacityCurve.Load()]

    init(_ leaving: [(end: Timestamp, load: CapacityCurve.Load)]) {
        for (end, load) in leaving.sorted(by: { $0.end > $1.end }) {
            ends.append(end)
            loads.append(loads[loads.count - 1] + load)
        }
        ends.reverse()
        loads.reverse()
    }

    /// What may still be there at a moment. O(log n).
    func lasting(at time: Timestamp) -> CapacityCurve.Load {
        var low = 0
        var high = ends.count
        while low < high {
            let middle = (low + high) / 2
            if ends[middle] <= time { low = middle + 1 } else { high = middle }
        }
        return loads[low]
    }
}

extension BrokerCore {
    /// O(sessions + reservations * hosts).
    func outlook(at now: Timestamp) -> Outlook { Outlook(promises: promises(), stays: stays(at: now)) }

    func promises() -> [String: CapacityCurve] {
        var promises: [String: CapacityCurve] = [:]
        for reservation in reservations.values where reservation.isBooked { add(reservation, to: &promises) }
        return promises
    }

    func stays(at now: Timestamp) -> [String: Stays] {
        Dictionary(uniqueKeysWithValues: hosts.map { ($0.name, stays(on: $0, now: now)) })
    }

    /// A promise accounts for as many of its sessions as it has seats there: for those that stay longest.
    func stays(on host: HostRecord, now: Timestamp) -> Stays {
        var others: [(end: Timestamp, load: CapacityCurve.Load)] = []
        var own: [ReservationID: [(end: Timestamp, load: CapacityCurve.Load)]] = [:]
        for id in host.usage.sessions {
            guard let entry = entries[id], let end = latestEnd(of: entry, now: now) else { continue }
            let leaving = (end: end, load: CapacityCurve.Load(seats: 1, memory: entry.seatMemory))
            if let reservation = entry.session.reservation, reservations[reservation]?.isBooked == true {
                own[reservation, default: []].append(leaving)
            } else {
                others.append(leaving)
            }
        }
        for (id, leaving) in own {
            let promised = reservations[id]?.allocation[host.name] ?? 0
            others += leaving.sorted { $0.end > $1.end }.dropFirst(promised)
        }
        return Stays(others)
    }
}
