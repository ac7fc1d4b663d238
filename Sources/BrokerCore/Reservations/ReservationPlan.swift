import HeapModule
import Identity

/// Admission of reservations, and reallocation of promised seats when hosts change.
///
/// On every host, at every time, the promised seats stay within the host's capacity less the free floor. At admission
/// they must also fit together with the sessions that may still be running when the reservation opens.
extension BrokerCore {
    /// A request for seats over a time range.
    struct Wish {
        var seats: Int
        /// The memory of one seat, in bytes.
        var memory: Int64
        var from: Timestamp
        var to: Timestamp
        /// Labels that a host must have.
        var requires: [String: String]

        init(seats: Int, of lab: Lab, from: Timestamp, to: Timestamp) {
            self.seats = seats
            memory = lab.memoryBytes
            self.from = from
            self.to = to
            requires = lab.requires
        }

        init(_ terms: ReservationTerms, lab: Lab) {
            self.init(seats: terms.seats, of: lab, from: terms.opensAt, to: terms.endsAt)
        }

        var seat: CapacityCurve.Load { CapacityCurve.Load(seats: 1, memory: memory) }
    }

    /// The reserved lab; `nil` if the configuration no longer has it or its portal, in which case nothing is held.
    func offeredLab(of terms: ReservationTerms) -> Lab? { catalogue.offered(terms.lab) }

    /// Adds a reservation's promises to the curves of its hosts.
    ///
    /// - Parameter sign: -1 to subtract its promises.
    func add(_ reservation: Reservation, times sign: Int = 1, to curves: inout [String: CapacityCurve]) {
        guard let lab = offeredLab(of: reservation.terms) else { return }
        let wish = Wish(reservation.terms, lab: lab)
        for (host, count) in reservation.allocation {
            curves[host, default: CapacityCurve()].add(wish.seat * (count * sign), from: wish.from, to: wish.to)
        }
    }

    /// The latest time at which a session frees its seat; `nil` if it is already leaving or has none.
    func latestEnd(of entry: Entry, now: Timestamp) -> Timestamp? {
        let unknown = now + Limits.reservationHorizon
        switch entry.session.state {
        case .running(_, _, let since):
            // The session was restored and its lab has been removed: its end is unknown until that has been handled.
            guard let lab = lab(entry.session.lab) else { return unknown }
            return lifetimeEnd(of: entry, runningSince: since, lab)
        case .starting(_, _, let since):
            guard let lab = lab(entry.session.lab) else { return unknown }
            let end = max(since + lab.demand.horizon, now + lab.maximumLifetime)
            return reservedUntil(entry).map { min($0, end) } ?? end
        case .queued, .ending, .parking, .parked, .ended, .failed:
            return nil
        }
    }

    /// Allots seats one by one to the host that is least full with them; fewer than wished if hosts run out of seats.
    func allot(_ wish: Wish, lacking lab: LabKey, beside outlook: Outlook, at now: Timestamp)
        -> [String: Int]
    {
        struct Bid: Comparable {
            var density: Double
            var index: Int
            static func < (a: Bid, b: Bid) -> Bool { (a.density, a.index) < (b.density, b.index) }
        }
        var free = Array(repeating: 0, count: hosts.count)
        var taken = free
        var bids = Heap<Bid>()
        for (index, host) in hosts.enumerated() where !host.settings.lackingLabs.contains(lab) {
            let room = room(on: host, for: wish, beside: outlook, at: now)
            free[index] = seats(on: host, for: wish, in: room)
            taken[index] = (room.promised + room.lasting).seats
            if free[index] > 0 {
                bids.insert(Bid(density: Double(taken[index] + 1) / Double(host.spec.slots), index: index))
            }
        }
        var allotted: [String: Int] = [:]
        var left = wish.seats
        while left > 0, let bid = bids.popMin() {
            left -= 1
            allotted[hosts[bid.index].name, default: 0] += 1
            free[bid.index] -= 1
            taken[bid.index] += 1
            guard free[bid.index] > 0 else { continue }
            bids.insert(
                Bid(density: Double(taken[bid.index] + 1) / Double(hosts[bid.index].spec.slots), index: bid.index))
        }
        return allotted
    }

    func room(
        on host: HostRecord, for wish: Wish, beside outlook: Outlook, at now: Timestamp
    ) -> Room {
        Room(
            promised: outlook.promises[host.name]?.peak(from: wish.from, to: wish.to) ?? CapacityCurve.Load(),
            lasting: outlook.stays[host.name]?.lasting(at: max(wish.from, now)) ?? CapacityCurve.Load())
    }

    /// The load of a host during a wish.
    struct Room {
        var promised: CapacityCurve.Load
        var lasting: CapacityCurve.Load
    }

    /// Promises must leave the free floor; promises and present sessions together may use the whole host.
    func seats(on host: HostRecord, for wish: Wish, in room: Room) -> Int {
        guard host.settings.isPromising, host.spec.maximumStarts > 0, host.spec.satisfies(wish.requires) else {
            return 0
        }
        let reservable = host.spec.reservable(freeFloorPercent: catalogue.freeFloorPercent)
        let whole = Capacity(
            slots: host.spec.slots, memory: host.memoryLimit - host.settings.others.memoryBytes)
        return min(
            reservable.seats(of: wish.memory, beside: room.promised),
            whole.seats(of: wish.memory, beside: room.promised + room.lasting))
    }

    // MARK: Refusals

    /// Why this wish cannot be fulfilled; the next possible time is not computed here.
    ///
    /// - Parameters:
    ///   - outlook: with the promises of `companions`, and without those of `leaving`.
    ///   - leaving: reservations that would be given up for it.
    ///   - companions: earlier items of the same booking, which are not stored yet.
    func conflict(
        _ terms: ReservationTerms, lab: Lab, found: Int, beside outlook: Outlook,
        leaving: Set<ReservationID> = [], companions: [Reservation] = [], at now: Timestamp
    ) -> ReservationConflict {
        let wish = Wish(terms, lab: lab)
        let moments = Set(outlook.promises.values.flatMap { $0.moments }).filter { wish.from <= $0 && $0 < wish.to }
        let worst = moments.union([wish.from]).sorted().map { moment in
            var instant = wish
            instant.from = moment
            instant.to = moment + .milliseconds(1)
            return (moment, freeSeats(for: instant, lacking: lab.key, beside: outlook, at: now))
        }.min { ($0.1, $0.0) < ($1.1, $1.0) }
        let peakAt = worst?.0 ?? wish.from
        func holdsSeats(_ reservation: Reservation) -> Bool {
            reservation.isBooked && reservation.terms.opensAt <= peakAt && peakAt < reservation.terms.endsAt
                && !reservation.allocation.isEmpty
        }
        let others = reservations.values.filter { holdsSeats($0) && !leaving.contains($0.id) }
        return ReservationConflict(
            wanted: terms.seats, free: found, peakAt: peakAt, others: others.map(\.id).sorted(),
            companions: companions.filter(holdsSeats).map { ReservationConflict.Companion($0) })
    }

    private func freeSeats(
        for wish: Wish, lacking lab: LabKey, beside outlook: Outlook, at now: Timestamp
    ) -> Int {
        hosts.reduce(0) { sum, host in
            guard !host.settings.lackingLabs.contains(lab) else { return sum }
            return sum + seats(on: host, for: wish, in: room(on: host, for: wish, beside: outlook, at: now))
        }
    }

    /// Finds the next start with enough seats. The candidates are the times at which a reservation or a session ends,
    /// when seats become free.
    ///
    /// - Parameters:
    ///   - outlook: with the promises of `companions`.
    ///   - companions: earlier items of the same booking, which are not stored yet.
    func nextFree(
        _ terms: ReservationTerms, lab: Lab, beside outlook: Outlook, companions: [Reservation] = [],
        at now: Timestamp
    ) -> Timestamp? {
        let earliest = terms.from
        let booked = reservations.values.filter(\.isBooked) + companions
        let bookings = booked.map { $0.terms.endsAt + terms.lead }
        let leaving = outlook.ends(atMost: Limits.freeTimeCandidates / 2).map { $0 + terms.lead }
        let candidates = Set(bookings + leaving).filter { $0 > earliest }.sorted()
        return candidates.prefix(Limits.freeTimeCandidates).first { start in
            var later = terms
            later.from = start
            later.to = terms.to + (start - terms.from)
            return freeSeats(for: Wish(later, lab: lab), lacking: lab.key, beside: outlook, at: now) >= terms.seats
        }
    }

    // MARK: Promises

    /// Reallocates promises after hosts or reservations have changed: promises that a host can no longer keep move to
    /// other hosts, as far as there are seats. Seats without a host are missing, and the reservation is degraded.
    /// Earlier reservations go first.
    mutating func promiseSeats(at now: Timestamp) {
        step.mayPromise = false
        guard catalogue.isConfigured, !reservations.isEmpty else { return }
        // Sessions that a withdrawn promise accounted for now count on their own and may be in the way of other
        // promises there.
        for _ in 0..<Limits.promiseRounds where !promiseOnce(at: now) { return }
    }

    /// Returns whether a promise was changed.
    private mutating func promiseOnce(at now: Timestamp) -> Bool {
        var hasChanged = false
        let booked = reservations.values.filter(\.isBooked).sorted(by: <)
        learnStays(at: now)
        var outlook = Outlook(stays: stays(at: now))
        var kept: [[String: Int]] = []
        for reservation in booked { kept.append(keep(reservation, beside: &outlook, at: now)) }
        for (index, reservation) in booked.enumerated() {
            var allocation = kept[index]
            let missing = reservation.dueSeats - allocation.values.reduce(0, +)
            if missing > 0, let lab = offeredLab(of: reservation.terms) {
                var wish = Wish(reservation.terms, lab: lab)
                wish.seats = missing
                for (host, count) in allot(wish, lacking: lab.key, beside: outlook, at: now) {
                    allocation[host, default: 0] += count
                    outlook.promises[host, default: CapacityCurve()].add(
                        wish.seat * count, from: wish.from, to: wish.to)
                }
            }
            guard allocation != reservation.allocation else { continue }
            var changed = reservation
            changed.allocation = allocation
            store(changed)
            hasChanged = true
            // The cohort's sessions may now be accounted for by a promise, or no longer.
            for host in seating.used[reservation.id]?.keys ?? [:].keys {
                if let record = record(of: host) { outlook.stays[host] = self.stays(on: record, now: now) }
            }
        }
        return hasChanged
    }

    /// The part of a reservation's promises that their hosts can still keep.
    private func keep(_ reservation: Reservation, beside outlook: inout Outlook, at now: Timestamp)
        -> [String: Int]
    {
        guard let lab = offeredLab(of: reservation.terms) else { return [:] }
        let wish = Wish(reservation.terms, lab: lab)
        var kept: [String: Int] = [:]
        for (name, count) in reservation.allocation.sorted(by: { $0.key < $1.key }) {
            guard let host = record(of: name), host.spec.couldServe(lab) else { continue }
            let stays = min(count, seats(on: host, for: wish, in: room(on: host, for: wish, beside: outlook, at: now)))
            guard stays > 0 else { continue }
            kept[name] = stays
            outlook.promises[name, default: CapacityCurve()].add(wish.seat * stays, from: wish.from, to: wish.to)
        }
        return kept
    }
}
