import Broker
import BrokerCore
import Identity
import Portal
import Text

extension ControlClient {
    func reserve(_ terms: ReservationTerms) async throws -> ReservationView {
        try await post("/v1/reservations", APICoding.encode(APIReserve(terms)), as: APIReservation.self).reservation
    }

    func reservations(of portal: PortalID?, limit: Int) async throws -> [ReservationView] {
        let query = Self.query([("portal", portal?.rawValue), ("limit", String(limit))])
        return try await get("/v1/reservations" + query, as: APIReservations.self).reservations
    }

    func reservation(_ id: String) async throws -> ReservationView {
        try await get("/v1/reservations/\(PercentEncoding.encode(id))", as: APIReservation.self).reservation
    }

    func cancelReservation(_ id: String) async throws -> ReservationView {
        try await post("/v1/reservations/\(PercentEncoding.encode(id))/cancel", [], as: APIReservation.self).reservation
    }

    func cancelSeries(of id: String) async throws -> [ReservationID] {
        try await post("/v1/reservations/\(PercentEncoding.encode(id))/cancel-series", [], as: APICancelled.self)
            .cancelled
    }

    func attendance(of id: String) async throws -> AttendanceView {
        try await get("/v1/reservations/\(PercentEncoding.encode(id))/attendance", as: APIAttendance.self).attendance
    }

    func book(
        portal: PortalID, items: [(terms: ReservationTerms, origin: ReservationOrigin?)], skipsConflicts: Bool,
        events: [String: EventRevision] = [:], replacement: Booking.Replacement = .ask, isDryRun: Bool
    ) async throws -> BookingView {
        let body = APIBook(
            portal: portal, items: items, skipConflicts: skipsConflicts, dryRun: isDryRun, events: events,
            replacement: replacement)
        return try await post("/v1/bookings", APICoding.encode(body), as: APIBooking.self).booking
    }

    func capacity(of lab: LabKey, from: Timestamp, to: Timestamp, steps: Int) async throws -> CapacityForecast {
        let query = Self.query([
            ("portal", lab.portal.rawValue), ("lab", lab.name), ("from", String(from.milliseconds)),
            ("to", String(to.milliseconds)), ("steps", String(steps)),
        ])
        return try await get("/v1/capacity" + query, as: APICapacity.self).capacity
    }

    func makeFeed(portal: PortalID) async throws -> APIFeed {
        try await post("/v1/feeds", APICoding.encode(APIMakeFeed(portal: portal)), as: APIFeed.self)
    }

    func feeds(of portal: PortalID?) async throws -> [FeedView] {
        try await get("/v1/feeds" + Self.query([("portal", portal?.rawValue)]), as: APIFeeds.self).feeds
    }

    func revokeFeed(_ id: String) async throws -> [FeedView] {
        try await post("/v1/feeds/\(PercentEncoding.encode(id))/revoke", [], as: APIFeeds.self).feeds
    }
}
