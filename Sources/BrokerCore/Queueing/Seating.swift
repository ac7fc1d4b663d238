import Identity

/// State derived from sessions and reservations together: which cohort has seats where, and which seats are still held.
struct Seating: Hashable, Sendable {
    /// Seats of a reservation's sessions, by host.
    var used: [ReservationID: [String: Int]] = [:]
    /// A reservation's waiting sessions.
    var waiting: [ReservationID: Set<SessionID>] = [:]
    /// The reservations with promised seats on each host.
    var promisedOn: [String: Set<ReservationID>] = [:]
    /// The reservations of each lab, to match launches against.
    var offered: [LabKey: Set<ReservationID>] = [:]
    /// Hosts whose `held` curve is outdated.
    var stale: Set<String> = []

    func used(of id: ReservationID, on host: String) -> Int { used[id]?[host] ?? 0 }

    /// Whether the cohort has more seats on some host than are promised there: a home is there, or no other seat was
    /// left.
    func sitsElsewhere(_ reservation: Reservation) -> Bool {
        used[reservation.id]?.contains { $0.value > reservation.allocation[$0.key] ?? 0 } ?? false
    }

    /// Promised seats on a host that are not taken and still due.
    func held(_ reservation: Reservation, on host: String) -> Int {
        guard reservation.isBooked else { return 0 }
        let promised = reservation.allocation[host] ?? 0
        let untaken = max(0, promised - used(of: reservation.id, on: host))
        guard untaken > 0, sitsElsewhere(reservation) else { return untaken }
        // A session that sits elsewhere needs no seat here, so that many fewer are held, starting with the last hosts
        // by name.
        var due = reservation.dueSeats - (used[reservation.id]?.values.reduce(0, +) ?? 0)
        for (name, promised) in reservation.allocation.sorted(by: { $0.key < $1.key }) {
            let held = min(max(0, due), max(0, promised - used(of: reservation.id, on: name)))
            if name == host { return held }
            due -= held
        }
        return 0
    }
}

extension BrokerCore {
    /// Updates a reservation; `nil` forgets it.
    mutating func setReservation(_ id: ReservationID, _ new: Reservation?) {
        let old = reservations[id]
        guard old != new else { return }
        journal.keep(old, of: id)
        reservations[id] = new
        forgetStays(of: old)
        forgetStays(of: new)
        step.changesReservations = true
        if let old, let new, old.holdsLike(new) { return }
        for host in old?.allocation.keys ?? [:].keys {
            seating.promisedOn[host]?.remove(id)
            if seating.promisedOn[host]?.isEmpty == true { seating.promisedOn[host] = nil }
            seating.stale.insert(host)
        }
        for host in new?.allocation.keys ?? [:].keys {
            seating.promisedOn[host, default: []].insert(id)
            seating.stale.insert(host)
        }
        if let old {
            seating.offered[old.terms.lab]?.remove(id)
            if seating.offered[old.terms.lab]?.isEmpty == true { seating.offered[old.terms.lab] = nil }
        }
        if let new, new.isBooked {
            seating.offered[new.terms.lab, default: []].insert(id)
        }
        step.mayPlace = true
    }

    /// Updates a reservation here and in the store.
    mutating func store(_ reservation: Reservation) {
        setReservation(reservation.id, reservation)
        journal.changes.append(.reservation(reservation))
    }

    /// Adds or removes a learner's claim to a seat, which lasts until the reservation's end.
    mutating func setClaim(_ isClaimed: Bool, of learner: String, on id: ReservationID) {
        let has = claims[id]?.contains(learner) ?? false
        guard has != isClaimed else { return }
        journal.keep(claim: Claim(reservation: id, learner: learner), has)
        if isClaimed { claims[id, default: []].insert(learner) } else { claims[id]?.remove(learner) }
        if claims[id]?.isEmpty == true { claims[id] = nil }
    }

    /// A session of this reservation took a seat (`count` is 1) or freed one (-1).
    mutating func takeReservedSeat(of id: ReservationID, on host: String, by count: Int) {
        let reservation = reservations[id]
        let before = reservation.map { seating.sitsElsewhere($0) } ?? false
        seating.used[id, default: [:]][host, default: 0] += count
        if seating.used(of: id, on: host) == 0 {
            seating.used[id]?[host] = nil
            if seating.used[id]?.isEmpty == true { seating.used[id] = nil }
        }
        seating.stale.insert(host)
        if let reservation, before || seating.sitsElsewhere(reservation) {
            seating.stale.formUnion(reservation.allocation.keys)
            // The promised seat that was not held meanwhile may have been taken by another session; the freed one
            // replaces it.
            if count < 0 { step.mayPromise = true }
        }
    }

    /// Recomputes the held seats of hosts where they have changed.
    mutating func refreshHeld() {
        guard !seating.stale.isEmpty else { return }
        for name in seating.stale {
            guard let index = hostIndex[name] else { continue }
            let held = heldCurve(on: name)
            guard hosts[index].held != held else { continue }
            hosts[index].held = held
            order.touch(index)
        }
        seating.stale = []
    }

    /// Reserved seats on a host that no session has taken yet, over time.
    func heldCurve(on host: String) -> CapacityCurve {
        var curve = CapacityCurve()
        for id in seating.promisedOn[host] ?? [] {
            guard let reservation = reservations[id] else { continue }
            let seat = CapacityCurve.Load(seats: 1, memory: lab(reservation.terms.lab)?.memoryBytes ?? 0)
            curve.add(
                seat * seating.held(reservation, on: host), from: reservation.terms.opensAt, to: reservation.terms.to)
        }
        return curve
    }
}

extension Reservation {
    /// Whether both hold the same seats on the same hosts.
    fileprivate func holdsLike(_ other: Reservation) -> Bool {
        (terms, phase, allocation, released) == (other.terms, other.phase, other.allocation, other.released)
    }
}

/// One learner's right to a seat of a reservation, until the reservation's end.
public struct Claim: Hashable, Sendable {
    public var reservation: ReservationID
    /// The learner's id in the reservation's portal.
    public var learner: String

    public init(reservation: ReservationID, learner: String) {
        self.reservation = reservation
        self.learner = learner
    }
}
