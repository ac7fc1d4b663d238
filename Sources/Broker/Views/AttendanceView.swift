import BrokerCore
import Store
import Text

/// The attendance of a reservation.
public struct AttendanceView: Hashable, Sendable, Codable {
    public struct Arrival: Hashable, Sendable, Codable {
        public var learner: String
        public var at: Timestamp
        /// Whether they came after the no-show time.
        public var isLate: Bool
    }

    public var reservation: ReservationView
    /// In order of arrival.
    public var arrivals: [Arrival]
    /// Learners of the roster who did not come, by name.
    public var absent: [String]
    /// Seats that have not been claimed so far.
    public var noShows: Int
    /// As a percentage of the seats.
    public var noShowPercent: Int

    init(_ stored: StoredReservation, came: [(learner: String, at: Timestamp)], at now: Timestamp) {
        let terms = stored.reservation.terms
        reservation = ReservationView(stored, at: now)
        arrivals = came.map { Arrival(learner: $0.learner, at: $0.at, isLate: $0.at >= stored.reservation.noShowAt) }
        absent = terms.roster.subtracting(came.map(\.learner)).sortedNaturally { $0 }
        noShows = max(0, terms.seats - came.count)
        noShowPercent = noShows * 100 / terms.seats
    }
}
