import Identity

/// The core's record of a warm seat.
struct WarmEntry: Hashable, Sendable {
    var seat: WarmSeat
    /// The progress of its start.
    var step = StartStep.creating
    /// The number of seats that were starting on its host when this start began, itself included; 0 if an earlier
    /// broker process began it.
    var startCrowd = 0
    /// The value of `BrokerCore.eventCount` when it became ready; 0 if that was in an earlier broker process.
    var readyAt = 0

    init(seat: WarmSeat) { self.seat = seat }

    /// What the seat is charged, in bytes.
    var memory: Int64 {
        get { seat.charge }
        set { seat.charge = newValue }
    }

    var run: Run { Run(session: seat.id.run, epoch: 0) }

    var isStarting: Bool {
        switch seat.state {
        case .starting: true
        case .ready: false
        }
    }
}

/// All warm seats, and the state kept with them.
struct WarmSeats: Sendable {
    private(set) var entries: [WarmSeatID: WarmEntry] = [:]
    /// The seats of pools.
    private(set) var byPool: [LabKey: Set<WarmSeatID>] = [:]
    private(set) var byReservation: [ReservationID: Set<WarmSeatID>] = [:]
    /// Warm seats that are starting, by host.
    private(set) var starting: [String: Int] = [:]
    /// The sessions that run in a claimed seat's container.
    var claimed: [WarmSeatID: SessionID] = [:]
    /// The last number that was assigned.
    var lastNumber: Int64 = 0
    /// Pools that operators have set, which take precedence over the configuration.
    var overrides: [LabKey: PoolSpec] = [:]
    /// When the latest seats of a pool were claimed, oldest first; not stored.
    var claims: [LabKey: [Timestamp]] = [:]
    /// After a failed start of a pool, when the next one is tried.
    var retryAt: [LabKey: Timestamp] = [:]

    subscript(id: WarmSeatID) -> WarmEntry? { entries[id] }
    var isEmpty: Bool { entries.isEmpty }

    mutating func set(_ id: WarmSeatID, _ new: WarmEntry?) {
        if let old = entries[id] {
            if let own = old.seat.reservation {
                byReservation.remove(id, of: own)
            } else {
                byPool.remove(id, of: old.seat.pool)
            }
            if old.isStarting { starting[old.seat.host, default: 0] -= 1 }
            if starting[old.seat.host] == 0 { starting[old.seat.host] = nil }
        }
        entries[id] = new
        guard let new else { return }
        if let own = new.seat.reservation {
            byReservation[own, default: []].insert(id)
        } else {
            byPool[new.seat.pool, default: []].insert(id)
        }
        if new.isStarting { starting[new.seat.host, default: 0] += 1 }
    }

    /// Ready ones first, oldest first.
    static func isSooner(_ a: WarmEntry, _ b: WarmEntry) -> Bool {
        a.isStarting == b.isStarting ? a.seat.id < b.seat.id : b.isStarting
    }
}

extension Dictionary where Value == Set<WarmSeatID> {
    fileprivate mutating func remove(_ id: WarmSeatID, of key: Key) {
        self[key]?.remove(id)
        if self[key]?.isEmpty == true { self[key] = nil }
    }
}

extension BrokerCore {
    /// The only writer of warm seats; see BrokerCore+Records.swift.
    mutating func setWarm(_ id: WarmSeatID, _ new: WarmEntry?) {
        let old = warm[id]
        journal.keep(old, of: id)
        warm.set(id, new)
        if let old, let index = hostIndex[old.seat.host] {
            if let own = old.seat.reservation { takeReservedSeat(of: own, on: old.seat.host, by: -1) }
            count(old, at: index, by: -1)
            hosts[index].usage.warm.remove(id)
        }
        if let new, let index = hostIndex[new.seat.host] {
            if let own = new.seat.reservation { takeReservedSeat(of: own, on: new.seat.host, by: 1) }
            count(new, at: index, by: 1)
            hosts[index].usage.warm.insert(id)
        }
        step.mayPlace = true
    }

    private mutating func count(_ entry: WarmEntry, at index: Int, by sign: Int) {
        hosts[index].usage.seats += sign
        hosts[index].usage.memory += Int64(sign) * entry.memory
        if entry.isStarting { hosts[index].usage.starting += sign }
        order.touch(index)
        step.touchedHosts.insert(hosts[index].name)
    }

    /// Updates a warm seat here and in the store.
    mutating func store(_ entry: WarmEntry) {
        setWarm(entry.seat.id, entry)
        journal.changes.append(.warm(entry.seat))
    }

    /// Forgets a warm seat that was claimed or given up.
    mutating func forgetWarm(_ id: WarmSeatID) {
        setWarm(id, nil)
        journal.changes.append(.warmGone(id))
    }

    /// Gives the seat up and removes its container.
    mutating func giveUp(_ id: WarmSeatID) {
        guard let entry = warm[id] else { return }
        let host = entry.seat.host
        forgetWarm(id)
        guard let record = record(of: host), !isGone(record) else { return }
        setLeftover(entry.run, Leftover(host: host, memory: entry.memory, session: id.run))
        if record.isReachable { remove(entry.run, on: host) }
    }

    /// The session and epoch that an engine's report about a container refers to: the container of a claimed seat bears
    /// the seat's name as long as it lives.
    func owner(of name: SessionID, epoch: Int) -> (SessionID, Int) {
        guard let warmID = WarmSeatID(run: name), epoch == 0, let id = warm.claimed[warmID], let entry = entries[id]
        else { return (name, epoch) }
        return (id, entry.session.epoch)
    }

    /// Seats of a reservation that its learners occupy: those in use, less the unclaimed warm ones.
    func seatedCount(of id: ReservationID, on host: String? = nil) -> Int {
        let warm = warm.byReservation[id, default: []].count { host == nil || self.warm[$0]?.seat.host == host }
        return (host.map { seating.used(of: id, on: $0) } ?? seating.used[id]?.values.reduce(0, +) ?? 0) - warm
    }

    /// The unclaimed warm seat that a report refers to.
    func warmEntry(_ name: SessionID) -> WarmEntry? { WarmSeatID(run: name).flatMap { warm[$0] } }
}
