/// Compares a calendar's new version with what was booked from an older one, before seats are allotted.
struct CalendarPlan {
    /// One occurrence of a calendar's event.
    struct Occurrence: Hashable {
        var event: String
        var start: Timestamp

        /// `nil` if the reservation does not come from a calendar.
        init?(_ origin: ReservationOrigin?) {
            guard let origin, origin.sequence != nil else { return nil }
            event = origin.series
            start = origin.occurrence
        }
    }

    /// What to do about an item.
    enum Decision {
        /// Allot new seats.
        case make
        /// Allot new seats to replace this reservation.
        case move(Reservation)
        /// Keep the booking, which has the same terms, and update its origin.
        case note(Reservation)
        /// Nothing to allot; the result is known.
        case answer(BookingOutcome.Result)
    }

    private let replacement: Booking.Replacement
    private let standing: [Occurrence: Reservation]
    /// By event: booked reservations that have not opened and are not among the items.
    private var unnamed: [String: [Reservation]] = [:]
    /// By event: how many items have no booked reservation at their occurrence.
    private var unmatched: [String: Int] = [:]
    /// Reservations removed from the calendar, in order of admission.
    private(set) var dropped: [Reservation] = []
    /// Reservations that the calendar no longer has, though nothing shows that it is newer.
    private(set) var leftOver: [ReservationID] = []

    init(_ booking: Booking, standing: [Occurrence: Reservation], at now: Timestamp) {
        replacement = booking.replacement
        self.standing = standing
        let named = booking.items.compactMap { Occurrence($0.origin) }
        for occurrence in named where standing[occurrence] == nil { unmatched[occurrence.event, default: 0] += 1 }
        let names = Set(named)
        let events = Set(booking.events.keys).union(named.map(\.event))
        for (occurrence, reservation) in standing where events.contains(occurrence.event) {
            guard !names.contains(occurrence), reservation.isBooked, reservation.terms.opensAt > now else { continue }
            unnamed[occurrence.event, default: []].append(reservation)
        }
        for event in unnamed.keys { unnamed[event]?.sort(by: <) }
        for (event, revision) in booking.events {
            for reservation in unnamed[event] ?? [] {
                switch replaces(reservation, revision) {
                case true?:
                    // A single unnamed reservation with a single unmatched item is a move; with several it is unknown
                    // which became which.
                    if unnamed[event]?.count != 1 || unmatched[event] != 1 { dropped.append(reservation) }
                case nil: if unmatched[event] == nil { leftOver.append(reservation.id) }
                case false?: break
                }
            }
        }
        dropped.sort(by: <)
        leftOver.sort()
    }

    func decision(on item: Booking.Item, at now: Timestamp) -> Decision {
        guard let occurrence = Occurrence(item.origin), let revision = item.origin?.revision else { return .make }
        guard var old = standing[occurrence] else { return newOccurrence(of: occurrence.event, revision) }
        if old.terms.agree(with: item.terms) {
            let isNews = old.origin?.revision.flatMap(revision.isNewer) ?? false
            guard isNews || old.terms.wall == nil && item.terms.wall != nil else { return .answer(.unchanged(old.id)) }
            if isNews { old.origin = item.origin }
            old.origin?.wall = item.origin?.wall
            old.terms.wall = item.terms.wall
            return .note(old)
        }
        switch replaces(old, revision) {
        case nil: return .answer(.undecided(old.id))
        case false?: return .answer(.kept(old.id))
        case true?: return old.isBooked && old.terms.opensAt > now ? .move(old) : .answer(.begun(old.id))
        }
    }

    /// Nothing is booked at this occurrence: it is new, or the event was moved.
    private func newOccurrence(of event: String, _ revision: EventRevision) -> Decision {
        guard let others = unnamed[event], let first = others.first else { return .make }
        switch replaces(first, revision) {
        case nil: return .answer(.undecided(first.id))
        case false?: return .answer(.kept(first.id))
        case true?: return others.count == 1 && unmatched[event] == 1 ? .move(first) : .make
        }
    }

    /// Whether a revision of the event replaces what is booked; `nil` if the caller has to decide.
    private func replaces(_ old: Reservation, _ revision: EventRevision) -> Bool? {
        if replacement == .replace { return true }
        let isNewer = old.origin?.revision.flatMap(revision.isNewer)
        return isNewer == nil && replacement == .keep ? false : isNewer
    }
}

extension BookingOutcome.Result {
    /// Whether the item found no seats.
    var lacksPlace: Bool {
        switch self {
        case .noSeats, .tooFewSeats, .refused: true
        case .booked, .moved, .unchanged, .kept, .begun, .undecided: false
        }
    }
}
