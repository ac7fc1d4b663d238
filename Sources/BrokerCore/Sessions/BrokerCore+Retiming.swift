/// The moments that a reservation's wall times mean by the rules of today.
public struct Retiming: Hashable, Sendable {
    public var id: ReservationID
    public var from: Timestamp
    public var to: Timestamp
    /// Of `ReservationOrigin.occurrence`, where that is a wall time.
    public var occurrence: Timestamp?

    public init(id: ReservationID, from: Timestamp, to: Timestamp, occurrence: Timestamp?) {
        self.id = id
        self.from = from
        self.to = to
        self.occurrence = occurrence
    }
}

/// Reservations that were made in wall time stay at it when the rules of time zones change.
extension BrokerCore {
    /// Those that were made in wall time and have not opened yet: what `Event.retime` may be asked for.
    public func wallReservations(at now: Timestamp) -> [Reservation] {
        reservations.values.filter { $0.terms.wall != nil && $0.isBooked && $0.terms.opensAt > now }.sorted(by: <)
    }

    /// One that is open already stays: its people are there, or on their way. The others give their seats up and get
    /// what is free at their new times, after everybody who stays; what finds none is missing, as after a host's loss.
    mutating func retime(_ changes: [Retiming], at now: Timestamp) -> Answer {
        var moved: [ReservationID] = []
        for change in changes.sorted(by: { $0.id < $1.id }) {
            guard var reservation = reservations[change.id], reservation.terms.wall != nil, reservation.isBooked,
                reservation.terms.opensAt > now, change.from < change.to
            else { continue }
            let old = reservation
            reservation.terms.from = change.from
            reservation.terms.to = change.to
            if let occurrence = change.occurrence { reservation.origin?.occurrence = occurrence }
            guard reservation != old else { continue }
            if reservation.terms != old.terms {
                reservation.allocation = [:]
                moved.append(reservation.id)
            }
            store(reservation)
        }
        guard !moved.isEmpty else { return .retimed([]) }
        step.mayPromise = true
        // One may be open by now, or even over.
        journal.keep(reservationsDue: reservationsDue)
        reservationsDue = now
        return .retimed(moved)
    }
}
