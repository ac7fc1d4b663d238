import Broker
import BrokerCore
import Portal

extension ControlClient {
    func reserve(_ terms: ReservationTerms) async throws -> ReservationView {
        try await post("/v1/reservations", APICoding.encode(APIReserve(terms)), as: APIReservation.self).reservation
    }

    func reservations(limit: Int) async throws -> [ReservationView] {
        try await get("/v1/reservations?limit=\(limit)", as: APIReservations.self).reservations
    }

    func reservation(_ id: String) async throws -> ReservationView {
        try await get("/v1/reservations/\(Self.escape(id))", as: APIReservation.self).reservation
    }

    func cancelReservation(_ id: String) async throws -> ReservationView {
        try await post("/v1/reservations/\(Self.escape(id))/cancel", [], as: APIReservation.self).reservation
    }

    func cancelSeries(of id: String) async throws -> [ReservationID] {
        try await post("/v1/reservations/\(Self.escape(id))/cancel-series", [], as: APICancelled.self).cancelled
    }

    func attendance(of id: String) async throws -> AttendanceView {
        try await get("/v1/reservations/\(Self.escape(id))/attendance", as: APIAttendance.self).attendance
    }

    func book(
        portal: String, items: [(terms: ReservationTerms, origin: ReservationOrigin?)], skipsConflicts: Bool,
        events: [String: EventRevision] = [:], replacement: Booking.Replacement = .ask, isDryRun: Bool
    ) async throws -> BookingView {
        let body = APIBook(
            portal: portal, items: items, skipConflicts: skipsConflicts, dryRun: isDryRun, events: events,
            replacement: replacement)
        return try await post("/v1/bookings", APICoding.encode(body), as: APIBooking.self).booking
    }

    func capacity(lab: String, from: Timestamp, to: Timestamp, steps: Int) async throws -> CapacityForecast {
        let query = "lab=\(Self.escape(lab))&from=\(from.milliseconds)&to=\(to.milliseconds)&steps=\(steps)"
        return try await get("/v1/capacity?\(query)", as: APICapacity.self).capacity
    }

    func makeFeed(portal: String) async throws -> APIFeed {
        try await post("/v1/feeds", APICoding.encode(APIMakeFeed(portal: portal)), as: APIFeed.self)
    }

    func feeds() async throws -> [FeedView] { try await get("/v1/feeds", as: APIFeeds.self).feeds }

    func revokeFeed(_ id: String) async throws -> [FeedView] {
        try await post("/v1/feeds/\(Self.escape(id))/revoke", [], as: APIFeeds.self).feeds
    }
}
