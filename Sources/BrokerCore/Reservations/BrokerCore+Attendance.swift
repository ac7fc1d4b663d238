/// Who of a cohort came, and what becomes of the seats of those who did not.
extension BrokerCore {
    /// The no-show time has come: seats that nobody has claimed are anybody's. Who comes later still comes before
    /// everybody else, but a seat waits for them no longer.
    mutating func releaseNoShows(of old: Reservation) {
        var reservation = old
        let claimed = claims[old.id]?.count ?? 0
        reservation.released = max(0, old.terms.seats - claimed)
        reservation.allocation = allocation(of: old, for: claimed)
        store(reservation)
        // There may be room now for what another one lacks.
        step.mayPromise = true
    }

    /// So many of the promised seats: those that are taken first.
    private func allocation(of reservation: Reservation, for due: Int) -> [String: Int] {
        let promised = reservation.allocation.sorted { $0.key < $1.key }
        var left = due
        var kept: [String: Int] = [:]
        for (host, count) in promised {
            let taken = min(count, seatedCount(of: reservation.id, on: host), left)
            kept[host] = taken
            left -= taken
        }
        for (host, count) in promised {
            let more = min(count - kept[host, default: 0], left)
            kept[host, default: 0] += more
            left -= more
        }
        return kept.filter { $0.value > 0 }
    }

    /// A learner of the cohort got a seat.
    mutating func notePeak(of id: ReservationID) {
        let seats = seatedCount(of: id)
        guard var reservation = reservations[id], seats > reservation.peakSeats else { return }
        reservation.peakSeats = seats
        setReservation(id, reservation)
        journal.changes.append(.peak(id, seats: seats))
    }
}
