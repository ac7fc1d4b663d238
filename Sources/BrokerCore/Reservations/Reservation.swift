/// Names a reservation.
public struct ReservationID: RawRepresentable, Hashable, Sendable, Codable, Comparable, CustomStringConvertible {
    public var rawValue: String
    public init(rawValue: String) { self.rawValue = rawValue }
    public var description: String { rawValue }
    public static func < (a: ReservationID, b: ReservationID) -> Bool { a.rawValue < b.rawValue }
}

/// What an instructor asks for: a guaranteed number of seats for a cohort, from one time to another.
public struct ReservationTerms: Hashable, Sendable {
    public var portal: String
    public var lab: String
    /// Guaranteed, 1 to `Limits.reservationSeats`.
    public var seats: Int
    /// The cohort begins.
    public var from: Timestamp
    /// Nothing new is granted from then on.
    public var to: Timestamp
    /// The share of the seats that are warm at the start, 0–100 percent.
    public var warmPercent: Int
    /// Seats are held, given to who comes early, and warmed up from this long before the start.
    public var lead: Duration
    /// Seats that nobody has claimed this long after the start are let go; the right to one stays.
    public var noShowAfter: Duration
    /// Sessions may go on this long after the end, but no longer.
    public var overrun: Duration
    /// The course context whose learners get a seat by themselves.
    public var context: String?
    /// Learners of the portal who get a seat by themselves, whatever course they come from.
    public var roster: Set<String>
    /// `from` and `to` as clocks on walls show them, where people said it so; `nil` where they named moments.
    public var wall: WallSpan?

    public init(
        portal: String, lab: String, seats: Int, from: Timestamp, to: Timestamp, warmPercent: Int = 100,
        lead: Duration = .seconds(1800), noShowAfter: Duration = .seconds(1800), overrun: Duration = .zero,
        context: String? = nil, roster: Set<String> = [], wall: WallSpan? = nil
    ) {
        self.portal = portal
        self.lab = lab
        self.seats = seats
        self.from = from
        self.to = to
        self.warmPercent = warmPercent
        self.lead = lead
        self.noShowAfter = noShowAfter
        self.overrun = overrun
        self.context = context
        self.roster = roster
        self.wall = wall
    }

    /// Whether both ask for the same. How the times were written down is no part of that.
    func agree(with other: ReservationTerms) -> Bool {
        var other = other
        other.wall = wall
        return self == other
    }

    /// Seats are held from then on.
    public var opensAt: Timestamp { from - lead }
    /// The last of its sessions has ended by then.
    public var endsAt: Timestamp { to + overrun }

    func isMeantFor(_ learner: LearnerKey, context: String?) -> Bool {
        guard learner.portal == portal else { return false }
        return roster.contains(learner.id) || (self.context != nil && self.context == context)
    }
}

/// From one time to another as the clocks on the walls of a place show them: the moments follow from the place's rules,
/// which governments change.
public struct WallSpan: Hashable, Sendable {
    /// The IANA's name of the place's zone, such as `Europe/Warsaw`.
    public var zone: String
    /// Seconds since 1970, as if the clocks showed Coordinated Universal Time.
    public var from: Int64
    public var to: Int64

    public init(zone: String, from: Int64, to: Int64) {
        self.zone = zone
        self.from = from
        self.to = to
    }
}

/// One time of that kind.
public struct WallMoment: Hashable, Sendable {
    public var zone: String
    /// As in `WallSpan`.
    public var seconds: Int64

    public init(zone: String, seconds: Int64) {
        self.zone = zone
        self.seconds = seconds
    }
}

/// Which version of a calendar's event something is from.
public struct EventRevision: Hashable, Sendable {
    /// SEQUENCE (RFC 5545, section 3.8.7.4).
    public var sequence: Int
    /// LAST-MODIFIED, or DTSTAMP where the event has none (sections 3.8.7.3 and 3.8.7.2).
    public var stamp: Timestamp?

    public init(sequence: Int, stamp: Timestamp? = nil) {
        self.sequence = sequence
        self.stamp = stamp
    }

    /// Whether this one is newer; `nil` if neither number nor moment tells.
    public func isNewer(than other: EventRevision) -> Bool? {
        if sequence != other.sequence { return sequence > other.sequence }
        guard let stamp, let earlier = other.stamp, stamp != earlier else { return nil }
        return stamp > earlier
    }
}

/// What a reservation was made from, together with others.
public struct ReservationOrigin: Hashable, Sendable {
    /// The identifier of a series, or the UID of a calendar's event (RFC 5545, section 3.8.4.7).
    public var series: String
    /// The SEQUENCE of a calendar's event (section 3.8.7.4); `nil` for a series that was made by hand.
    public var sequence: Int?
    /// When the calendar's event was changed last: see `EventRevision.stamp`.
    public var stamp: Timestamp?
    /// Which of the series it is, by the start that the recurrence gives it.
    public var occurrence: Timestamp
    /// `occurrence` as clocks on walls show it, where the calendar says it so.
    public var wall: WallMoment?

    public init(
        series: String, sequence: Int? = nil, stamp: Timestamp? = nil, occurrence: Timestamp, wall: WallMoment? = nil
    ) {
        self.series = series
        self.sequence = sequence
        self.stamp = stamp
        self.occurrence = occurrence
        self.wall = wall
    }

    /// `nil` for a series that was made by hand.
    public var revision: EventRevision? { sequence.map { EventRevision(sequence: $0, stamp: stamp) } }
}

/// Reservations that were made together, in one portal.
public struct ReservationSeries: Hashable, Sendable {
    public var portal: String
    public var name: String
    /// A calendar's event: its UID is somebody else's choice, and means no series that was made by hand.
    public var isCalendar: Bool

    public init(portal: String, name: String, isCalendar: Bool) {
        self.portal = portal
        self.name = name
        self.isCalendar = isCalendar
    }
}

/// A reservation that was admitted.
public struct Reservation: Hashable, Sendable {
    /// How far it has come; only forwards.
    public enum Phase: String, Hashable, Sendable, Codable, CaseIterable {
        /// Seats are, or will be, held.
        case booked
        /// The end has passed: nothing new is granted, sessions may overrun.
        case closed
        /// The overrun has passed too.
        case over
        case cancelled
    }

    public var id: ReservationID
    public var terms: ReservationTerms
    public var phase: Phase
    public var createdAt: Timestamp
    /// On which hosts its seats are promised.
    public var allocation: [String: Int]
    /// Seats that nobody had claimed at the no-show time, so that others may have them; `nil` before it.
    public var released: Int?
    /// The most seats that its learners have had at the same time.
    public var peakSeats: Int
    /// `nil` for one that was made by itself.
    public var origin: ReservationOrigin?

    public init(
        id: ReservationID, terms: ReservationTerms, phase: Phase, createdAt: Timestamp, allocation: [String: Int],
        released: Int? = nil, peakSeats: Int = 0, origin: ReservationOrigin? = nil
    ) {
        self.id = id
        self.terms = terms
        self.phase = phase
        self.createdAt = createdAt
        self.allocation = allocation
        self.released = released
        self.peakSeats = peakSeats
        self.origin = origin
    }

    public var series: ReservationSeries? {
        origin.map { ReservationSeries(portal: terms.portal, name: $0.series, isCalendar: $0.sequence != nil) }
    }

    /// Who has not come by then is a no-show: their seats are anybody's. Of a reservation that was made after its start
    /// nobody can have known earlier.
    public var noShowAt: Timestamp { max(terms.from, createdAt) + terms.noShowAfter }

    /// Seats that are guaranteed now: all of them, until those of no-shows are let go.
    public var dueSeats: Int { terms.seats - (released ?? 0) }

    /// Seats that no host promises at the moment, because hosts died or were closed since it was admitted.
    public var missingSeats: Int { max(0, dueSeats - allocation.values.reduce(0, +)) }

    /// It cannot keep its whole promise.
    public var isDegraded: Bool { phase == .booked && missingSeats > 0 }

    /// Seats are held now, or will be.
    var isBooked: Bool { phase == .booked }

    /// In order of admission; earlier ones go first where there is not enough for all.
    static func < (a: Reservation, b: Reservation) -> Bool { (a.createdAt, a.id) < (b.createdAt, b.id) }
}

/// Why a reservation finds no seats: the worst moment of its time, and when it would.
public struct ReservationConflict: Hashable, Sendable {
    /// Something that was asked for together with it, and taken before it.
    public struct Companion: Hashable, Sendable {
        public var seats: Int
        public var from: Timestamp
        /// The UID of its calendar's event; `nil` where there is none.
        public var event: String?

        init(_ reservation: Reservation) {
            seats = reservation.terms.seats
            from = reservation.terms.from
            event = reservation.origin.flatMap { $0.sequence == nil ? nil : $0.series }
        }
    }

    public var wanted: Int
    /// Seats that are free all the time from its opening to its end.
    public var free: Int
    /// The moment at which the fewest are free.
    public var peakAt: Timestamp
    /// The reservations that hold seats at that moment, by id.
    public var others: [ReservationID]
    /// Those of the same booking that would hold seats at that moment, in their order.
    public var companions: [Companion] = []
    /// The next start at which it would be admitted; `nil` if there is none as far as can be seen.
    public var nextFree: Timestamp?
}
