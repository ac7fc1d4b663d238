import BrokerCore
import Foundation
import GRDB
import Identity
import SeededRandom
import Testing

@testable import Store

@Suite("Damaged state files")
struct DamageTests {
    let scratch: ScratchDirectory
    init() throws { scratch = try ScratchDirectory() }

    private static let seed: UInt64 = 7

    /// A file with rows in every table that a broker reads at startup.
    private func soundFile() async throws -> Data {
        let store = try Store(path: scratch.databasePath)
        try store.fill(ended: 1_000)
        let live = (0..<200).map { session("live\($0)", everyState[$0 % 8], learner: "l\($0)") }
        let grants = live.map { AccessGrant(session: $0.id, tokenDigest: CommitTests.digest(1), createdAt: at(1)) }
        let pool = LabKey(portal: "school", name: "python")
        try await store.commit(
            live.map(Change.session) + live.map { .story(story($0.id.rawValue, "queued", at: at(1))) }
                + [
                    .duty(host: "h1", .draining(deadline: at(99))), .home(portal: "school", learner: "ada", host: "h1"),
                    .pool(PoolSpec(key: pool, minimum: 1, maximum: 2, perHost: 1)),
                ], grants: grants)
        try store.close()
        return try Data(contentsOf: URL(fileURLWithPath: scratch.databasePath))
    }

    /// Copies that are truncated at many places, with pages zeroed, and with single bits and short stretches changed.
    private func damagedCopies(of whole: Data) -> [(how: String, Data)] {
        var random = SplitMix64(seed: Self.seed)
        let pages = whole.count / 4096
        var copies: [(String, Data)] = []
        for _ in 0..<15 {
            let length = Int.random(in: 200..<whole.count, using: &random)
            copies.append(("cut off at \(length)", whole.prefix(length)))
        }
        for _ in 0..<30 {
            let page = Int.random(in: 1..<pages, using: &random)
            var copy = whole
            copy.replaceSubrange(page * 4096..<(page + 1) * 4096, with: Data(count: 4096))
            copies.append(("page \(page + 1) wiped", copy))
        }
        for _ in 0..<120 {
            // The first bytes of a page contain its type and the positions of its rows.
            let offset = Int.random(in: 0..<pages, using: &random) * 4096 + Int.random(in: 0..<32, using: &random)
            var copy = whole
            copy[offset] ^= 1 << UInt8.random(in: 0..<8, using: &random)
            copies.append(("a bit changed at \(offset)", copy))
        }
        for _ in 0..<60 {
            let offset = Int.random(in: 0..<whole.count - 64, using: &random)
            var copy = whole
            for index in offset..<offset + Int.random(in: 1..<64, using: &random) {
                copy[index] = UInt8.random(in: 0...255, using: &random)
            }
            copies.append(("a stretch changed at \(offset)", copy))
        }
        return copies
    }

    /// The verdict of SQLite itself, without any of our code.
    private func isFoundDamaged(_ path: String) -> Bool {
        var configuration = Configuration()
        configuration.readonly = true
        do {
            let findings = try DatabaseQueue(path: path, configuration: configuration).unsafeRead {
                try String.fetchAll($0, sql: "PRAGMA quick_check")
            }
            return findings != ["ok"]
        } catch {
            return true
        }
    }

    @Test("No copy in which SQLite finds damage is served; each is refused with what to do next, and left as it was")
    func copies() async throws {
        let whole = try await soundFile()
        let path = scratch.path + "/damaged.db"
        var refused = 0
        for (how, copy) in damagedCopies(of: whole) {
            for suffix in ["", "-wal", "-shm"] { unlink(path + suffix) }
            try copy.write(to: URL(fileURLWithPath: path))
            guard isFoundDamaged(path) else { continue }
            refused += 1
            let error = #expect(throws: StoreError.self, "\(how), seed \(Self.seed)") { try Store(path: path) }
            #expect(error?.isTransient == false, "\(how): \(String(describing: error))")
            #expect(error?.message.contains(path) == true)
            if error?.code == .corrupt { #expect(error?.message.contains("carrel restore") == true) }
            #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == copy, "\(how): the file was changed")
        }
        // SQLite cannot detect every changed bit, but it detects most of these.
        #expect(refused > 100)
    }

    @Test("A sound file is opened with everything in it, and so is one in which nothing was ever stored")
    func soundFiles() async throws {
        try Store(path: scratch.path + "/new.db").close()
        _ = try await soundFile()
        #expect(try Store(path: scratch.databasePath).load().sessions.count > 100)
    }

    @Test("A file beyond the size up to which files are checked is opened, and `carrel integrity` finds its damage")
    func tooLarge() async throws {
        var copy = try await soundFile()
        // The last page belongs to a table or an index that is not read before the migrations are done.
        copy.replaceSubrange(copy.count - 4096..<copy.count, with: Data(count: 4096))
        let path = scratch.path + "/damaged.db"
        try copy.write(to: URL(fileURLWithPath: path))
        #expect(throws: StoreError.self) { try Store(path: path, checkedBytes: Int64(copy.count)) }
        try Store(path: path, checkedBytes: Int64(copy.count) - 1).close()
        #expect(try !StateFile(path: path).problems().isEmpty)
    }
}
