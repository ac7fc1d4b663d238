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
    /// Warm seats that nobody has claimed this long after the start are let go; the right to a seat stays.
    public var noShowAfter: Duration
    /// Sessions may go on this long after the end, but no longer.
    public var overrun: Duration
    /// The course context whose learners get a seat by themselves.
    public var context: String?
    /// Learners of the portal who get a seat by themselves, whatever course they come from.
    public var roster: Set<String>

    public init(
        portal: String, lab: String, seats: Int, from: Timestamp, to: Timestamp, warmPercent: Int = 100,
        lead: Duration = .seconds(900), noShowAfter: Duration = .seconds(1800), overrun: Duration = .zero,
        context: String? = nil, roster: Set<String> = []
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

    public init(
        id: ReservationID, terms: ReservationTerms, phase: Phase, createdAt: Timestamp, allocation: [String: Int]
    ) {
        self.id = id
        self.terms = terms
        self.phase = phase
        self.createdAt = createdAt
        self.allocation = allocation
    }

    /// Seats that no host promises at the moment, because hosts died or were closed since it was admitted.
    public var missingSeats: Int { max(0, terms.seats - allocation.values.reduce(0, +)) }

    /// It cannot keep its whole promise.
    public var isDegraded: Bool { phase == .booked && missingSeats > 0 }

    /// Seats are held now, or will be.
    var isBooked: Bool { phase == .booked }

    /// In order of admission; earlier ones go first where there is not enough for all.
    static func < (a: Reservation, b: Reservation) -> Bool { (a.createdAt, a.id) < (b.createdAt, b.id) }
}

/// Why a reservation finds no seats: the worst moment of its time, and when it would.
public struct ReservationConflict: Hashable, Sendable {
    public var wanted: Int
    /// Seats that are free all the time from its opening to its end.
    public var free: Int
    /// The moment at which the fewest are free.
    public var peakAt: Timestamp
    /// The reservations that hold seats at that moment, by id.
    public var others: [ReservationID]
    /// The next start at which it would be admitted; `nil` if there is none as far as can be seen.
    public var nextFree: Timestamp?
}
