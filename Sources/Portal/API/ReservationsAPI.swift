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
        switch (request.path[1], request.path.count) {
        case ("reservations", _):
            return try await reservations(request, from: sender)
        case ("bookings", 2):
            try APIRefusal.require("POST", request)
            return try await book(APIBook(body: request.body))
        case ("capacity", 2):
            return try capacity(request)
        case ("feeds", _):
            return try await feeds(request)
        default:
            throw APIRefusal.notFound(request.target)
        }
    }

    private func reservations(
        _ request: HTTPRequest, from sender: String?
    ) async throws -> any Encodable & Sendable {
        let path = request.path
        if path.count == 4 { return try await one(ReservationID(rawValue: path[2]), path[3], request, from: sender) }
        if path.count == 2, request.method == "POST" { return try await reserve(request) }
        try APIRefusal.require("GET", request)
        guard path.count < 4 else { throw APIRefusal.notFound(request.target) }
        if path.count == 3 {
            return APIReservation(reservation: try await broker.reservation(ReservationID(rawValue: path[2]), in: .all))
        }
        return try await list(request)
    }

    private func reserve(_ request: HTTPRequest) async throws -> APIReservation {
        let terms = try APIReserve(body: request.body).terms()
        return APIReservation(reservation: try await broker.reserve(terms))
    }

    private func list(_ request: HTTPRequest) async throws -> APIReservations {
        let query = try ScopedQuery(request.query)
        let limit = try APIReservations.limit(query.rest)
        return APIReservations(reservations: try await broker.reservations(in: query.scope, limit: limit))
    }

    private func capacity(_ request: HTTPRequest) throws -> APICapacity {
        try APIRefusal.require("GET", request)
        let query = try ScopedQuery(request.query)
        let question = try APICapacity.Question(query.rest)
        return APICapacity(
            capacity: try broker.forecast(
                lab: broker.labKey(question.lab, in: query.scope), from: Timestamp(milliseconds: question.from),
                to: Timestamp(milliseconds: question.to), steps: question.steps))
    }

    private func feeds(_ request: HTTPRequest) async throws -> any Encodable & Sendable {
        let path = request.path
        switch path.count {
        case 2 where request.method == "POST":
            let portal = try APIMakeFeed(body: request.body).portal
            let (feed, token) = try await broker.makeFeed(portal: portal)
            return APIFeed(feed: feed, token: token)
        case 2:
            try APIRefusal.require("GET", request)
            return APIFeeds(feeds: try await broker.feeds(in: ScopedQuery.scope(request.query)))
        case 4 where path[3] == "revoke":
            try APIRefusal.require("POST", request)
            try await broker.revokeFeed(path[2], in: .all)
            return APIFeeds(feeds: try await broker.feeds(in: .all))
        default:
            throw APIRefusal.notFound(request.target)
        }
    }

    private func one(
        _ id: ReservationID, _ verb: String, _ request: HTTPRequest, from sender: String?
    ) async throws -> any Encodable & Sendable {
        try APIRefusal.require(verb == "attendance" ? "GET" : "POST", request)
        switch verb {
        case "cancel": return try await cancel(id, from: sender)
        case "cancel-series": return try await cancelSeries(of: id, from: sender)
        case "attendance": return APIAttendance(attendance: try await broker.attendance(of: id, in: .all))
        default: throw APIRefusal.notFound(request.target)
        }
    }

    // The release build's optimizer crashes in a coroutine that these two are inlined into (Swift 6.3.1).

    @inline(never)
    private func cancel(_ id: ReservationID, from sender: String?) async throws -> APIReservation {
        APIReservation(reservation: try await broker.cancelReservation(id, in: .all, by: ControlAPI.actor(sender)))
    }

    @inline(never)
    private func cancelSeries(of id: ReservationID, from sender: String?) async throws -> APICancelled {
        APICancelled(cancelled: try await broker.cancelSeries(of: id, in: .all, by: ControlAPI.actor(sender)))
    }

    private func book(_ body: APIBook) async throws -> APIBooking {
        APIBooking(
            booking: try await broker.book(
                portal: body.portal, items: try body.reservations(), skipsConflicts: body.skipConflicts ?? false,
                events: body.revisions, replacement: body.replacement ?? .ask, isDryRun: body.dryRun ?? false))
    }
}
