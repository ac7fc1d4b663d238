import BrokerCore

/// What became of reservations that were asked for together, as people and programs see it.
public struct BookingView: Hashable, Sendable, Codable {
    public enum Result: String, Hashable, Sendable, Codable {
        /// It has its seats.
        case booked
        /// It has its seats; what its calendar said before is cancelled.
        case moved
        /// It was booked before, just so.
        case unchanged
        /// It is booked with other terms, and stays so: the calendar is older, or it was to be kept.
        case kept
        /// It is booked with other terms, and nothing says which are newer.
        case undecided
        /// It has opened already and stays as it is.
        case begun
        /// There are not as many seats.
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
        /// The reservation; nothing where there is none, and in a dry run.
        public var id: ReservationID?
        /// What stands against it, or falls short of what was asked for, and what to do next.
        public var message: String?
        /// The next start at which there are enough seats.
        public var nextFree: Timestamp?
        /// When the fewest seats are free.
        public var peakAt: Timestamp?
    }

    /// Otherwise nothing was changed.
    public var isBooked: Bool
    /// In the order in which they were asked for.
    public var items: [Item]
    /// Taken out of the calendar.
    public var cancelled: [ReservationID]
    /// Booked, and not in the calendar any more; but nothing says that the calendar is newer, so they stay.
    public var leftOver: [ReservationID]

    /// - Parameter outcome: `nil` when there is none.
    init(_ booking: Booking, _ outcome: BookingOutcome?) {
        isBooked = outcome?.isBooked ?? false
        cancelled = outcome?.cancelled ?? []
        leftOver = outcome?.leftOver ?? []
        items = zip(booking.items, outcome?.results ?? []).map { asked, result in
            let terms = asked.terms
            var item = Item(
                lab: terms.lab, seats: terms.seats, context: terms.context, from: terms.from, to: terms.to,
                result: .booked)
            switch result {
            case .booked(let id): (item.result, item.id) = (.booked, id)
            case .moved(let id, _): (item.result, item.id) = (.moved, id)
            case .unchanged(let id): (item.result, item.id) = (.unchanged, id)
            case .kept(let id):
                (item.result, item.id) = (.kept, id)
                item.message = "It is booked with other terms, which stay: this version of the event is not newer."
            case .undecided(let id):
                (item.result, item.id) = (.undecided, id)
                item.message =
                    "\(id) is booked for it with other terms, and neither SEQUENCE nor LAST-MODIFIED says which are newer: "
                    + "take the file's with --replace, or leave what is booked with --keep."
            case .begun(let id): (item.result, item.id) = (.begun, id)
            case .noSeats(let conflict):
                item.result = .noSeats
                item.message = conflict.message
                item.nextFree = conflict.nextFree
                item.peakAt = conflict.peakAt
            case .refused(let words): (item.result, item.message) = (.refused, words)
            }
            return item
        }
    }
}
