import BrokerCore
import Identity
import Store
import TLS

extension Broker {
    /// Creates a secret address at which a portal's reservations can be read as a calendar.
    ///
    /// - Returns: the token of the address. It is not stored; only its digest is.
    public func makeFeed(portal: PortalID) async throws(BrokerError) -> (feed: FeedView, token: String) {
        if let problem = core.problem(with: portal) { throw BrokerError(Refusal.badTerms(problem)) }
        let token = Base64URL.encode(SecureRandom.bytes(Broker.feedTokenBytes))
        let feed = CalendarFeed(
            id: SecureRandom.slug(length: Broker.reservationIDLength), portal: portal,
            tokenDigest: SHA256.digest(token).bytes, createdAt: now)
        do {
            guard try await store.feeds(in: .all).count < BrokerLimits.calendarFeeds else {
                throw BrokerError(DriverRefusal.feedLimit(BrokerLimits.calendarFeeds))
            }
            try await store.add(feed)
        } catch let error as StoreError {
            throw BrokerError(error)
        } catch let error as BrokerError {
            throw error
        } catch {
            throw BrokerError(.storage, "\(error)")
        }
        return (FeedView(feed), token)
    }

    /// 256 bits.
    static let feedTokenBytes = 32

    /// Oldest first.
    public func feeds(in scope: Scope) async throws(BrokerError) -> [FeedView] {
        do { return try await store.feeds(in: scope).map(FeedView.init) } catch { throw BrokerError(error) }
    }

    /// Revokes a feed: its address stops working at once.
    public func revokeFeed(_ id: String, in scope: Scope) async throws(BrokerError) {
        let wasThere: Bool
        do { wasThere = try await store.removeFeed(id, in: scope) } catch { throw BrokerError(error) }
        guard wasThere else { throw BrokerError(DriverRefusal.unknownFeed(id)) }
    }

    /// The portal whose reservations an address shows; `nil` if there is no such address in the scope.
    public func portal(ofFeed token: String, in scope: Scope) async throws(BrokerError) -> PortalID? {
        // Our tokens have 43 characters; a longer one cannot be ours.
        guard token.utf8.count <= 64 else { return nil }
        do { return try await store.feed(tokenDigest: SHA256.digest(token).bytes, in: scope)?.portal } catch {
            throw BrokerError(error)
        }
    }
}

/// A calendar feed's record, without its token.
public struct FeedView: Hashable, Sendable, Codable {
    public var id: String
    public var portal: PortalID
    public var createdAt: Timestamp

    init(_ feed: CalendarFeed) {
        id = feed.id
        portal = feed.portal
        createdAt = feed.createdAt
    }
}
