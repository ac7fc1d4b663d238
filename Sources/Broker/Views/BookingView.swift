import BrokerCore
import Words

/// The result of booking several reservations together, for people and programs.
public struct BookingView: Hashable, Sendable, Codable {
    public enum Result: String, Hashable, Sendable, Codable {
        /// It has its seats.
        case booked
        /// It has its seats, and the reservation that its calendar had before is cancelled.
        case moved
        /// It was already booked with the same terms.
        case unchanged
        /// It is booked with different terms and stays so: the calendar's revision is older, or it was to be kept.
        case kept
        /// It is booked with different terms, and neither revision is newer.
        case undecided
        /// It has already opened and stays as it is.
        case begun
        /// There are not enough seats.
        case noSeats
        /// Its terms are invalid.
        case refused

        public var isConflict: Bool { [.noSeats, .refused, .undecided].contains(self) }
    }

    public struct Item: Hashable, Sendable, Codable {
        public var lab: String
        public var seats: Int
        public var context: String?
        public var from: Timestamp
        public var to: Timestamp
        public var result: Result
        /// The reservation; nil if there is none, and in a dry run.
        public var id: ReservationID?
        /// The obstacle or the shortfall, and what to do next.
        public var message: String?
        /// The next start with enough seats.
        public var nextFree: Timestamp?
        /// The time at which the fewest seats are free.
        public var peakAt: Timestamp?
    }

    /// If false, nothing was changed.
    public var isBooked: Bool
    /// In the order of the request.
    public var items: [Item]
    /// Reservations that were removed from the calendar.
    public var cancelled: [ReservationID]
    /// Booked reservations that the calendar no longer has. They stay, because nothing shows that the calendar is
    /// newer.
    public var leftOver: [ReservationID]

    /// - Parameter outcome: `nil` if there is none.
    init(_ booking: Booking, _ outcome: BookingOutcome?) {
        isBooked = outcome?.isBooked ?? false
        cancelled = outcome?.cancelled ?? []
        leftOver = outcome?.leftOver ?? []
        items = zip(booking.items, outcome?.results ?? []).map { asked, result in
            let terms = asked.terms
            var item = Item(
                lab: terms.lab.name, seats: terms.seats, context: terms.context, from: terms.from, to: terms.to,
                result: .booked)
            item.message = result.message
            switch result {
            case .booked(let id): (item.result, item.id) = (.booked, id)
            case .moved(let id, _): (item.result, item.id) = (.moved, id)
            case .unchanged(let id): (item.result, item.id) = (.unchanged, id)
            case .kept(let id): (item.result, item.id) = (.kept, id)
            case .undecided(let id): (item.result, item.id) = (.undecided, id)
            case .begun(let id): (item.result, item.id) = (.begun, id)
            case .noSeats(let conflict):
                item.result = .noSeats
                item.nextFree = conflict.nextFree
                item.peakAt = conflict.peakAt
            case .tooFewSeats, .refused: item.result = .refused
            }
            return item
        }
    }
}
