/// Reservations that are asked for together: a series, or what a calendar has.
///
/// An item of a calendar's event is known by the event's UID and its occurrence. What is booked already with the same
/// terms stays as it is, so that importing a calendar twice changes nothing. Where the terms differ, the newer revision
/// of the event counts, as long as the reservation has not opened; where neither is newer, `replacement` decides.
public struct Booking: Hashable, Sendable {
    public struct Item: Hashable, Sendable {
        /// Used if a new reservation is made.
        public var id: ReservationID
        public var terms: ReservationTerms
        public var origin: ReservationOrigin?

        public init(id: ReservationID, terms: ReservationTerms, origin: ReservationOrigin? = nil) {
            self.id = id
            self.terms = terms
            self.origin = origin
        }
    }

    /// What becomes of something that is booked with other terms, when nothing says which of the two is newer.
    public enum Replacement: String, Hashable, Sendable, Codable {
        /// It stays, and whoever asks is told that they have to decide.
        case ask
        /// The new terms count, even those of an older revision.
        case replace
        /// It stays.
        case keep
    }

    public var portal: String
    /// At most `Limits.bookingItems`, in the order in which they are admitted.
    public var items: [Item]
    /// Book what finds seats and leave out the rest; otherwise it is all or nothing.
    public var skipsConflicts: Bool
    /// The revision of each of a calendar's events, by UID: their occurrences with an older one that are not among the
    /// items were taken out of the calendar, and are cancelled.
    public var events: [String: EventRevision]
    public var replacement: Replacement

    public init(
        portal: String, items: [Item], skipsConflicts: Bool = false, events: [String: EventRevision] = [:],
        replacement: Replacement = .ask
    ) {
        self.portal = portal
        self.items = items
        self.skipsConflicts = skipsConflicts
        self.events = events
        self.replacement = replacement
    }
}

/// What became of a booking.
public struct BookingOutcome: Hashable, Sendable {
    public enum Result: Hashable, Sendable {
        /// It has its seats.
        case booked(ReservationID)
        /// It has its seats, and the one that its calendar had before is cancelled.
        case moved(ReservationID, from: ReservationID)
        /// It is booked already, as its calendar says.
        case unchanged(ReservationID)
        /// It is booked with other terms, and stays so: the calendar's revision is older, or it was to be kept.
        case kept(ReservationID)
        /// It is booked with other terms, and nothing says which are newer.
        case undecided(ReservationID)
        /// It has opened already, and stays as it is.
        case begun(ReservationID)
        case noSeats(ReservationConflict)
        /// Its terms are invalid.
        case refused(String)

        public var isConflict: Bool {
            switch self {
            case .noSeats, .refused, .undecided: true
            case .booked, .moved, .unchanged, .kept, .begun: false
            }
        }
    }

    /// One for each item, in their order.
    public var results: [Result]
    /// Taken out of the calendar.
    public var cancelled: [ReservationID]
    /// Booked, and not in the calendar any more; but nothing says that the calendar is newer, so they stay.
    public var leftOver: [ReservationID]
    /// Otherwise nothing was changed, and `results` tell what would have become of it.
    public var isBooked: Bool
}
