import BrokerCore
import Store
import Text

/// A reservation as people and programs see it.
public struct ReservationView: Hashable, Sendable, Codable {
    public var id: ReservationID
    public var portal: String
    public var lab: String
    public var seats: Int
    public var from: Timestamp
    public var to: Timestamp
    /// Seats are held, and given, from then on.
    public var opensAt: Timestamp
    /// Its last session has ended by then.
    public var endsAt: Timestamp
    /// Seats that nobody has claimed by then are let go.
    public var noShowAt: Timestamp
    /// The share of the seats that are warm at the start.
    public var warmPercent: Int
    /// `booked`, `closed`, `over` or `cancelled`.
    public var phase: Reservation.Phase
    /// Where it stands at this moment.
    public var standing: Standing
    public var context: String?
    public var roster: [String]
    /// Learners who have claimed a seat; the others did not show up, so far.
    public var claims: Int
    /// The most seats that learners had at the same time.
    public var peakSeats: Int
    /// Seats that were let go at the no-show time; nothing before it.
    public var released: Int?
    /// Seats that no host promises now: the reservation is degraded.
    public var missingSeats: Int
    /// How many of its seats each host promises.
    public var hosts: [String: Int]
    public var createdAt: Timestamp
    /// The series that it is one of, or the UID of a calendar's event.
    public var series: String?
    /// The event's SEQUENCE.
    public var sequence: Int?
    /// Why fewer seats can be warm at the start than it asks for.
    public var warmNote: String?
    /// The time zone in whose wall time it was made, and stays; nothing where moments were named.
    public var zone: String?

    /// What a reservation's phase comes to as time passes.
    public enum Standing: String, Hashable, Sendable, Codable, CaseIterable {
        /// It begins later.
        case booked
        /// It begins soon: its seats are held, and given to whoever comes early.
        case open
        /// Its time has begun.
        case running
        /// Its time is over, and sessions of it may still be running.
        case closed
        case over
        case cancelled

        init(_ reservation: Reservation, at now: Timestamp) {
            let terms = reservation.terms
            self =
                switch reservation.phase {
                case .booked: now < terms.opensAt ? .booked : now < terms.from ? .open : .running
                case .closed: .closed
                case .over: .over
                case .cancelled: .cancelled
                }
        }
    }

    init(_ stored: StoredReservation, at now: Timestamp) {
        let (reservation, terms) = (stored.reservation, stored.reservation.terms)
        id = reservation.id
        portal = terms.portal
        lab = terms.lab
        seats = terms.seats
        from = terms.from
        to = terms.to
        opensAt = terms.opensAt
        endsAt = terms.endsAt
        noShowAt = reservation.noShowAt
        warmPercent = terms.warmPercent
        phase = reservation.phase
        standing = Standing(reservation, at: now)
        context = terms.context
        roster = terms.roster.sortedNaturally { $0 }
        claims = stored.claims
        peakSeats = reservation.peakSeats
        released = reservation.released
        missingSeats = reservation.isDegraded ? reservation.missingSeats : 0
        hosts = reservation.allocation
        createdAt = reservation.createdAt
        series = reservation.origin?.series
        sequence = reservation.origin?.sequence
        zone = terms.wall?.zone
    }
}
