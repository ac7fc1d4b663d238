import Identity

/// Reservations that are requested together: a series, or the contents of a calendar.
///
/// An item from a calendar's event is identified by the event's UID and its occurrence. An item that is already booked
/// with the same terms stays as it is, so importing a calendar is idempotent. If the terms differ, the newer revision
/// of the event wins as long as the reservation has not opened; if neither is newer, `replacement` decides.
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

    /// How to treat an item that is booked with different terms if neither revision is newer.
    public enum Replacement: String, Hashable, Sendable, Codable {
        /// Keep the booked one and report that the caller has to decide.
        case ask
        /// The new terms win, even if their revision is older.
        case replace
        /// Keep the booked one.
        case keep
    }

    public var portal: PortalID
    /// At most `Limits.bookingItems`, in the order in which they are admitted.
    public var items: [Item]
    /// Book the items that find seats and leave out the rest; otherwise all or nothing.
    public var skipsConflicts: Bool
    /// The revision of each event of a calendar, by UID. Booked occurrences of these events that have an older revision
    /// and are not among the items were removed from the calendar, and are cancelled.
    public var events: [String: EventRevision]
    public var replacement: Replacement

    public init(
        portal: PortalID, items: [Item], skipsConflicts: Bool = false, events: [String: EventRevision] = [:],
        replacement: Replacement = .ask
    ) {
        self.portal = portal
        self.items = items
        self.skipsConflicts = skipsConflicts
        self.events = events
        self.replacement = replacement
    }
}

/// The result of a booking.
public struct BookingOutcome: Hashable, Sendable {
    public enum Result: Hashable, Sendable {
        /// The item has its seats.
        case booked(ReservationID)
        /// The item has its seats, and the reservation that its calendar had before is cancelled.
        case moved(ReservationID, from: ReservationID)
        /// The item is already booked as its calendar says.
        case unchanged(ReservationID)
        /// The item is booked with different terms and stays so: the calendar's revision is older, or `replacement` is
        /// `keep`.
        case kept(ReservationID)
        /// The item is booked with different terms, and neither revision is newer.
        case undecided(ReservationID)
        /// The reservation has already opened and stays as it is.
        case begun(ReservationID)
        case noSeats(ReservationConflict)
        /// The item's terms are invalid, or its lab is unknown.
        case refused(Refusal)
        /// Like `noSeats`, without the details: more of the items are without seats than are explained.
        case tooFewSeats(free: Int, of: Int)

        public var isConflict: Bool {
            switch self {
            case .noSeats, .tooFewSeats, .refused, .undecided: true
            case .booked, .moved, .unchanged, .kept, .begun: false
            }
        }
    }

    /// One result for each item, in their order.
    public var results: [Result]
    /// Reservations that were removed from the calendar.
    public var cancelled: [ReservationID]
    /// Booked reservations that the calendar no longer has. They stay, because nothing shows that the calendar is
    /// newer.
    public var leftOver: [ReservationID]
    /// If false, nothing was changed, and `results` say what would have happened.
    public var isBooked: Bool
}
