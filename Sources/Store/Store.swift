import BrokerCore
import Foundation
import GRDB
import Words

/// The broker's persistent state: one SQLite file, in WAL mode, synced at every commit.
///
/// Any thread. Writes are serialised in the order of the calls; reads run concurrently. A `commit` that has returned
/// survives a crash of the process and of the machine. A failed one has written nothing.
public final class Store: Sendable {
    public let path: String
    let database: DatabasePool

    /// Opens the file, creates it (mode 0600) if it is missing, and migrates it to this version.
    ///
    /// The caller holds a `StateDirectoryLock` on the directory. Blocks for about 10 ms for each megabyte of the file,
    /// up to `StoreLimits.checkedBytes` of it: a damaged file is rejected and left unchanged.
    public convenience init(path: String) throws(StoreError) {
        try self.init(path: path, migrations: Schema.migrations)
    }

    init(
        path: String, migrations: [String] = Schema.migrations, checkedBytes: Int64 = StoreLimits.checkedBytes
    ) throws(StoreError) {
        self.path = path
        do {
            try Self.makePrivate(path)
            var configuration = Configuration()
            configuration.label = "store"
            configuration.busyMode = .timeout(StoreLimits.busyTimeout / .seconds(1))
            configuration.maximumReaderCount = StoreLimits.readers
            configuration.prepareDatabase { db in
                // This runs before the journal mode is set, so that a rejected file is left unchanged.
                guard !db.configuration.readonly else { return }
                try Schema.check(db, path: path, known: migrations.count)
                try Self.refuseDamage(db, upTo: checkedBytes)
            }
            database = try DatabasePool(path: path, configuration: configuration)
            try database.writeWithoutTransaction { db in
                // GRDB sets NORMAL, which can lose the last commits in a power failure.
                try db.execute(sql: "PRAGMA synchronous = FULL; PRAGMA journal_size_limit = \(StoreLimits.logBytes)")
                guard try String.fetchOne(db, sql: "PRAGMA journal_mode") == "wal" else {
                    throw StoreError(
                        code: .io,
                        message: "\(path): this file system cannot hold a write-ahead log; use a local disk")
                }
                try Schema.migrate(db, migrations)
            }
        } catch {
            throw StoreError(error, doing: "open the state file", path: path)
        }
    }

    /// Writes the changes and the grants in one transaction; returns when they are durable.
    ///
    /// A session is inserted or replaced by its id; a story entry is appended; a session keeps its
    /// `StoreLimits.grantsPerSession` newest grants. The order among the arguments does not matter, except that the
    /// later of two changes to the same thing wins. Not cancelled with the calling task.
    public func commit(_ changes: [Change], grants: [AccessGrant] = []) async throws(StoreError) {
        try await write("store \(changes.count) changes") { db in
            for change in changes { try Self.apply(change, to: db) }
            for grant in grants { try Self.add(grant, to: db) }
        }
    }

    /// Checkpoints the log into the file, so that the file alone is complete, and closes it; every later call fails.
    /// Waits for calls in progress.
    public func close() throws(StoreError) {
        // SQLite would checkpoint on its last connection, but that one is read-only. On a full disk the log stays.
        try? database.writeWithoutTransaction { db in _ = try db.checkpoint(.truncate) }
        do { try database.close() } catch { throw StoreError(error, doing: "close the state file", path: path) }
    }

    private static func apply(_ change: Change, to db: Database) throws {
        switch change {
        case .session(let session):
            try db.cachedStatement(sql: SessionRow.upsert).execute(arguments: SessionRow.arguments(session))
        case .story(let line):
            let entry = StoryEntry(line)
            try db.cachedStatement(
                sql: """
                    INSERT INTO session_events (session, at, epoch, state, host, reason) VALUES (?, ?, ?, ?, ?, ?)
                    """
            ).execute(arguments: [
                entry.session.rawValue, entry.at.milliseconds, entry.epoch, entry.state, entry.host, entry.reason,
            ])
        case .duty(let host, let duty):
            let (word, deadline) = DutyColumns.columns(duty)
            try db.cachedStatement(
                sql: """
                    INSERT INTO hosts (name, duty, drain_deadline) VALUES (?, ?, ?)
                    ON CONFLICT (name) DO UPDATE SET duty = excluded.duty, drain_deadline = excluded.drain_deadline
                    """
            ).execute(arguments: [host, word, deadline])
        case .engine(let host, let id):
            try HostRow.store("engine", id, of: host, in: db)
        case .proof(let host, let mark):
            try HostRow.store("proof", mark, of: host, in: db)
        case .rollingDrain(let drain):
            try HostRow.store(drain, in: db)
        case .hostEntry(let host, let entry):
            try HostRow.store(entry, of: host, in: db)
        case .hostAdjustment(let host, let adjustment):
            try HostRow.store(adjustment, of: host, in: db)
        case .hostForgotten(let host):
            try HostRow.forget(host, in: db)
        case .reservation(let reservation):
            try ReservationRow.store(reservation, in: db)
        case .peak(let id, let seats):
            try db.cachedStatement(sql: "UPDATE reservations SET peak_seats = ? WHERE id = ?")
                .execute(arguments: [seats, id.rawValue])
        case .claim(let id, let learner, let at):
            try db.cachedStatement(sql: "INSERT OR IGNORE INTO claims (reservation, learner, at) VALUES (?, ?, ?)")
                .execute(arguments: [id.rawValue, learner, at.milliseconds])
        case .warm(let seat):
            try WarmRows.store(seat, in: db)
        case .warmGone(let id):
            try WarmRows.remove(id, in: db)
        case .pool(let pool):
            try WarmRows.store(pool, in: db)
        case .poolReset(let key):
            try WarmRows.remove(key, in: db)
        case .profile(let lab, let profile):
            try ProfileRow.store(profile, of: lab, in: db)
        case .home(let portal, let learner, let host):
            try db.cachedStatement(sql: "INSERT OR REPLACE INTO homes (portal, learner, host) VALUES (?, ?, ?)")
                .execute(arguments: [portal.rawValue, learner, host])
        }
    }

    private static func add(_ grant: AccessGrant, to db: Database) throws {
        let session = grant.session.rawValue
        try db.cachedStatement(
            sql: "INSERT OR REPLACE INTO grants (session, token_digest, created_at, visit) VALUES (?, ?, ?, ?)"
        ).execute(arguments: [session, Data(grant.tokenDigest), grant.createdAt.milliseconds, grant.visit])
        try db.cachedStatement(
            sql: """
                DELETE FROM grants WHERE session = ?1 AND number NOT IN
                    (SELECT number FROM grants WHERE session = ?1 ORDER BY number DESC LIMIT ?2)
                """
        ).execute(arguments: [session, StoreLimits.grantsPerSession])
    }

    /// Asks SQLite whether every page and every row is sound. `StateFile.problems` also finds index errors and what
    /// only Carrel can verify.
    private static func refuseDamage(_ db: Database, upTo checkedBytes: Int64) throws {
        let pages = try Int64.fetchOne(db, sql: "PRAGMA page_count") ?? 0
        let pageSize = try Int64.fetchOne(db, sql: "PRAGMA page_size") ?? 0
        guard pages * pageSize <= checkedBytes else { return }
        let findings = try String.fetchAll(db, sql: "PRAGMA quick_check(\(StoreLimits.startProblems))")
        guard findings != ["ok"] else { return }
        throw DatabaseError(resultCode: .SQLITE_CORRUPT, message: findings.joined(separator: "; "))
    }

    private static func makePrivate(_ path: String) throws {
        // SQLite gives the log and its index the mode of the file. An existing file is not opened here: closing it
        // would release the locks that another connection of this process holds on it.
        if chmod(path, 0o600) == 0 { return }
        let file = open(path, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0o600)
        guard file >= 0 else {
            let reason = String(cString: strerror(errno))
            throw StoreError(code: .io, message: "\(path): cannot create the state file: \(reason)")
        }
        Foundation.close(file)
    }
}

/// Stores a host's duty in the table `hosts`.
enum DutyColumns {
    static func columns(_ duty: HostDuty) -> (word: String, deadline: Int64?) {
        switch duty {
        case .active: ("active", nil)
        case .cordoned: ("cordoned", nil)
        case .draining(let deadline): ("draining", deadline.milliseconds)
        case .drained: ("drained", nil)
        case .lost: ("lost", nil)
        }
    }

    static func duty(word: String, deadline: Int64?) -> HostDuty? {
        switch (word, deadline) {
        case ("active", nil): .active
        case ("cordoned", nil): .cordoned
        case ("draining", let deadline?): .draining(deadline: Timestamp(milliseconds: deadline))
        case ("drained", nil): .drained
        case ("lost", nil): .lost
        default: nil
        }
    }
}
