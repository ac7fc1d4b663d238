/// What follows from sessions and reservations together: who of which cohort sits where, and what is still held.
struct Seating: Hashable, Sendable {
    /// Seats of a reservation's sessions, by host.
    var used: [ReservationID: [String: Int]] = [:]
    /// A reservation's sessions that wait.
    var waiting: [ReservationID: Set<SessionID>] = [:]
    /// The reservations that have seats promised on a host.
    var promisedOn: [String: Set<ReservationID>] = [:]
    /// The reservations of a portal and lab, for the launches that they are meant for.
    var offered: [Cohort: Set<ReservationID>] = [:]
    /// Hosts whose `held` is old.
    var stale: Set<String> = []

    struct Cohort: Hashable, Sendable {
        var portal: String
        var lab: String
    }

    func used(of id: ReservationID, on host: String) -> Int { used[id]?[host] ?? 0 }

    /// Somebody of the cohort has more seats on a host than are promised there: a home on it, or no other seat left.
    func sitsElsewhere(_ reservation: Reservation) -> Bool {
        used[reservation.id]?.contains { $0.value > reservation.allocation[$0.key] ?? 0 } ?? false
    }

    /// Promised seats on a host that nobody has taken, and that are still due.
    func held(_ reservation: Reservation, on host: String) -> Int {
        guard reservation.isBooked else { return 0 }
        let promised = reservation.allocation[host] ?? 0
        let untaken = max(0, promised - used(of: reservation.id, on: host))
        guard untaken > 0, sitsElsewhere(reservation) else { return untaken }
        // Who sits elsewhere needs no seat here: so many fewer are held, on the last hosts by name.
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
    /// Write a reservation; `nil` forgets it.
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
            let cohort = Seating.Cohort(portal: old.terms.portal, lab: old.terms.lab)
            seating.offered[cohort]?.remove(id)
            if seating.offered[cohort]?.isEmpty == true { seating.offered[cohort] = nil }
        }
        if let new, new.isBooked {
            seating.offered[Seating.Cohort(portal: new.terms.portal, lab: new.terms.lab), default: []].insert(id)
        }
        step.mayPlace = true
    }

    /// Write a reservation to the store, and here.
    mutating func store(_ reservation: Reservation) {
        setReservation(reservation.id, reservation)
        journal.changes.append(.reservation(reservation))
    }

    /// A learner's seat of a reservation: theirs until its end.
    mutating func setClaim(_ isClaimed: Bool, of learner: String, on id: ReservationID) {
        let has = claims[id]?.contains(learner) ?? false
        guard has != isClaimed else { return }
        journal.keep(claim: Claim(reservation: id, learner: learner), has)
        if isClaimed { claims[id, default: []].insert(learner) } else { claims[id]?.remove(learner) }
        if claims[id]?.isEmpty == true { claims[id] = nil }
    }

    /// A session of this reservation got a seat, or left it.
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
            // The seat that was not held meanwhile may be somebody else's now: the one that was left takes its place.
            if count < 0 { step.mayPromise = true }
        }
    }

    /// Rebuild what is held on hosts where that has changed.
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

    /// Reserved seats on a host that nobody has taken yet, over time.
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
    /// What is held for it on which host is the same.
    fileprivate func holdsLike(_ other: Reservation) -> Bool {
        (terms, phase, allocation, released) == (other.terms, other.phase, other.allocation, other.released)
    }
}

/// One learner's right to a seat of a reservation, until its end.
public struct Claim: Hashable, Sendable {
    public var reservation: ReservationID
    /// The learner's id in the reservation's portal.
    public var learner: String

    public init(reservation: ReservationID, learner: String) {
        self.reservation = reservation
        self.learner = learner
    }
}
