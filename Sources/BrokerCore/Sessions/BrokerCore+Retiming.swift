/// The absolute times of a reservation's wall times under the current time zone rules.
public struct Retiming: Hashable, Sendable {
    public var id: ReservationID
    public var from: Timestamp
    public var to: Timestamp
    /// The new `ReservationOrigin.occurrence`, if that is a wall time.
    public var occurrence: Timestamp?

    public init(id: ReservationID, from: Timestamp, to: Timestamp, occurrence: Timestamp?) {
        self.id = id
        self.from = from
        self.to = to
        self.occurrence = occurrence
    }
}

/// Reservations that were made in wall time keep it when time zone rules change.
extension BrokerCore {
    /// Reservations made in wall time that have not opened yet: those that `Event.retime` may change.
    public func wallReservations(at now: Timestamp) -> [Reservation] {
        reservations.values.filter { $0.terms.wall != nil && $0.isBooked && $0.terms.opensAt > now }.sorted(by: <)
    }

    /// A reservation that is already open is not moved, because its learners are there or on their way. The others
    /// release their seats and get what is free at their new times, after the reservations that stay; seats without a
    /// host are missing, as after the loss of a host.
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
        // At its new time a reservation may be open already, or even over.
        journal.keep(reservationsDue: reservationsDue)
        reservationsDue = now
        return .retimed(moved)
    }
}
