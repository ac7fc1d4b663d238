import BrokerCore
import Foundation
import GRDB
import Testing

@testable import Store

@Suite("Opening the state file")
struct OpeningTests {
    let scratch: ScratchDirectory
    init() throws { scratch = try ScratchDirectory() }

    private func mode(_ path: String) throws -> Int {
        try #require(FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int)
    }

    @Test("It writes ahead, syncs every commit, checks foreign keys and waits for a busy file")
    func durability() throws {
        let store = try Store(path: scratch.databasePath)
        #expect(try store.pragma("journal_mode") == "wal")
        #expect(try store.pragma("synchronous") == "2")
        #expect(try store.pragma("foreign_keys") == "1")
        #expect(try store.pragma("busy_timeout") == "5000")
        #expect(try store.pragma("user_version") == "\(Schema.migrations.count)")
    }

    @Test("Every table is strict")
    func strictTables() throws {
        let store = try Store(path: scratch.databasePath)
        let lax = try store.database.read {
            try String.fetchAll(
                $0,
                sql: """
                    SELECT name FROM pragma_table_list
                    WHERE type = 'table' AND NOT strict AND name NOT LIKE 'sqlite_%'
                    """)
        }
        #expect(lax.isEmpty)
    }

    @Test("The file and its log are the owner's alone, also when the file was open to others")
    func fileMode() async throws {
        let path = scratch.databasePath
        do {
            let store = try Store(path: path)
            try await store.commit([.session(session("a", .queued(since: at(1))))])
            #expect(try mode(path) == 0o600)
            #expect(try mode(path + "-wal") == 0o600)
            #expect(try mode(path + "-shm") == 0o600)
        }
        chmod(path, 0o644)
        let again = try Store(path: path)
        #expect(try mode(again.path) == 0o600)
    }

    @Test("The instance id is made once")
    func instanceID() throws {
        let first = try Store(path: scratch.databasePath).load().instanceID
        #expect(first.count == 16)
        #expect(try Store(path: scratch.databasePath).load().instanceID == first)
        #expect(try Store(path: scratch.path + "/other.db").load().instanceID != first)
    }

    @Test("A newer file is refused, with both versions, and left as it was")
    func newerFile() throws {
        let path = scratch.databasePath
        let newer = Schema.migrations + ["CREATE TABLE later (x INTEGER) STRICT"]
        try Store(path: path, migrations: newer).close()
        let before = try Data(contentsOf: URL(fileURLWithPath: path))
        let error = #expect(throws: StoreError.self) { try Store(path: path) }
        #expect(error?.code == .newer)
        #expect(error?.message.contains("version \(newer.count)") == true)
        #expect(error?.message.contains("up to \(Schema.migrations.count)") == true)
        #expect(error?.message.contains(path) == true)
        #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == before)
    }

    @Test("An older file is brought up to date and keeps what it holds")
    func olderFile() async throws {
        let path = scratch.databasePath
        let old = try Store(path: path)
        try await old.commit([.session(session("a", .queued(since: at(1))))])
        try old.close()
        let newer = Schema.migrations + ["ALTER TABLE homes ADD COLUMN bytes INTEGER"]
        let store = try Store(path: path, migrations: newer)
        #expect(try store.pragma("user_version") == "\(newer.count)")
        #expect(try await store.session(SessionID(rawValue: "a"), in: .all) != nil)
    }

    @Test("A file of the first version is brought up to date; its sessions stay as long as they did")
    func firstVersion() async throws {
        let path = scratch.databasePath
        let first = try Store(path: path, migrations: Array(Schema.migrations.prefix(1)))
        try await first.database.write { db in
            try db.execute(
                sql: """
                    INSERT INTO sessions (id, portal, learner, learner_name, lab, epoch, state, since, host, address,
                        port, created_at, last_activity_at, failed_attempts)
                    VALUES ('a', 'school', 'ada', 'Ada', 'python', 1, 'running', 4000, 'h1', '10.0.0.7', 32768, 1000,
                        5000, 0)
                    """)
        }
        try first.close()
        let session = try await Store(path: path).session(SessionID(rawValue: "a"), in: .all)
        #expect(session?.state.name == "running" && session?.lastActivityAt == at(5))
        #expect(session?.stay == Stay())
    }

    @Test("Sessions of a file in which none could be parked keep everything")
    func beforeParking() async throws {
        let path = scratch.databasePath
        let first = try Store(path: path, migrations: Array(Schema.migrations.prefix(8)))
        // The current writer of sessions needs columns that the old table lacks; the next migration rebuilds the table
        // without them.
        try await first.database.write { db in
            for column in [
                "charge INTEGER NOT NULL DEFAULT 0", "seat_until INTEGER", "announced_end INTEGER",
                "announced_note TEXT",
            ] {
                try db.execute(sql: "ALTER TABLE sessions ADD COLUMN \(column)")
            }
        }
        let sessions = everyState.filter { !["parking", "parked"].contains($0.name) }.enumerated().map { index, state in
            var session = session("s\(index)", state)
            session.stay = Stay(
                source: .edge, keeps: 1, extended: .seconds(60), notIdleBefore: at(9), extendedBy: "ada")
            session.context = "course-1"
            return session
        }
        let grant = AccessGrant(
            session: sessions[0].id, tokenDigest: [UInt8](repeating: 7, count: 32), createdAt: at(3))
        try await first.commit(
            sessions.map { .session($0) } + [.story(story("s0", "queued", at: at(1)))])
        try await first.database.write { db in
            try db.execute(
                sql: "INSERT INTO grants (session, token_digest, created_at) VALUES (?, ?, ?)",
                arguments: [grant.session.rawValue, Data(grant.tokenDigest), grant.createdAt.milliseconds])
        }
        try first.close()

        let store = try Store(path: path)
        for session in sessions.dropFirst() { #expect(try await store.session(session.id, in: .all) == session) }
        #expect(try await store.story(of: sessions[0].id, in: .all).count == 1)
        #expect(try await store.grants(of: sessions[0].id, in: .all) == [grant])
        #expect(try store.pragma("foreign_keys") == "1")
        // Foreign keys are enforced again, against the new table.
        await #expect(throws: StoreError.self) {
            try await store.commit([.story(story("nobody", "queued", at: at(1)))])
        }
        let parked = session("p", .parked(reason: .idle(timeoutSeconds: 60), since: at(6)))
        try await store.commit([.session(parked), .story(story("p", "parked", at: at(6)))])
        #expect(try store.load().sessions.contains(parked))
    }

    @Test("The table of activity goes, and every session keeps the moment of its last use")
    func olderActivity() async throws {
        let path = scratch.databasePath
        let first = try Store(path: path, migrations: Array(Schema.migrations.prefix(10)))
        // The current writer of sessions needs columns that the old table lacks.
        try await first.database.write { db in
            try db.execute(
                sql: """
                    INSERT INTO sessions (id, portal, learner, learner_name, lab, epoch, state, since, host, address,
                        port, created_at, last_activity_at, failed_attempts)
                    VALUES
                        ('a', 'school', 'ada', 'Ada', 'python', 1, 'running', 4000, 'h1', '10.0.0.7', 32768, 1000,
                            50000, 0),
                        ('b', 'school', 'bob', 'Bob', 'python', 1, 'queued', 1000, NULL, NULL, NULL, 1000, 1000, 0)
                    """)
            try db.execute(sql: "INSERT INTO activity VALUES ('a', 0, 40000), ('a', 300000, 310000), ('b', 0, 1000)")
        }
        try first.close()
        let store = try Store(path: path)
        let isGone = try await store.database.read { try !$0.tableExists("activity") }
        #expect(isGone)
        #expect(try store.load().sessions.map(\.lastActivityAt) == [at(50), at(1)])
    }

    @Test("What hosts were meant to do before they could be lost is kept")
    func olderDuties() throws {
        let path = scratch.databasePath
        let first = try Store(path: path, migrations: Array(Schema.migrations.prefix(3)))
        try first.database.write { db in
            try db.execute(
                sql:
                    "INSERT INTO hosts VALUES ('h1', 'cordoned', NULL), ('h2', 'draining', 5000), ('h3', 'drained', NULL)"
            )
        }
        try first.close()
        let duties = try Store(path: path).load().duties
        #expect(
            duties == ["h1": .cordoned, "h2": .draining(deadline: Timestamp(milliseconds: 5000)), "h3": .drained])
    }

    @Test("A migration that fails leaves the file at its old version, without half of the steps")
    func failedMigration() throws {
        let path = scratch.databasePath
        try Store(path: path).close()
        let broken = Schema.migrations + ["CREATE TABLE half (x INTEGER) STRICT", "CREATE TABLE homes (x INTEGER)"]
        #expect(throws: StoreError.self) { try Store(path: path, migrations: broken) }
        let store = try Store(path: path)
        #expect(try store.pragma("user_version") == "\(Schema.migrations.count)")
        #expect(try store.database.read { try $0.tableExists("half") } == false)
    }

    @Test("A database of another program is named and left as it was")
    func foreignDatabase() throws {
        let path = scratch.databasePath
        let other = try DatabaseQueue(path: path)
        try other.write { try $0.execute(sql: "CREATE TABLE recipes (x)") }
        try other.close()
        let before = try Data(contentsOf: URL(fileURLWithPath: path))
        let error = #expect(throws: StoreError.self) { try Store(path: path) }
        #expect(error?.code == .foreign)
        #expect(error?.message.contains(path) == true)
        #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == before)
    }

    @Test("A file that is no database is named")
    func noDatabase() throws {
        try Data(repeating: 65, count: 8192).write(to: URL(fileURLWithPath: scratch.databasePath))
        let error = #expect(throws: StoreError.self) { try Store(path: scratch.databasePath) }
        #expect(error?.code == .foreign)
        #expect(error?.message.contains("not an SQLite database") == true)
    }

    @Test("A directory that is missing is named")
    func missingDirectory() {
        let error = #expect(throws: StoreError.self) { try Store(path: scratch.path + "/nowhere/carrel.db") }
        #expect(error?.code == .io)
        #expect(error?.message.contains("nowhere") == true)
    }

    @Test("A second carrel on a state directory is refused with the first one's pid, until that one is gone")
    func lock() throws {
        var first: StateDirectoryLock? = try StateDirectoryLock(directory: scratch.path)
        let error = #expect(throws: StoreError.self) { try StateDirectoryLock(directory: scratch.path) }
        #expect(error?.code == .inUse)
        #expect(error?.message.contains("pid \(getpid())") == true)
        #expect(try mode(scratch.path + "/carrel.lock") == 0o600)
        withExtendedLifetime(first) {}
        first = nil
        _ = try StateDirectoryLock(directory: scratch.path)
    }
}
