import Foundation
import GRDB
import Identity

/// Stores revocations in the table `revocations`, and their number in `meta`: rows are deleted when all tickets that they
/// revoke have expired, while the number only grows.
enum RevocationRow {
    private static let generationKey = "revocations"

    static func fetch(_ db: Database) throws -> Revocations {
        let sql = "SELECT value FROM meta WHERE key = ?"
        let generation = try String.fetchOne(db, sql: sql, arguments: [generationKey]).flatMap { Int64($0) } ?? 0
        let rows = try Row.fetchAll(
            db, sql: "SELECT generation, portal, issuer, subject, visit, until FROM revocations")
        return Revocations(generation: generation, records: rows.map(record))
    }

    private static func record(_ row: Row) -> Revocations.Record {
        let portal = PortalID(rawValue: row[1])
        let person = (row[2] as String?).flatMap { issuer in
            (row[3] as String?).map { Person(portal: portal, issuer: issuer, subject: $0) }
        }
        let target: Revocations.Target =
            switch (person, row[4] as String?) {
            case (let person?, let visit?): .visit(visit, of: person)
            case (let person?, nil): .person(person)
            case (nil, _): .portal(portal)
            }
        return Revocations.Record(target: target, generation: row[0], until: row[5])
    }

    static func store(_ record: Revocations.Record, in db: Database) throws {
        let (portal, person, visit) = columns(record.target)
        try db.execute(
            sql:
                "INSERT INTO revocations (generation, portal, issuer, subject, visit, until) VALUES (?, ?, ?, ?, ?, ?)",
            arguments: [
                record.generation, portal.rawValue, person?.issuer, person?.subject, visit, record.until,
            ])
        try db.execute(
            sql: "INSERT OR REPLACE INTO meta (key, value) VALUES (?, ?)",
            arguments: [generationKey, String(record.generation)])
    }

    /// Forgets the revocations of which every ticket has expired. There are few rows, so they are scanned.
    ///
    /// - Parameter now: seconds since 1970.
    static func prune(at now: Int64, in db: Database) throws {
        try db.execute(sql: "DELETE FROM revocations WHERE until <= ?", arguments: [now])
    }

    /// Takes back the grants that the revoked visits gave.
    ///
    /// - Returns: what was taken back.
    static func takeGrants(_ target: Revocations.Target, in db: Database) throws -> [AccessGrant] {
        let (portal, person, visit) = columns(target)
        var arguments: StatementArguments = [portal.rawValue]
        var sql = "portal = ?"
        if let person {
            sql += " AND learner = ?"
            arguments += [person.subject]
        }
        sql = "session IN (SELECT id FROM sessions WHERE \(sql))"
        if let visit {
            sql += " AND visit = ?"
            arguments += [visit]
        }
        return try Row.fetchAll(
            db, sql: "DELETE FROM grants WHERE \(sql) RETURNING session, token_digest, created_at, visit",
            arguments: arguments
        ).map(Store.grant)
    }

    private static func columns(_ target: Revocations.Target) -> (PortalID, Person?, visit: String?) {
        switch target {
        case .visit(let visit, let person): (person.portal, person, visit)
        case .person(let person): (person.portal, person, nil)
        case .portal(let portal): (portal, nil, nil)
        }
    }
}

extension Store {
    /// Stores a revocation, and takes back what the revoked visits have opened, in one transaction.
    ///
    /// - Parameter now: seconds since 1970; revocations that have ended by then are deleted.
    /// - Returns: the grants that were taken back.
    public func revoke(_ record: Revocations.Record, at now: Int64) async throws(StoreError) -> [AccessGrant] {
        try await write("store a revocation") { db in
            try RevocationRow.prune(at: now, in: db)
            try RevocationRow.store(record, in: db)
            return try RevocationRow.takeGrants(record.target, in: db)
        }
    }

    /// Takes back one grant.
    public func take(_ grant: AccessGrant) async throws(StoreError) {
        try await write("take a grant back") { db in
            try db.execute(
                sql: "DELETE FROM grants WHERE session = ? AND token_digest = ?",
                arguments: [grant.session.rawValue, Data(grant.tokenDigest)])
        }
    }
}
