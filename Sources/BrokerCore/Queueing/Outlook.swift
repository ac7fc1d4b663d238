/// The future load of every host, computed once for many queries.
struct Outlook: Sendable {
    /// By host: seats promised to reservations, and seats that their sessions keep beyond the reservation's end.
    var promises: [String: CapacityCurve] = [:]
    /// By host: the load of sessions that no promise accounts for.
    var stays: [String: Stays] = [:]

    init(stays: [String: Stays]) {
        self.stays = stays
        for (host, stays) in stays {
            for seat in stays.beyond {
                promises[host, default: CapacityCurve()].add(seat.load, from: seat.from, to: seat.to)
            }
        }
    }

    /// Times at which sessions leave: of thousands a sample, always including the latest end on any host.
    func ends(atMost limit: Int) -> [Timestamp] {
        let all = stays.sorted { $0.key < $1.key }.map(\.value)
        let stride = max(1, all.reduce(0) { $0 + $1.count } / limit)
        var ends: [Timestamp] = []
        var skipped = 0
        for stays in all {
            var index = stride - 1 - skipped
            while index < stays.count {
                ends.append(stays.end(index))
                index += stride
            }
            skipped = (skipped + stays.count) % stride
        }
        return ends + [all.compactMap(\.lastEnd).max()].compactMap(\.self)
    }
}

/// The load of a host's sessions that no promise there accounts for, each until its latest possible end.
struct Stays: Hashable, Sendable {
    /// In ascending order.
    private var ends: [Timestamp] = []
    /// The combined load of the sessions from each index on; one element more than `ends`.
    private var loads = [CapacityCurve.Load()]
    /// Sessions that a promise accounts for and that keep their seats beyond its end.
    let beyond: [Beyond]

    /// A seat from the end of a reservation until the end of its session's extension.
    struct Beyond: Hashable, Sendable {
        var load: CapacityCurve.Load
        var from: Timestamp
        var to: Timestamp
    }

    init(_ leaving: [(end: Timestamp, load: CapacityCurve.Load)], beyond: [Beyond] = []) {
        self.beyond = beyond
        for (end, load) in leaving.sorted(by: { $0.end > $1.end }) {
            ends.append(end)
            loads.append(loads[loads.count - 1] + load)
        }
        ends.reverse()
        loads.reverse()
    }

    var count: Int { ends.count }

    /// The end of the `index`th session to leave.
    func end(_ index: Int) -> Timestamp { ends[index] }

    var lastEnd: Timestamp? { ends.last }

    /// Whether both describe the same load at every time, regardless of the order of sessions that leave together.
    func agrees(with other: Stays) -> Bool {
        ends == other.ends && loads.first == other.loads.first && Set(beyond) == Set(other.beyond)
            && ends.allSatisfy { lasting(at: $0) == other.lasting(at: $0) }
    }

    /// The load that may still be present at a time. O(log n).
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
    /// O(hosts + reservations * hosts), plus the sessions on hosts whose stays are not cached.
    func outlook(at now: Timestamp) -> Outlook {
        var outlook = Outlook(stays: stays(at: now))
        for reservation in reservations.values where reservation.isBooked { add(reservation, to: &outlook.promises) }
        return outlook
    }

    func promises() -> [String: CapacityCurve] {
        var promises: [String: CapacityCurve] = [:]
        for reservation in reservations.values where reservation.isBooked { add(reservation, to: &promises) }
        return promises
    }

    func stays(at now: Timestamp) -> [String: Stays] {
        Dictionary(uniqueKeysWithValues: hosts.map { ($0.name, knownStays[$0.name] ?? stays(on: $0, now: now)) })
    }

    /// Caches the stays of hosts that have changed since the last call, for the many queries that follow.
    mutating func learnStays(at now: Timestamp) {
        for host in hosts where knownStays[host.name] == nil && host.usage.sessions.allSatisfy(hasFixedEnd) {
            knownStays[host.name] = stays(on: host, now: now)
        }
    }

    /// Whether its latest end does not move as time passes.
    private func hasFixedEnd(_ id: SessionID) -> Bool {
        guard let entry = entries[id] else { return true }
        return switch entry.session.state {
        case .running: lab(entry.session.lab) != nil
        case .starting: false
        case .queued, .ending, .parking, .parked, .ended, .failed: true
        }
    }

    /// Invalidates the cached stays after a session's end, seat or reservation has changed.
    mutating func forgetStays(of old: Session?, _ new: Session?) {
        guard !knownStays.isEmpty,
            old?.state != new?.state || old?.stay.extended != new?.stay.extended
                || old?.stay.seatUntil != new?.stay.seatUntil
                || old?.reservation != new?.reservation || old?.charge != new?.charge
        else { return }
        for case let host? in [old?.state.host, new?.state.host] { knownStays[host] = nil }
    }

    /// Invalidates the cached stays after a reservation's promises, or the sessions that must end with it, have
    /// changed.
    mutating func forgetStays(of reservation: Reservation?) {
        guard let reservation, !knownStays.isEmpty else { return }
        for host in reservation.allocation.keys { knownStays[host] = nil }
        for host in seating.used[reservation.id]?.keys ?? [:].keys { knownStays[host] = nil }
    }

    /// A promise accounts for as many of the reservation's sessions as it has seats on the host: those that stay
    /// longest.
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
        var beyond: [Stays.Beyond] = []
        for (id, leaving) in own {
            guard let reservation = reservations[id] else { continue }
            let promised = reservation.allocation[host.name] ?? 0
            let lasting = leaving.sorted { $0.end > $1.end }
            others += lasting.dropFirst(promised)
            let end = reservation.terms.endsAt
            beyond += lasting.prefix(promised).filter { $0.end > end }
                .map { Stays.Beyond(load: $0.load, from: end, to: $0.end) }
        }
        return Stays(others, beyond: beyond)
    }
}
