import BrokerCore
import Foundation
import GRDB
import Identity

/// An address from which a portal's reservations can be read as a calendar.
public struct CalendarFeed: Hashable, Sendable {
    public var id: String
    public var portal: PortalID
    /// The SHA-256 of the token in the address: 32 bytes. The token itself is never stored.
    public var tokenDigest: [UInt8]
    public var createdAt: Timestamp

    public init(id: String, portal: PortalID, tokenDigest: [UInt8], createdAt: Timestamp) {
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
                .execute(arguments: [
                    feed.id, feed.portal.rawValue, Data(feed.tokenDigest), feed.createdAt.milliseconds,
                ])
        }
    }

    /// The calendar feeds of the scope, oldest first.
    public func feeds(in scope: Scope) async throws(StoreError) -> [CalendarFeed] {
        try await read("list the addresses of calendars") { db in
            try Row.fetchAll(
                db,
                sql:
                    "SELECT \(Self.feedColumns) FROM calendar_feeds WHERE true\(scope.condition) ORDER BY created_at, id",
                arguments: scope.arguments
            ).map(Self.feed)
        }
    }

    public func feed(tokenDigest: [UInt8], in scope: Scope) async throws(StoreError) -> CalendarFeed? {
        try await read("look up a calendar's address") { db in
            try Row.fetchOne(
                db,
                sql: "SELECT \(Self.feedColumns) FROM calendar_feeds WHERE token_digest = ?\(scope.condition)",
                arguments: [Data(tokenDigest)] + scope.arguments
            ).map(Self.feed)
        }
    }

    /// - Returns: whether there was a feed with that identifier in the scope.
    public func removeFeed(_ id: String, in scope: Scope) async throws(StoreError) -> Bool {
        let known = try await feeds(in: scope).contains { $0.id == id }
        guard known else { return false }
        try await write("remove a calendar's address") { db in
            try db.cachedStatement(sql: "DELETE FROM calendar_feeds WHERE id = ?").execute(arguments: [id])
        }
        return true
    }

    private static func feed(_ row: Row) -> CalendarFeed {
        let digest: Data = row[2]
        return CalendarFeed(
            id: row[0], portal: PortalID(rawValue: row[1]), tokenDigest: [UInt8](digest),
            createdAt: Timestamp(milliseconds: row[3]))
    }
}
