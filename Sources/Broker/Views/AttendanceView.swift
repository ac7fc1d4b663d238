import BrokerCore
import Store
import Text

/// Who came to a reservation.
public struct AttendanceView: Hashable, Sendable, Codable {
    public struct Arrival: Hashable, Sendable, Codable {
        public var learner: String
        public var at: Timestamp
        /// After the no-show time.
        public var isLate: Bool
    }

    public var reservation: ReservationView
    /// In the order in which they came.
    public var arrivals: [Arrival]
    /// Of the roster, by name.
    public var absent: [String]
    /// Seats that nobody has claimed, so far.
    public var noShows: Int
    /// Of the seats, in percent.
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
