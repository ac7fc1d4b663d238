import Foundation
import GRDB

/// A state file, or a backup of one, opened read-only by operators' commands while a broker may be writing to it.
///
/// Each read sees one consistent snapshot, however long it takes. Not for the broker, which uses `Store`. Calls block.
public final class StateFile {
    public let path: String
    private let database: DatabaseQueue

    /// A summary of a state file, from one snapshot.
    public struct Summary: Hashable, Sendable, Codable {
        public var instance: String
        /// The version of the schema.
        public var version: Int
        public var bytes: Int64
        public var sessions: Int
        public var liveSessions: Int
    }

    /// - Throws: `.io` if there is no such file, `.foreign` and `.newer` as `Store` does.
    public init(path: String) throws(StoreError) {
        self.path = path
        // SQLite's own message names neither the file nor the reason.
        if access(path, R_OK) != 0 {
            throw StoreError(code: .io, message: "\(path): cannot be read: \(String(cString: strerror(errno)))")
        }
        do {
            var configuration = Configuration()
            configuration.label = "state file"
            configuration.readonly = true
            configuration.busyMode = .timeout(StoreLimits.busyTimeout / .seconds(1))
            database = try DatabaseQueue(path: path, configuration: configuration)
            try database.unsafeRead { db in try Schema.check(db, path: path, known: Schema.migrations.count) }
        } catch {
            throw StoreError(error, doing: "open it", path: path)
        }
    }

    public func summary() throws(StoreError) -> Summary {
        try read("read it") { db in
            func number(_ sql: String) throws -> Int { try Int.fetchOne(db, sql: sql) ?? 0 }
            return Summary(
                instance: try String.fetchOne(db, sql: "SELECT value FROM meta WHERE key = 'instance'") ?? "",
                version: try number("PRAGMA user_version"),
                bytes: Int64(try number("PRAGMA page_count")) * Int64(try number("PRAGMA page_size")),
                sessions: try number("SELECT count(*) FROM sessions"),
                liveSessions: try number("SELECT count(*) FROM sessions WHERE \(Schema.live)"))
        }
    }

    /// All problems of the file, at most `StoreLimits.integrityProblems` of each kind: damaged pages and indexes,
    /// violated constraints, dangling references, and rows that the broker could not read. Empty for a sound file.
    public func problems() throws(StoreError) -> [String] {
        // If an interior page is damaged, SQLite aborts in the middle of the check.
        do throws(StoreError) { return try check() } catch  where error.code == .corrupt { return [error.message] }
    }

    private func check() throws(StoreError) -> [String] {
        try read("check it") { db in
            let limit = StoreLimits.integrityProblems
            let damage = try String.fetchAll(db, sql: "PRAGMA integrity_check(\(limit))").filter { $0 != "ok" }
            // Rows are checked one by one only if SQLite has verified their columns.
            guard damage.isEmpty else { return damage }
            let dangling = try Row.fetchCursor(db, sql: "PRAGMA foreign_key_check")
            var problems: [String] = []
            while problems.count < limit, let row = try dangling.next() {
                let (table, parent): (String, String) = (row[0], row[2])
                problems.append("a row of \(table) belongs to none of \(parent)")
            }
            return try problems + Self.unreadable(db).prefix(limit) + Self.doubled(db, limit: limit)
        }
    }

    /// Copies a snapshot of the file, in pages, to `target`, which must be empty or missing.
    ///
    /// - Parameter progress: called with the number of copied pages and the total.
    func copy(to target: DatabaseQueue, progress: @escaping (_ done: Int, _ of: Int) -> Void) throws(StoreError) {
        try read("copy it") { source in
            try target.writeWithoutTransaction { target in
                // Within a read transaction, so that a broker's writes do not restart the copy.
                try source.backup(to: target, pagesPerStep: StoreLimits.backupPages) { step in
                    progress(step.completedPageCount, step.totalPageCount)
                }
            }
        }
    }

    func read<T>(_ what: String, _ body: (Database) throws -> T) throws(StoreError) -> T {
        do { return try database.read(body) } catch { throw StoreError(error, doing: what, path: path) }
    }

    private static func unreadable(_ db: Database) throws -> [String] {
        var problems: [String] = []
        func note(_ body: () throws -> Void) throws {
            do { try body() } catch let error as DatabaseError where error.resultCode == .SQLITE_CORRUPT {
                let message = error.message ?? "a row cannot be read"
                if !problems.contains(message) { problems.append(message) }
            }
        }
        let sessions = try Row.fetchCursor(db, sql: "SELECT \(SessionRow.columns) FROM sessions")
        while problems.count < StoreLimits.integrityProblems, let row = try sessions.next() {
            try note { _ = try SessionRow.session(row) }
        }
        // Also checks everything that the broker reads when it starts.
        try note { _ = try Store.state(db) }
        return problems
    }

    /// Finds learners with more than one live session of a lab.
    private static func doubled(_ db: Database, limit: Int) throws -> [String] {
        try Row.fetchAll(
            db,
            sql: """
                SELECT portal, learner, lab, count(*) FROM sessions WHERE \(Schema.live)
                GROUP BY portal, learner, lab HAVING count(*) > 1 LIMIT ?
                """, arguments: [limit]
        ).map { row in
            let (portal, learner, lab, count): (String, String, String, Int) = (row[0], row[1], row[2], row[3])
            return "learner \(learner) of portal \(portal) has \(count) live sessions of lab \(lab)"
        }
    }
}
