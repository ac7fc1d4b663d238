/// What a calendar's new version means for what was booked from an older one, before anybody asks for seats.
struct CalendarPlan {
    /// Of a calendar's event.
    struct Occurrence: Hashable {
        var event: String
        var start: Timestamp

        /// `nil` for what is of no calendar.
        init?(_ origin: ReservationOrigin?) {
            guard let origin, origin.sequence != nil else { return nil }
            event = origin.series
            start = origin.occurrence
        }
    }

    /// What is to become of an item.
    enum Decision {
        /// It needs seats of its own.
        case make
        /// It needs seats instead of these.
        case move(Reservation)
        /// It is booked just so; only what is known of its origin has changed.
        case note(Reservation)
        /// It needs none.
        case answer(BookingOutcome.Result)
    }

    private let replacement: Booking.Replacement
    private let standing: [Occurrence: Reservation]
    /// Booked, not open yet, and not among the items, by event.
    private var unnamed: [String: [Reservation]] = [:]
    /// How many of an event's items are booked at no such occurrence.
    private var unmatched: [String: Int] = [:]
    /// Taken out of the calendar, in order of admission.
    private(set) var dropped: [Reservation] = []
    /// Not in the calendar any more, though nothing says that it is newer.
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
                    // One that became another is moved; of several nobody can tell which became which.
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

    /// Nothing is booked at this start: the event has one more, or was moved.
    private func newOccurrence(of event: String, _ revision: EventRevision) -> Decision {
        guard let others = unnamed[event], let first = others.first else { return .make }
        switch replaces(first, revision) {
        case nil: return .answer(.undecided(first.id))
        case false?: return .answer(.kept(first.id))
        case true?: return others.count == 1 && unmatched[event] == 1 ? .move(first) : .make
        }
    }

    /// Whether a revision of the event goes before what is booked; `nil` if somebody has to decide.
    private func replaces(_ old: Reservation, _ revision: EventRevision) -> Bool? {
        if replacement == .replace { return true }
        let isNewer = old.origin?.revision.flatMap(revision.isNewer)
        return isNewer == nil && replacement == .keep ? false : isNewer
    }
}

extension BookingOutcome.Result {
    /// There are no seats for it.
    var lacksPlace: Bool {
        switch self {
        case .noSeats, .refused: true
        case .booked, .moved, .unchanged, .kept, .begun, .undecided: false
        }
    }
}
