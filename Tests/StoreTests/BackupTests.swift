import BrokerCore
import Foundation
import GRDB
import Testing

@testable import Store

@Suite("Backup, restore and integrity")
struct BackupTests {
    let scratch: ScratchDirectory
    init() throws { scratch = try ScratchDirectory() }

    private let folders = [SavedFolder(.keys, name: "secrets"), SavedFolder(.portals, name: "portals")]
    private var keys: String { scratch.path + "/secrets" }
    private var portals: String { scratch.path + "/portals" }
    private var target: String { scratch.path + "/copy.backup" }

    private func writeKey(_ name: String, _ text: String) throws {
        try FileManager.default.createDirectory(atPath: keys, withIntermediateDirectories: true)
        try Data(text.utf8).write(to: URL(fileURLWithPath: keys + "/" + name))
    }

    private func key(_ name: String, in directory: String) throws -> String {
        try String(contentsOf: URL(fileURLWithPath: directory + "/" + name), encoding: .utf8)
    }

    private func exists(_ path: String) -> Bool { FileManager.default.fileExists(atPath: path) }

    private func restore(_ backup: String, aside: String = "before") throws -> Bool {
        try Backup.restore(backup, into: scratch.path, file: "carrel.db", with: folders, aside: aside).keptOld
    }

    @Test("A backup is made while the broker writes, and holds what was committed before it began")
    func whileWriting() async throws {
        let store = try Store(path: scratch.databasePath)
        try store.fill(ended: 20_000)
        try await store.commit([.session(session("a", .queued(since: at(1))))])
        let writer = Task {
            var number = 0
            while !Task.isCancelled {
                try await store.commit([.session(session("w\(number)", .queued(since: at(9)), learner: "w\(number)"))])
                number += 1
            }
            return number
        }
        let summary = try Backup.make(of: scratch.databasePath, with: folders, to: target)
        writer.cancel()
        _ = try await writer.value
        #expect(summary.instance == (try store.load().instanceID))
        #expect(summary.sessions >= 20_001)
        #expect(try StateFile(path: target).problems().isEmpty)
        #expect(!exists(target + "-wal") && !exists(target + ".partial"))
        let mode = try FileManager.default.attributesOfItem(atPath: target)[.posixPermissions] as? Int
        #expect(mode == 0o600)
    }

    @Test("Progress is told, up to the last page")
    func progress() throws {
        let store = try Store(path: scratch.databasePath)
        try store.fill(ended: 100_000)
        nonisolated(unsafe) var steps: [(Int, Int)] = []
        _ = try Backup.make(of: scratch.databasePath, with: folders, to: target) { steps.append(($0, $1)) }
        #expect(steps.count > 1)
        #expect(steps.last.map { $0.0 == $0.1 } == true)
    }

    @Test("A restored broker has the sessions and the keys of the backup, and what was there is kept aside")
    func restoring() async throws {
        try writeKey("link.key", "old key")
        let store = try Store(path: scratch.databasePath)
        try await store.commit([.session(session("a", .queued(since: at(1))))])
        let instance = try store.load().instanceID
        _ = try Backup.make(of: scratch.databasePath, with: folders, to: target)

        try await store.commit([.session(session("b", .queued(since: at(2)), learner: "bob"))])
        try writeKey("link.key", "new key")
        try store.close()
        #expect(try restore(target))

        let restored = try Store(path: scratch.databasePath)
        #expect(try restored.load().sessions.map(\.id.rawValue) == ["a"])
        #expect(try restored.load().instanceID == instance)
        #expect(try key("link.key", in: keys) == "old key")
        let leftover = try await restored.database.read { try $0.tableExists("backup_keys") }
        #expect(!leftover)
        let kept = try Store(path: scratch.path + "/before/carrel.db")
        #expect(try kept.load().sessions.map(\.id.rawValue) == ["a", "b"])
        #expect(try key("link.key", in: scratch.path + "/before/secrets") == "new key")
    }

    @Test("A backup restores into a directory where nothing is")
    func restoringIntoNothing() throws {
        _ = try Store(path: scratch.databasePath).load()
        try writeKey("lab.key", "k")
        _ = try Backup.make(of: scratch.databasePath, with: folders, to: target)
        let fresh = try ScratchDirectory()
        let result = try Backup.restore(
            target, into: fresh.path, file: "carrel.db", with: folders, aside: "before")
        #expect(!result.keptOld)
        #expect(try key("lab.key", in: fresh.path + "/secrets") == "k")
        #expect(try Store(path: fresh.databasePath).load().instanceID == result.summary.instance)
    }

    @Test("What is damaged is neither backed up nor restored, and nothing is touched")
    func damage() throws {
        do {
            let store = try Store(path: scratch.databasePath)
            try store.fill(ended: 5_000)
            try store.close()
        }
        _ = try Backup.make(of: scratch.databasePath, with: folders, to: target)
        // Beyond the pages of the schema, without which a file cannot even be opened.
        try overwrite(target, at: 400_000, bytes: 60_000)
        let error = #expect(throws: StoreError.self) { try restore(target) }
        #expect(error?.code == .corrupt)
        #expect(!exists(scratch.path + "/before"))
        #expect(!exists(scratch.databasePath + ".restoring"))
        #expect(try StateFile(path: scratch.databasePath).summary().sessions == 5_000)

        try overwrite(scratch.databasePath, at: 400_000, bytes: 60_000)
        let second = scratch.path + "/second.backup"
        #expect(throws: StoreError.self) { try Backup.make(of: scratch.databasePath, with: folders, to: second) }
        #expect(!exists(second) && !exists(second + ".partial"))
        #expect(try !StateFile(path: scratch.databasePath).problems().isEmpty)
    }

    private func overwrite(_ path: String, at offset: UInt64, bytes: Int) throws {
        let file = try FileHandle(forWritingTo: URL(fileURLWithPath: path))
        try file.seek(toOffset: offset)
        try file.write(contentsOf: Data(repeating: 0xA5, count: bytes))
        try file.close()
    }

    @Test("A damaged state file is moved aside with its log, and the backup takes its place")
    func replacingDamage() async throws {
        do {
            let store = try Store(path: scratch.databasePath)
            try await store.commit([.session(session("a", .queued(since: at(1))))])
            _ = try Backup.make(of: scratch.databasePath, with: folders, to: target)
            try store.close()
        }
        try overwrite(scratch.databasePath, at: 0, bytes: 4_096)
        try Data("a log of something else".utf8).write(to: URL(fileURLWithPath: scratch.databasePath + "-wal"))
        #expect(try restore(target))
        #expect(try Store(path: scratch.databasePath).load().sessions.map(\.id.rawValue) == ["a"])
        #expect(exists(scratch.path + "/before/carrel.db-wal"))
    }

    @Test("A backup never replaces a file, and a state file is not taken for a backup")
    func refusals() throws {
        _ = try Store(path: scratch.databasePath).load()
        try Data("mine".utf8).write(to: URL(fileURLWithPath: target))
        let taken = #expect(throws: StoreError.self) {
            try Backup.make(of: scratch.databasePath, with: folders, to: target)
        }
        #expect(taken?.message.contains("there already") == true)
        #expect(try key("copy.backup", in: scratch.path) == "mine")
        let foreign = #expect(throws: StoreError.self) { try restore(target) }
        #expect(foreign?.code == .foreign)
        let plain = #expect(throws: StoreError.self) { try restore(scratch.databasePath) }
        #expect(plain?.message.contains("no backup") == true)
        let missing = #expect(throws: StoreError.self) { try restore(scratch.path + "/nowhere") }
        #expect(missing?.message.contains("No such file") == true)
        #expect(!exists(scratch.path + "/before"))
    }

    @Test(
        "A key's name does not lead out of the directory of keys",
        arguments: ["../link.key", "/etc/x.key", ".hidden.key", "link.key.draft", ".key", "a/b.key", "x\u{0}.key"])
    func names(_ name: String) { #expect(!folders[0].isName(name)) }

    @Test(
        "Nor does a portal's",
        arguments: ["../acme.yaml", "/etc/x.yaml", ".acme.yaml", "acme.yaml.draft", ".yaml", "a/b.yaml", "Acme.yaml"])
    func portalNames(_ name: String) { #expect(!folders[1].isName(name) && folders[1].isName("acme.yaml")) }

    private func writePortal(_ name: String, _ text: String) throws {
        try FileManager.default.createDirectory(atPath: portals, withIntermediateDirectories: true)
        try Data(text.utf8).write(to: URL(fileURLWithPath: portals + "/" + name))
    }

    @Test("The portals that commands have added come back, and those added since are kept aside")
    func addedPortals() throws {
        _ = try Store(path: scratch.databasePath).load()
        try writeKey("link.key", "k")
        try writePortal("acme.yaml", "old")
        try writePortal("notes.txt", "not a portal")
        _ = try Backup.make(of: scratch.databasePath, with: folders, to: target)
        try writePortal("acme.yaml", "new")
        try writePortal("later.yaml", "later")
        #expect(try restore(target))
        #expect(try FileManager.default.contentsOfDirectory(atPath: portals) == ["acme.yaml"])
        #expect(try key("acme.yaml", in: portals) == "old")
        #expect(try key("later.yaml", in: scratch.path + "/before/portals") == "later")
        #expect(try key("acme.yaml", in: scratch.path + "/before/portals") == "new")
        let tables = try StateFile(path: scratch.databasePath).problems()
        #expect(tables.isEmpty)
    }

    @Test("A backup of a version that saved no portals leaves those that there are")
    func withoutPortals() throws {
        _ = try Store(path: scratch.databasePath).load()
        try writeKey("link.key", "k")
        _ = try Backup.make(of: scratch.databasePath, with: [folders[0]], to: target)
        try writePortal("acme.yaml", "mine")
        #expect(try restore(target))
        #expect(try key("acme.yaml", in: portals) == "mine")
        #expect(!exists(scratch.path + "/before/portals"))
    }

    @Test("A backup with a forged name of a key is refused before anything is touched")
    func forgedName() throws {
        _ = try Store(path: scratch.databasePath).load()
        try writeKey("link.key", "k")
        _ = try Backup.make(of: scratch.databasePath, with: folders, to: target)
        try DatabaseQueue(path: target).write {
            try $0.execute(sql: "INSERT INTO backup_keys VALUES ('../evil.key', x'00')")
        }
        let error = #expect(throws: StoreError.self) { try restore(target) }
        #expect(error?.code == .corrupt)
        #expect(!exists(scratch.path + "/evil.key"))
        #expect(try key("link.key", in: keys) == "k")
    }

    @Test("Keys beyond their limits are no keys")
    func limits() throws {
        _ = try Store(path: scratch.databasePath).load()
        try writeKey("big.key", String(repeating: "x", count: StoreLimits.keyBytes + 1))
        #expect(throws: StoreError.self) { try Backup.make(of: scratch.databasePath, with: folders, to: target) }
        try FileManager.default.removeItem(atPath: keys)
        for number in 0...StoreLimits.keys { try writeKey("k\(number).key", "x") }
        #expect(throws: StoreError.self) { try Backup.make(of: scratch.databasePath, with: folders, to: target) }
        #expect(!exists(target) && !exists(target + ".partial"))
    }

    @Test("The check names rows that nothing but carrel can judge")
    func meaning() async throws {
        let store = try Store(path: scratch.databasePath)
        try await store.commit([
            .session(session("a", .queued(since: at(1)))), .session(session("b", .queued(since: at(1)))),
            .session(session("c", .ended(reason: .learnerEnded, at: at(2)))),
        ])
        try await store.database.write {
            try $0.execute(sql: "INSERT INTO profiles VALUES ('school', 'python', 1, 'boredom', '')")
        }
        try await store.database.writeWithoutTransaction { db in
            try db.execute(sql: "PRAGMA foreign_keys = OFF")
            try db.execute(
                sql:
                    "INSERT INTO session_events (session, at, epoch, state, reason) VALUES ('nobody', 1, 1, 'queued', '')"
            )
        }
        let problems = try StateFile(path: scratch.databasePath).problems()
        #expect(problems.contains { $0.contains("the profile of lab school/python") })
        #expect(problems.contains { $0.contains("session_events") })
        #expect(problems.contains { $0.contains("2 live sessions of lab python") })
        #expect(problems.count == 3)
    }
}
