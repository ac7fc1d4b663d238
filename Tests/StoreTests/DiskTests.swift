import BrokerCore
import Foundation
import GRDB
import Testing

@testable import Store

@Suite("Full disks and dead processes", .serialized)
struct DiskTests {
    /// A commit of some hundred kilobytes.
    private func bigCommit(_ id: String) -> [Change] {
        [.session(session(id, .queued(since: at(1))))]
            + (0..<50).map { .story(story(id, "note", at: at($0), reason: String(repeating: "x", count: 8000))) }
    }

    /// Commits until the store is full; returns what was acknowledged.
    private func fill(_ store: Store) async throws -> (acknowledged: [String], failed: String) {
        var acknowledged: [String] = []
        for number in 0..<1000 {
            let id = "s\(number)"
            do {
                try await store.commit(bigCommit(id))
                acknowledged.append(id)
            } catch {
                #expect(error.code == .full, "\(error)")
                #expect(error.isTransient)
                #expect(error.message.contains(store.path))
                return (acknowledged, id)
            }
        }
        Issue.record("the disk was never full")
        return (acknowledged, "")
    }

    private func check(_ store: Store, holds acknowledged: [String], not failed: String) async throws {
        for id in acknowledged {
            #expect(try await store.session(SessionID(rawValue: id), in: .all) != nil)
            #expect(try await store.story(of: SessionID(rawValue: id), in: .all).count == 50)
        }
        #expect(try await store.session(SessionID(rawValue: failed), in: .all) == nil)
        #expect(try await store.story(of: SessionID(rawValue: failed), in: .all).isEmpty)
        #expect(try store.pragma("integrity_check") == "ok")
    }

    @Test("A file at its size limit refuses whole commits, and goes on when the limit is lifted")
    func pageLimit() async throws {
        let scratch = try ScratchDirectory()
        let store = try Store(path: scratch.databasePath)
        _ = try store.pragma("max_page_count = 500")
        let (acknowledged, failed) = try await fill(store)
        #expect(!acknowledged.isEmpty)
        try await check(store, holds: acknowledged, not: failed)
        _ = try store.pragma("max_page_count = 100000")
        try await store.commit(bigCommit(failed))
        try await check(store, holds: acknowledged + [failed], not: "nobody")
    }

    @Test(
        "A full disk refuses whole commits, keeps every acknowledged one, and goes on when there is space",
        .enabled(if: SmallDisk.isAvailable, "needs root and tmpfs"))
    func fullDisk() async throws {
        let disk = try SmallDisk(megabytes: 6)
        let store = try Store(path: disk.path + "/carrel.db")
        let ballast = disk.path + "/ballast"
        try Data(count: 2 << 20).write(to: URL(fileURLWithPath: ballast))
        let (acknowledged, failed) = try await fill(store)
        #expect(!acknowledged.isEmpty)
        try await check(store, holds: acknowledged, not: failed)
        let small = await #expect(throws: StoreError.self) {
            // A small change is refused like any other; it may still fit into the log's last page.
            for second in 0..<100_000 {
                try await store.commit([
                    .session(session(acknowledged[0], .queued(since: at(1)), lastActivity: at(Int64(second))))
                ])
            }
        }
        #expect(small?.code == .full)
        try FileManager.default.removeItem(atPath: ballast)
        try await store.commit(bigCommit(failed))
        try await check(store, holds: acknowledged + [failed], not: "nobody")
        try store.close()
        let again = try Store(path: disk.path + "/carrel.db")
        try await check(again, holds: acknowledged + [failed], not: "nobody")
        try again.close()
    }

    @Test("A new file on a full disk is a clear error", .enabled(if: SmallDisk.isAvailable, "needs root and tmpfs"))
    func newFileOnFullDisk() async throws {
        let disk = try SmallDisk(megabytes: 1)
        let ballast = disk.path + "/ballast"
        try Data().write(to: URL(fileURLWithPath: ballast))
        let file = try #require(FileHandle(forWritingAtPath: ballast))
        // Writes as much as fits.
        _ = try? file.write(contentsOf: Data(count: 1 << 20))
        try file.close()
        let error = #expect(throws: StoreError.self) { try Store(path: disk.path + "/carrel.db") }
        #expect(error?.code == .full, "\(String(describing: error))")
        try FileManager.default.removeItem(atPath: ballast)
        try Store(path: disk.path + "/carrel.db").close()
    }

    @Test("Every acknowledged commit of a process that is killed is there afterwards, and no half of another")
    func killed() async throws {
        let scratch = try ScratchDirectory()
        let path = scratch.path
        await #expect(processExitsWith: .signal(SIGKILL)) { [path = path as String] in
            let store = try Store(path: path + "/carrel.db")
            let acknowledgements = open(path + "/acknowledged", O_CREAT | O_WRONLY | O_APPEND, 0o600)
            for number in 0..<200 {
                let id = "s\(number)"
                // The last commits are in progress when the process dies.
                if number == 150 {
                    Thread.detachNewThread { kill(getpid(), SIGKILL) }
                }
                try await store.commit([
                    .session(session(id, .queued(since: at(1)))), .story(story(id, "queued", at: at(1))),
                ])
                let line = Array("\(id)\n".utf8)
                _ = write(acknowledgements, line, line.count)
            }
            kill(getpid(), SIGKILL)
        }
        let lines = try String(contentsOfFile: path + "/acknowledged", encoding: .utf8).split(separator: "\n")
        #expect(lines.count >= 150)
        let store = try Store(path: scratch.databasePath)
        let stored = try store.load().sessions.map(\.id)
        #expect(Set(lines.map { SessionID(rawValue: String($0)) }).isSubset(of: stored))
        for id in stored { #expect(try await store.story(of: id, in: .all).count == 1) }
    }
}

/// A tmpfs of a few megabytes, mounted for one test.
final class SmallDisk: Sendable {
    let path: String
    private let scratch: ScratchDirectory

    static let isAvailable: Bool = {
        guard geteuid() == 0, let disk = try? SmallDisk(megabytes: 1) else { return false }
        return withExtendedLifetime(disk) { true }
    }()

    init(megabytes: Int) throws {
        scratch = try ScratchDirectory()
        path = scratch.path
        guard mount("tmpfs", path, "tmpfs", 0, "size=\(megabytes)m") == 0 else {
            throw StoreError(code: .io, message: "cannot mount a tmpfs: \(String(cString: strerror(errno)))")
        }
    }

    deinit { umount2(path, Int32(MNT_DETACH)) }
}
