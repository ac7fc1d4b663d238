import BrokerCore
import Identity
import Store
import Text

/// A reservation as people and programs see it.
public struct ReservationView: Hashable, Sendable, Codable {
    public var id: ReservationID
    public var portal: PortalID
    public var lab: String
    public var seats: Int
    public var from: Timestamp
    public var to: Timestamp
    /// When seats begin to be held and given.
    public var opensAt: Timestamp
    /// When its last session must have ended.
    public var endsAt: Timestamp
    /// When unclaimed seats are released.
    public var noShowAt: Timestamp
    /// The percentage of the seats that are warm at the start.
    public var warmPercent: Int
    /// `booked`, `closed`, `over` or `cancelled`.
    public var phase: Reservation.Phase
    /// Its situation at this moment.
    public var standing: Standing
    public var context: String?
    public var roster: [String]
    /// Learners who have claimed a seat; the others have not come so far.
    public var claims: Int
    /// The most seats that its learners have had at the same time.
    public var peakSeats: Int
    /// Seats that were released at the no-show time; nil before it.
    public var released: Int?
    /// Seats that no host promises now; if there are any, the reservation is degraded.
    public var missingSeats: Int
    /// The number of seats that each host promises.
    public var hosts: [String: Int]
    public var createdAt: Timestamp
    /// The series that it belongs to, or the UID of its calendar event.
    public var series: String?
    /// The calendar event's SEQUENCE.
    public var sequence: Int?
    /// Why fewer seats can be warm at the start than requested.
    public var warmNote: String?
    /// The time zone in whose wall time it was made and stays; nil if it was made in absolute times.
    public var zone: String?

    /// A reservation's phase, refined by the current time.
    public enum Standing: String, Hashable, Sendable, Codable, CaseIterable {
        /// It has not opened yet.
        case booked
        /// It begins soon: its seats are held, and given to learners who come early.
        case open
        /// The reserved time has begun.
        case running
        /// The reserved time is over, and some of its sessions may still be running.
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
        lab = terms.lab.name
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
