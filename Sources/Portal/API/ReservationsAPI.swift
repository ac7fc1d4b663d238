import Broker
import BrokerCore
import EventLoop
import HTTPTransport

/// The calls of the JSON API about reservations; `ControlAPI` has the table.
@ControlLoop
struct ReservationsAPI {
    let broker: Broker

    /// - Parameter sender: the system user who sent the request; `nil` if unknown.
    func answer(_ request: HTTPRequest, from sender: String?) async throws -> any Encodable & Sendable {
        let path = request.path
        switch (path[1], path.count) {
        case ("reservations", 2) where request.method == "POST":
            return APIReservation(reservation: try await broker.reserve(APIReserve(body: request.body).terms()))
        case ("reservations", 2):
            try APIRefusal.require("GET", request)
            return APIReservations(
                reservations: try await broker.reservations(limit: APIReservations.limit(request.query)))
        case ("reservations", 3):
            try APIRefusal.require("GET", request)
            return APIReservation(reservation: try await broker.reservation(ReservationID(rawValue: path[2])))
        case ("reservations", 4):
            return try await one(ReservationID(rawValue: path[2]), path[3], request, from: sender)
        case ("bookings", 2):
            try APIRefusal.require("POST", request)
            return try await book(APIBook(body: request.body))
        case ("capacity", 2):
            try APIRefusal.require("GET", request)
            let question = try APICapacity.Question(request.query)
            return APICapacity(
                capacity: try broker.forecast(
                    lab: question.lab, from: Timestamp(milliseconds: question.from),
                    to: Timestamp(milliseconds: question.to), steps: question.steps))
        case ("feeds", 2) where request.method == "POST":
            let (feed, token) = try await broker.makeFeed(portal: APIMakeFeed(body: request.body).portal)
            return APIFeed(feed: feed, token: token)
        case ("feeds", 2):
            try APIRefusal.require("GET", request)
            return APIFeeds(feeds: try await broker.feeds())
        case ("feeds", 4) where path[3] == "revoke":
            try APIRefusal.require("POST", request)
            try await broker.revokeFeed(path[2])
            return APIFeeds(feeds: try await broker.feeds())
        default:
            throw APIRefusal.notFound(request.target)
        }
    }

    private func one(
        _ id: ReservationID, _ verb: String, _ request: HTTPRequest, from sender: String?
    ) async throws -> any Encodable & Sendable {
        let who = sender.map { "The operator \($0)" }
        try APIRefusal.require(verb == "attendance" ? "GET" : "POST", request)
        switch verb {
        case "cancel": return APIReservation(reservation: try await broker.cancelReservation(id, by: who))
        case "cancel-series": return APICancelled(cancelled: try await broker.cancelSeries(of: id, by: who))
        case "attendance": return APIAttendance(attendance: try await broker.attendance(of: id))
        default: throw APIRefusal.notFound(request.target)
        }
    }

    private func book(_ body: APIBook) async throws -> APIBooking {
        APIBooking(
            booking: try await broker.book(
                portal: body.portal, items: try body.reservations(), skipsConflicts: body.skipConflicts ?? false,
                events: body.revisions, replacement: body.replacement ?? .ask, isDryRun: body.dryRun ?? false))
    }
}
