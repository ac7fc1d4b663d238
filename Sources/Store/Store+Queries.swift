import BrokerCore
import Foundation
import GRDB
import Identity

extension Store {
    /// Loads the state from which a broker continues after a restart. Blocks; the time depends only on the live
    /// sessions.
    public func load() throws(StoreError) -> StoredState {
        do {
            return try database.read { db in try Self.state(db) }
        } catch {
            throw StoreError(error, doing: "read the live sessions", path: path)
        }
    }

    /// - Throws: SQLITE_CORRUPT for data that no version of Carrel has written.
    static func state(_ db: Database) throws -> StoredState {
        try StoredState(
            instanceID: String.fetchOne(db, sql: "SELECT value FROM meta WHERE key = 'instance'") ?? "",
            sessions: liveSessions(db),
            duties: duties(db), hosts: HostRow.fetch(db),
            homes: Row.fetchAll(db, sql: "SELECT portal, learner, host FROM homes").map {
                HomeLocation(portal: PortalID(rawValue: $0[0]), learner: $0[1], host: $0[2])
            },
            reservations: ReservationRow.fetch(db, sql: ReservationRow.unfinished),
            claims: Row.fetchAll(db, sql: ReservationRow.unfinishedClaims).map {
                Claim(reservation: ReservationID(rawValue: $0[0]), learner: $0[1])
            },
            warm: Row.fetchAll(db, sql: WarmRows.all).map(WarmRows.seat),
            lastWarmNumber: String.fetchOne(db, sql: WarmRows.lastNumber).flatMap { Int64($0) } ?? 0,
            pools: Row.fetchAll(db, sql: WarmRows.pools).map(WarmRows.pool),
            profiles: ProfileRow.fetch(db),
            grants: Row.fetchAll(db, sql: Query.liveGrants).map(grant), revocations: RevocationRow.fetch(db))
    }

    /// The session with that identifier, live or ended; `nil` if there is none in the scope.
    public func session(_ id: SessionID, in scope: Scope) async throws(StoreError) -> Session? {
        try await read("read session \(id)") { db in try Self.session(id, in: scope, db) }
    }

    /// The session with the given identifier, or the only one of the scope whose identifier has the given prefix.
    public func session(matching prefix: String, in scope: Scope) async throws(StoreError) -> SessionMatch {
        guard !prefix.isEmpty else { return .none }
        return try await read("find session \(prefix)") { db in
            // The first row of the range is the exact identifier, if it exists.
            let found = try Row.fetchAll(
                db, sql: Query.byPrefix(in: scope), arguments: [prefix, prefix + "\u{10FFFF}"] + scope.arguments
            ).map(SessionRow.session)
            guard let first = found.first else { return .none }
            return found.count == 1 || first.id.rawValue == prefix ? .one(first) : .several
        }
    }

    /// The newest session of this learner for this lab of their portal, live or ended.
    public func session(of learner: Learner, lab: LabKey) async throws(StoreError) -> Session? {
        try await read("find the session of learner \(learner.id)") { db in
            try Row.fetchOne(
                db, sql: Query.byOwner, arguments: [learner.portal.rawValue, learner.id, lab.name]
            ).map(SessionRow.session)
        }
    }

    /// Sessions, newest first.
    public func sessions(_ query: SessionQuery, in scope: Scope) async throws(StoreError) -> [Session] {
        try await read("list sessions") { db in
            let (sql, arguments) = Query.list(query, in: scope)
            return try Row.fetchAll(db, sql: sql, arguments: arguments).map(SessionRow.session)
        }
    }

    /// The session's events, in order; at most the newest `StoreLimits.storyLength` of them, and none of a session
    /// outside the scope.
    public func story(of id: SessionID, in scope: Scope) async throws(StoreError) -> [StoryEntry] {
        try await read("read the story of session \(id)") { db in
            guard try Self.session(id, in: scope, db) != nil else { return [] }
            return try Row.fetchAll(db, sql: Query.story, arguments: [id.rawValue, StoreLimits.storyLength]).reversed()
                .map {
                    StoryEntry(
                        session: SessionID(rawValue: $0[0]), at: Timestamp(milliseconds: $0[1]), epoch: $0[2],
                        state: $0[3], host: $0[4], reason: $0[5])
                }
        }
    }

    /// The session's grants, oldest first; none of a session outside the scope.
    public func grants(of id: SessionID, in scope: Scope) async throws(StoreError) -> [AccessGrant] {
        try await read("read the grants of session \(id)") { db in
            guard try Self.session(id, in: scope, db) != nil else { return [] }
            return try Row.fetchAll(db, sql: Query.grants, arguments: [id.rawValue]).map(Self.grant)
        }
    }

    /// Whether a browser with this token digest may enter the session, which must be in the scope.
    public func holdsGrant(
        _ id: SessionID, tokenDigest: [UInt8], in scope: Scope
    ) async throws(StoreError) -> Bool {
        try await read("look up a grant of session \(id)") { db in
            let isHeld = try Bool.fetchOne(db, sql: Query.holdsGrant, arguments: [id.rawValue, Data(tokenDigest)])
            return try isHeld == true && Self.session(id, in: scope, db) != nil
        }
    }

    private static func session(_ id: SessionID, in scope: Scope, _ db: Database) throws -> Session? {
        let found = try Row.fetchOne(db, sql: Query.byID, arguments: [id.rawValue]).map(SessionRow.session)
        return found.flatMap { scope.admits($0.learner.portal) ? $0 : nil }
    }

    /// Rows are decoded one at a time: fetching all rows first would take several times the memory of the sessions.
    private static func liveSessions(_ db: Database) throws -> [Session] {
        var sessions: [Session] = []
        sessions.reserveCapacity(
            try Int.fetchOne(db, sql: "SELECT count(*) FROM sessions WHERE \(Schema.live)") ?? 0)
        let rows = try Row.fetchCursor(db, sql: Query.live)
        while let row = try rows.next() { sessions.append(try SessionRow.session(row)) }
        return sessions
    }

    private static func duties(_ db: Database) throws -> [String: HostDuty] {
        var duties: [String: HostDuty] = [:]
        for row in try Row.fetchAll(db, sql: "SELECT name, duty, drain_deadline FROM hosts") {
            guard let duty = DutyColumns.duty(word: row[1], deadline: row[2]) else {
                let name: String = row[0]
                throw DatabaseError(resultCode: .SQLITE_CORRUPT, message: "host \(name): its duty is unknown")
            }
            duties[row[0]] = duty
        }
        return duties
    }

    static func grant(_ row: Row) -> AccessGrant {
        let digest: Data = row[1]
        return AccessGrant(
            session: SessionID(rawValue: row[0]), tokenDigest: [UInt8](digest),
            createdAt: Timestamp(milliseconds: row[2]), visit: row[3])
    }
}

/// All SQL queries, in one place so that a test can ask SQLite for the plan of each.
enum Query {
    static let live = "SELECT \(SessionRow.columns) FROM sessions WHERE \(Schema.live) ORDER BY created_at, id"
    static let liveGrants = """
        SELECT grants.session, grants.token_digest, grants.created_at, grants.visit
        FROM sessions INDEXED BY sessions_live JOIN grants ON grants.session = sessions.id
        WHERE sessions.\(Schema.live) ORDER BY grants.number
        """
    static let byID = "SELECT \(SessionRow.columns) FROM sessions WHERE id = ?"
    /// The plus sign keeps SQLite from the index of portals, with which it would read all sessions of the portal.
    static func byPrefix(in scope: Scope) -> String {
        let condition = scope.portal == nil ? "" : " AND +portal = ?"
        return "SELECT \(SessionRow.columns) FROM sessions WHERE id >= ? AND id < ?\(condition) ORDER BY id LIMIT 2"
    }
    static let byOwner = """
        SELECT \(SessionRow.columns) FROM sessions WHERE portal = ? AND learner = ? AND lab = ?
        ORDER BY created_at DESC, id DESC LIMIT 1
        """
    static let story = """
        SELECT session, at, epoch, state, host, reason FROM session_events WHERE session = ?
        ORDER BY number DESC LIMIT ?
        """
    static let grants = """
        SELECT session, token_digest, created_at, visit FROM grants WHERE session = ? ORDER BY number
        """
    static let holdsGrant = "SELECT EXISTS (SELECT 1 FROM grants WHERE session = ? AND token_digest = ?)"

    static func list(_ query: SessionQuery, in scope: Scope) -> (sql: String, arguments: StatementArguments) {
        // Always true, and makes SQLite use an index even without any other condition.
        var conditions = ["created_at <= ?"]
        var arguments: StatementArguments = [Int64.max]
        let columns = [
            ("portal", scope.portal?.rawValue), ("state", query.state), ("host", query.host),
            ("learner", query.learner), ("lab", query.lab), ("context", query.course),
        ]
        for case (let column, let value?) in columns {
            conditions.append("\(column) = ?")
            arguments += [value]
        }
        if query.isLive { conditions.append(Schema.live) }
        arguments += [min(max(query.limit, 1), StoreLimits.listLength)]
        let sql = """
            SELECT \(SessionRow.columns) FROM sessions WHERE \(conditions.joined(separator: " AND "))
            ORDER BY created_at DESC, id DESC LIMIT ?
            """
        return (sql, arguments)
    }
}
