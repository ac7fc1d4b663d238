import BrokerCore
import GRDB
import Identity

/// A reservation with the number of learners who have claimed a seat in it.
public struct StoredReservation: Hashable, Sendable {
    public var reservation: Reservation
    public var claims: Int
}

/// Stores reservations in the tables `reservations`, `reservation_seats` and `reservation_rosters`.
enum ReservationRow {
    private static let columns = """
        id, portal, lab, seats, starts_at, ends_at, warm_percent, lead, no_show_after, overrun, context, phase, \
        created_at, released, peak_seats, series, sequence, occurrence, zone, wall_from, wall_to, occurrence_zone, \
        occurrence_wall, stamp
        """
    static let unfinished = "SELECT \(columns) FROM reservations WHERE \(Schema.unfinished) ORDER BY created_at, id"
    static let unfinishedClaims = """
        SELECT claims.reservation, claims.learner
        FROM reservations INDEXED BY reservations_unfinished JOIN claims ON claims.reservation = reservations.id
        WHERE reservations.\(Schema.unfinished)
        """
    static func next(in scope: Scope) -> String {
        "SELECT \(columns) FROM reservations WHERE \(Schema.unfinished)\(scope.condition) ORDER BY starts_at, id LIMIT ?"
    }
    static func past(in scope: Scope) -> String {
        """
        SELECT \(columns) FROM reservations WHERE NOT (\(Schema.unfinished))\(scope.condition)
        ORDER BY starts_at DESC, id DESC LIMIT ?
        """
    }
    static let byID = "SELECT \(columns) FROM reservations WHERE id = ?"
    static let seats = "SELECT host, seats FROM reservation_seats WHERE reservation = ?"
    static let roster = "SELECT learner FROM reservation_rosters WHERE reservation = ?"
    static let claimCount = "SELECT count(*) FROM claims WHERE reservation = ?"

    static func since(in scope: Scope) -> String {
        "SELECT \(columns) FROM reservations WHERE starts_at >= ?\(scope.condition) ORDER BY starts_at, id LIMIT ?"
    }
    static let attendance = "SELECT learner, at FROM claims WHERE reservation = ? ORDER BY at, learner"

    /// Of the terms only the times ever change, when time zone rules do. The peak is stored separately.
    static func store(_ reservation: Reservation, in db: Database) throws {
        let (id, terms) = (reservation.id.rawValue, reservation.terms)
        try db.cachedStatement(
            sql: """
                INSERT INTO reservations (\(columns))
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                ON CONFLICT (id) DO NOTHING
                """
        ).execute(arguments: [
            id, terms.portal.rawValue, terms.lab.name, terms.seats, terms.from.milliseconds, terms.to.milliseconds,
            terms.warmPercent, terms.lead.wholeMilliseconds, terms.noShowAfter.wholeMilliseconds,
            terms.overrun.wholeMilliseconds, terms.context, reservation.phase.rawValue,
            reservation.createdAt.milliseconds, reservation.released, reservation.peakSeats,
            reservation.origin?.series, reservation.origin?.sequence, reservation.origin?.occurrence.milliseconds,
            terms.wall?.zone, terms.wall?.from, terms.wall?.to, reservation.origin?.wall?.zone,
            reservation.origin?.wall?.seconds, reservation.origin?.stamp?.milliseconds,
        ])
        if db.changesCount > 0 {
            let insert = try db.cachedStatement(sql: "INSERT INTO reservation_rosters VALUES (?, ?)")
            for learner in terms.roster { try insert.execute(arguments: [id, learner]) }
        } else {
            try db.cachedStatement(
                sql: """
                    UPDATE reservations SET phase = ?, released = ?, starts_at = ?, ends_at = ?, sequence = ?,
                        occurrence = ?, zone = ?, wall_from = ?, wall_to = ?, occurrence_zone = ?, occurrence_wall = ?,
                        stamp = ?
                    WHERE id = ?
                    """
            ).execute(arguments: [
                reservation.phase.rawValue, reservation.released, terms.from.milliseconds, terms.to.milliseconds,
                reservation.origin?.sequence, reservation.origin?.occurrence.milliseconds, terms.wall?.zone,
                terms.wall?.from, terms.wall?.to, reservation.origin?.wall?.zone, reservation.origin?.wall?.seconds,
                reservation.origin?.stamp?.milliseconds, id,
            ])
        }
        try db.cachedStatement(sql: "DELETE FROM reservation_seats WHERE reservation = ?").execute(arguments: [id])
        let insert = try db.cachedStatement(sql: "INSERT INTO reservation_seats VALUES (?, ?, ?)")
        for (host, seats) in reservation.allocation { try insert.execute(arguments: [id, host, seats]) }
    }

    static func fetch(_ db: Database, sql: String, arguments: StatementArguments = []) throws -> [Reservation] {
        try Row.fetchAll(db, sql: sql, arguments: arguments).map { try reservation($0, db) }
    }

    private static func reservation(_ row: Row, _ db: Database) throws -> Reservation {
        let id: String = row[0]
        guard let phase = Reservation.Phase(rawValue: row[11]) else {
            throw DatabaseError(resultCode: .SQLITE_CORRUPT, message: "reservation \(id): its phase is unknown")
        }
        func span(_ column: Int) -> Duration { .milliseconds(row[column] as Int64) }
        var terms = ReservationTerms(
            lab: LabKey(portal: PortalID(rawValue: row[1]), name: row[2]), seats: row[3],
            from: Timestamp(milliseconds: row[4]),
            to: Timestamp(milliseconds: row[5]), warmPercent: row[6], lead: span(7), noShowAfter: span(8),
            overrun: span(9), context: row[10])
        if let zone: String = row[18] { terms.wall = WallSpan(zone: zone, from: row[19], to: row[20]) }
        terms.roster = try Set(String.fetchAll(db, sql: roster, arguments: [id]))
        var allocation: [String: Int] = [:]
        for row in try Row.fetchAll(db, sql: seats, arguments: [id]) { allocation[row[0]] = row[1] }
        let series: String? = row[15]
        return Reservation(
            id: ReservationID(rawValue: id), terms: terms, phase: phase,
            createdAt: Timestamp(milliseconds: row[12]), allocation: allocation, released: row[13], peakSeats: row[14],
            origin: series.map { origin($0, row) })
    }

    private static func origin(_ series: String, _ row: Row) -> ReservationOrigin {
        let zone: String? = row[21]
        let stamp: Int64? = row[23]
        return ReservationOrigin(
            series: series, sequence: row[16], stamp: stamp.map(Timestamp.init(milliseconds:)),
            occurrence: Timestamp(milliseconds: row[17]), wall: zone.map { WallMoment(zone: $0, seconds: row[22]) })
    }
}

extension Store {
    /// Reservations: first the unfinished ones, ordered by start, then the others, latest first.
    ///
    /// - Parameter limit: 1 to `StoreLimits.listLength`; other values are clamped.
    public func reservations(in scope: Scope, limit: Int) async throws(StoreError) -> [StoredReservation] {
        try await read("list reservations") { db in
            let limit = min(max(limit, 1), StoreLimits.listLength)
            let next = try ReservationRow.fetch(
                db, sql: ReservationRow.next(in: scope), arguments: scope.arguments + [limit])
            let past = try ReservationRow.fetch(
                db, sql: ReservationRow.past(in: scope), arguments: scope.arguments + [limit - next.count])
            return try (next + past).map { try Self.withClaims($0, db) }
        }
    }

    /// - Returns: `nil` if there is none in the scope.
    public func reservation(_ id: ReservationID, in scope: Scope) async throws(StoreError) -> StoredReservation? {
        try await read("read reservation \(id)") { db in
            try Self.reservation(id, in: scope, db).map { try Self.withClaims($0, db) }
        }
    }

    /// The reservations that begin at `since` or later, ordered by start.
    ///
    /// - Parameter limit: 1 to `StoreLimits.listLength`; other values are clamped.
    public func reservations(
        in scope: Scope, since: Timestamp, limit: Int
    ) async throws(StoreError) -> [StoredReservation] {
        try await read("list reservations") { db in
            try ReservationRow.fetch(
                db, sql: ReservationRow.since(in: scope),
                arguments: [since.milliseconds] + scope.arguments + [min(max(limit, 1), StoreLimits.listLength)]
            ).map { try Self.withClaims($0, db) }
        }
    }

    /// The learners who claimed a seat, and when, in order of their claims; none for a reservation outside the scope.
    public func attendance(
        of id: ReservationID, in scope: Scope
    ) async throws(StoreError) -> [(learner: String, at: Timestamp)] {
        try await read("read who came for reservation \(id)") { db in
            guard try Self.reservation(id, in: scope, db) != nil else { return [] }
            return try Row.fetchAll(db, sql: ReservationRow.attendance, arguments: [id.rawValue]).map {
                (learner: $0[0], at: Timestamp(milliseconds: $0[1]))
            }
        }
    }

    private static func reservation(_ id: ReservationID, in scope: Scope, _ db: Database) throws -> Reservation? {
        let found = try ReservationRow.fetch(db, sql: ReservationRow.byID, arguments: [id.rawValue]).first
        return found.flatMap { scope.admits($0.terms.portal) ? $0 : nil }
    }

    private static func withClaims(_ reservation: Reservation, _ db: Database) throws -> StoredReservation {
        StoredReservation(
            reservation: reservation,
            claims: try Int.fetchOne(db, sql: ReservationRow.claimCount, arguments: [reservation.id.rawValue]) ?? 0)
    }
}
