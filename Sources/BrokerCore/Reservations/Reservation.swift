import Identity

/// Identifies a reservation.
public struct ReservationID: RawRepresentable, Hashable, Sendable, Codable, Comparable, CustomStringConvertible {
    public var rawValue: String
    public init(rawValue: String) { self.rawValue = rawValue }
    public var description: String { rawValue }
    public static func < (a: ReservationID, b: ReservationID) -> Bool { a.rawValue < b.rawValue }
}

/// An instructor's request: a guaranteed number of seats for a cohort, from one time to another.
public struct ReservationTerms: Hashable, Sendable {
    /// The lab of which it guarantees seats; its portal is the reservation's.
    public var lab: LabKey
    /// The number of guaranteed seats, 1 to `Limits.reservationSeats`.
    public var seats: Int
    /// The start of the reserved time.
    public var from: Timestamp
    /// The end of the reserved time, from which no new seats are granted.
    public var to: Timestamp
    /// The percentage of the seats that are warm at the start, 0–100.
    public var warmPercent: Int
    /// How long before the start seats are held, given to early learners, and warmed up.
    public var lead: Duration
    /// How long after the start unclaimed seats are released; learners keep their right to a seat.
    public var noShowAfter: Duration
    /// How long sessions may continue after the end.
    public var overrun: Duration
    /// The course context whose learners get a seat automatically.
    public var context: String?
    /// Learners of the portal who get a seat automatically, whatever course they launch from.
    public var roster: Set<String>
    /// `from` and `to` in local wall time, if they were given that way; `nil` if they were given as absolute times.
    public var wall: WallSpan?

    public init(
        lab: LabKey, seats: Int, from: Timestamp, to: Timestamp, warmPercent: Int = 100,
        lead: Duration = .seconds(1800), noShowAfter: Duration = .seconds(1800), overrun: Duration = .zero,
        context: String? = nil, roster: Set<String> = [], wall: WallSpan? = nil
    ) {
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

    /// Whether both request the same, regardless of how the times were written.
    func agree(with other: ReservationTerms) -> Bool {
        var other = other
        other.wall = wall
        return self == other
    }

    public var portal: PortalID { lab.portal }
    /// When seats begin to be held.
    public var opensAt: Timestamp { from - lead }
    /// When the last of its sessions must have ended.
    public var endsAt: Timestamp { to + overrun }

    func isMeantFor(_ learner: LearnerKey, context: String?) -> Bool {
        guard learner.portal == portal else { return false }
        return roster.contains(learner.id) || (self.context != nil && self.context == context)
    }
}

/// A time range in the wall time of a time zone. The absolute times follow from the zone's rules, which governments
/// change.
public struct WallSpan: Hashable, Sendable {
    /// The zone's IANA name, such as `Europe/Warsaw`.
    public var zone: String
    /// Wall time as seconds since 1970, computed as if it were Coordinated Universal Time.
    public var from: Int64
    public var to: Int64

    public init(zone: String, from: Int64, to: Int64) {
        self.zone = zone
        self.from = from
        self.to = to
    }
}

/// A single wall time in a time zone.
public struct WallMoment: Hashable, Sendable {
    public var zone: String
    /// As in `WallSpan`.
    public var seconds: Int64

    public init(zone: String, seconds: Int64) {
        self.zone = zone
        self.seconds = seconds
    }
}

/// The revision of a calendar's event.
public struct EventRevision: Hashable, Sendable {
    /// SEQUENCE (RFC 5545, section 3.8.7.4).
    public var sequence: Int
    /// LAST-MODIFIED, or DTSTAMP where the event has none (sections 3.8.7.3 and 3.8.7.2).
    public var stamp: Timestamp?

    public init(sequence: Int, stamp: Timestamp? = nil) {
        self.sequence = sequence
        self.stamp = stamp
    }

    /// Whether this revision is newer; `nil` if neither sequence nor stamp decides.
    public func isNewer(than other: EventRevision) -> Bool? {
        if sequence != other.sequence { return sequence > other.sequence }
        guard let stamp, let earlier = other.stamp, stamp != earlier else { return nil }
        return stamp > earlier
    }
}

/// The series or calendar event that a reservation was made from.
public struct ReservationOrigin: Hashable, Sendable {
    /// The identifier of a series, or the UID of a calendar's event (RFC 5545, section 3.8.4.7).
    public var series: String
    /// The SEQUENCE of a calendar's event (section 3.8.7.4); `nil` for a series that was made by hand.
    public var sequence: Int?
    /// When the calendar's event was last changed: see `EventRevision.stamp`.
    public var stamp: Timestamp?
    /// Which occurrence of the series this is, identified by the start that the recurrence gives it.
    public var occurrence: Timestamp
    /// `occurrence` in wall time, if the calendar gives it that way.
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

/// Reservations of one portal that were made together.
public struct ReservationSeries: Hashable, Sendable {
    public var portal: PortalID
    public var name: String
    /// Whether `name` is the UID of a calendar's event. A UID is chosen by others, so it never refers to a series that
    /// was made by hand.
    public var isCalendar: Bool

    public init(portal: PortalID, name: String, isCalendar: Bool) {
        self.portal = portal
        self.name = name
        self.isCalendar = isCalendar
    }
}

/// A reservation that was admitted.
public struct Reservation: Hashable, Sendable {
    /// Its progress, which only moves forward.
    public enum Phase: String, Hashable, Sendable, Codable, CaseIterable {
        /// Seats are, or will be, held.
        case booked
        /// The end has passed: nothing new is granted, sessions may overrun.
        case closed
        /// The overrun has passed as well.
        case over
        case cancelled
    }

    public var id: ReservationID
    public var terms: ReservationTerms
    public var phase: Phase
    public var createdAt: Timestamp
    /// The number of seats promised on each host.
    public var allocation: [String: Int]
    /// Seats that were unclaimed at the no-show time and released; `nil` before it.
    public var released: Int?
    /// The most seats that its learners have had at the same time.
    public var peakSeats: Int
    /// `nil` for a reservation that was made on its own.
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

    /// When learners who have not come become no-shows and their seats are released. If the reservation was made after
    /// its start, the time counts from its creation, because learners could not have known earlier.
    public var noShowAt: Timestamp { max(terms.from, createdAt) + terms.noShowAfter }

    /// The number of seats guaranteed now: all of them until those of no-shows are released.
    public var dueSeats: Int { terms.seats - (released ?? 0) }

    /// Seats that no host promises at the moment, because hosts failed or were closed since admission.
    public var missingSeats: Int { max(0, dueSeats - allocation.values.reduce(0, +)) }

    /// Whether it cannot keep its whole promise.
    public var isDegraded: Bool { phase == .booked && missingSeats > 0 }

    /// Whether seats are held now, or will be.
    var isBooked: Bool { phase == .booked }

    /// In order of admission; earlier reservations take precedence when seats are short.
    static func < (a: Reservation, b: Reservation) -> Bool { (a.createdAt, a.id) < (b.createdAt, b.id) }
}

/// Why a reservation found no seats: the time of the worst shortage, and the next time that has seats.
public struct ReservationConflict: Hashable, Sendable {
    /// An earlier item of the same booking.
    public struct Companion: Hashable, Sendable {
        public var seats: Int
        public var from: Timestamp
        /// The UID of its calendar's event; `nil` without one.
        public var event: String?

        init(_ reservation: Reservation) {
            seats = reservation.terms.seats
            from = reservation.terms.from
            event = reservation.origin.flatMap { $0.sequence == nil ? nil : $0.series }
        }
    }

    public var wanted: Int
    /// Seats that are free throughout, from its opening to its end.
    public var free: Int
    /// The time at which the fewest seats are free.
    public var peakAt: Timestamp
    /// The reservations that hold seats at that time, by id.
    public var others: [ReservationID]
    /// Items of the same booking that would hold seats at that time, in order.
    public var companions: [Companion] = []
    /// The next start at which it would be admitted; `nil` if none was found.
    public var nextFree: Timestamp?
}
