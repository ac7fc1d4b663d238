import BrokerCore
import GRDB
import Testing

@testable import Store

@Suite("Addresses of calendars in the state file")
struct FeedStoreTests {
    let scratch: ScratchDirectory
    init() throws { scratch = try ScratchDirectory() }

    private func feed(_ id: String, _ byte: UInt8) -> CalendarFeed {
        CalendarFeed(
            id: id, portal: "school", tokenDigest: [UInt8](repeating: byte, count: 32), createdAt: at(Int64(byte)))
    }

    @Test("One is found by its digest, listed, and gone when it is removed")
    func lives() async throws {
        let store = try Store(path: scratch.databasePath)
        try await store.add(feed("b", 2))
        try await store.add(feed("a", 1))
        #expect(try await store.feeds(in: .all) == [feed("a", 1), feed("b", 2)])
        #expect(try await store.feed(tokenDigest: feed("b", 2).tokenDigest, in: .all) == feed("b", 2))
        #expect(try await store.feed(tokenDigest: [UInt8](repeating: 3, count: 32), in: .all) == nil)
        #expect(try await store.removeFeed("b", in: .all))
        #expect(try await store.feed(tokenDigest: feed("b", 2).tokenDigest, in: .all) == nil)
        #expect(try await store.removeFeed("b", in: .all) == false)
    }

    @Test("Two with one digest, or one of another length, cannot be stored")
    func refused() async throws {
        let store = try Store(path: scratch.databasePath)
        try await store.add(feed("a", 1))
        await #expect(throws: StoreError.self) { try await store.add(feed("b", 1)) }
        var short = feed("c", 3)
        short.tokenDigest.removeLast()
        await #expect(throws: StoreError.self) { try await store.add(short) }
        #expect(try await store.feeds(in: .all) == [feed("a", 1)])
    }

    @Test("A file from before there were any is brought up to date, with the reservations in it")
    func upgrade() async throws {
        let path = scratch.databasePath
        do {
            let old = try Store(path: path, migrations: Array(Schema.migrations[..<3]))
            try await old.database.write { db in
                try db.execute(
                    sql: """
                        INSERT INTO reservations VALUES
                            ('r1', 'school', 'python', 3, 1000, 2000, 80, 60, 30, 0, '101', 'booked', 500)
                        """)
            }
            try old.close()
        }
        let store = try Store(path: path)
        let found = try #require(try store.load().reservations.first)
        #expect(found.terms.seats == 3 && found.terms.warmPercent == 80)
        #expect(found.released == nil && found.peakSeats == 0 && found.origin == nil)
        try await store.add(feed("a", 1))
    }
}
