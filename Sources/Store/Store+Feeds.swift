import BrokerCore
import Foundation
import GRDB

/// An address from which a portal's reservations can be read as a calendar.
public struct CalendarFeed: Hashable, Sendable {
    public var id: String
    public var portal: String
    /// The SHA-256 of the token in the address: 32 bytes. The token itself is never stored.
    public var tokenDigest: [UInt8]
    public var createdAt: Timestamp

    public init(id: String, portal: String, tokenDigest: [UInt8], createdAt: Timestamp) {
        self.id = id
        self.portal = portal
        self.tokenDigest = tokenDigest
        self.createdAt = createdAt
    }
}

extension Store {
    private static let feedColumns = "id, portal, token_digest, created_at"

    public func add(_ feed: CalendarFeed) async throws(StoreError) {
        try await write("store a calendar's address") { db in
            try db.cachedStatement(sql: "INSERT INTO calendar_feeds (\(Self.feedColumns)) VALUES (?, ?, ?, ?)")
                .execute(arguments: [feed.id, feed.portal, Data(feed.tokenDigest), feed.createdAt.milliseconds])
        }
    }

    /// All calendar feeds, oldest first.
    public func feeds() async throws(StoreError) -> [CalendarFeed] {
        try await read("list the addresses of calendars") { db in
            try Row.fetchAll(db, sql: "SELECT \(Self.feedColumns) FROM calendar_feeds ORDER BY created_at, id")
                .map(Self.feed)
        }
    }

    public func feed(tokenDigest: [UInt8]) async throws(StoreError) -> CalendarFeed? {
        try await read("look up a calendar's address") { db in
            try Row.fetchOne(
                db, sql: "SELECT \(Self.feedColumns) FROM calendar_feeds WHERE token_digest = ?",
                arguments: [Data(tokenDigest)]
            ).map(Self.feed)
        }
    }

    /// - Returns: whether the feed existed.
    public func removeFeed(_ id: String) async throws(StoreError) -> Bool {
        let known = try await feeds().contains { $0.id == id }
        try await write("remove a calendar's address") { db in
            try db.cachedStatement(sql: "DELETE FROM calendar_feeds WHERE id = ?").execute(arguments: [id])
        }
        return known
    }

    private static func feed(_ row: Row) -> CalendarFeed {
        let digest: Data = row[2]
        return CalendarFeed(
            id: row[0], portal: row[1], tokenDigest: [UInt8](digest), createdAt: Timestamp(milliseconds: row[3]))
    }
}
