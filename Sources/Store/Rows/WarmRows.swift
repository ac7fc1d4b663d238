import BrokerCore
import GRDB
import Identity

/// Stores warm seats in the table `warm_seats`, and operators' pool settings in `pools`.
enum WarmRows {
    private static let columns =
        "number, portal, lab, reservation, learner, host, terms, state, since, address, port, charge"

    static let all = "SELECT \(columns) FROM warm_seats ORDER BY number"
    static let pools = "SELECT portal, lab, minimum, maximum, per_host FROM pools"
    static let lastNumber = "SELECT value FROM meta WHERE key = 'warm_number'"

    /// The highest number is kept for ever, so that none is reused.
    static func store(_ seat: WarmSeat, in db: Database) throws {
        let (state, since, endpoint) = columns(of: seat.state)
        try db.cachedStatement(
            sql: "INSERT OR REPLACE INTO warm_seats (\(columns)) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
        ).execute(arguments: [
            seat.id.number, seat.pool.portal.rawValue, seat.pool.name, seat.reservation?.rawValue, seat.learner,
            seat.host,
            seat.terms, state, since.milliseconds, endpoint?.address, endpoint?.port, seat.charge,
        ])
        try db.cachedStatement(
            sql: """
                INSERT INTO meta (key, value) VALUES ('warm_number', ?1) ON CONFLICT (key)
                DO UPDATE SET value = ?1 WHERE CAST(value AS INTEGER) < CAST(?1 AS INTEGER)
                """
        ).execute(arguments: [String(seat.id.number)])
    }

    static func remove(_ id: WarmSeatID, in db: Database) throws {
        try db.cachedStatement(sql: "DELETE FROM warm_seats WHERE number = ?").execute(arguments: [id.number])
    }

    static func store(_ pool: PoolSpec, in db: Database) throws {
        try db.cachedStatement(
            sql: "INSERT OR REPLACE INTO pools (portal, lab, minimum, maximum, per_host) VALUES (?, ?, ?, ?, ?)"
        ).execute(arguments: [pool.key.portal.rawValue, pool.key.name, pool.minimum, pool.maximum, pool.perHost])
    }

    static func remove(_ key: LabKey, in db: Database) throws {
        try db.cachedStatement(sql: "DELETE FROM pools WHERE portal = ? AND lab = ?")
            .execute(arguments: [key.portal.rawValue, key.name])
    }

    static func seat(_ row: Row) throws -> WarmSeat {
        let number: Int64 = row[0]
        let since = Timestamp(milliseconds: row[8])
        let state: WarmSeat.State
        switch row[7] as String {
        case "starting": state = .starting(since: since)
        case "ready": state = .ready(Endpoint(address: row[9], port: row[10]), since: since)
        default:
            throw DatabaseError(
                resultCode: .SQLITE_CORRUPT, message: "warm seat \(number): its state is unknown")
        }
        return WarmSeat(
            id: WarmSeatID(number: number), pool: LabKey(portal: PortalID(rawValue: row[1]), name: row[2]),
            reservation: (row[3] as String?).map { ReservationID(rawValue: $0) }, learner: row[4], host: row[5],
            terms: row[6], state: state, charge: row[11])
    }

    static func pool(_ row: Row) -> PoolSpec {
        PoolSpec(
            key: LabKey(portal: PortalID(rawValue: row[0]), name: row[1]), minimum: row[2], maximum: row[3],
            perHost: row[4])
    }

    private static func columns(of state: WarmSeat.State) -> (String, Timestamp, Endpoint?) {
        switch state {
        case .starting(let since): ("starting", since, nil)
        case .ready(let endpoint, let since): ("ready", since, endpoint)
        }
    }
}
