/// Attendance of a cohort, and the release of no-shows' seats.
extension BrokerCore {
    /// At the no-show time, releases the unclaimed seats to everyone. Learners of the cohort who come later still
    /// precede all others in the queue, but no seat is held for them.
    mutating func releaseNoShows(of old: Reservation) {
        var reservation = old
        let claimed = claims[old.id]?.count ?? 0
        reservation.released = max(0, old.terms.seats - claimed)
        reservation.allocation = allocation(of: old, for: claimed)
        store(reservation)
        // The released seats may be what another reservation lacks.
        step.mayPromise = true
    }

    /// Reduces the promised seats to `due`, keeping those that are taken first.
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

    /// Records a new peak after a learner of the cohort got a seat.
    mutating func notePeak(of id: ReservationID) {
        let seats = seatedCount(of: id)
        guard var reservation = reservations[id], seats > reservation.peakSeats else { return }
        reservation.peakSeats = seats
        setReservation(id, reservation)
        journal.changes.append(.peak(id, seats: seats))
    }
}
