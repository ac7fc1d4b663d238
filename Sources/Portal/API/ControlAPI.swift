import Broker
import BrokerCore
import EventLoop
import Foundation
import HTTPTransport
import HTTPWire
import Metrics
import Store

/// The JSON API of `control.sock`.
///
/// | method and path | body | answer |
/// |---|---|---|
/// | `GET /v1/status` | | `APIStatus` |
/// | `POST /v1/reload` | | `APIReload` |
/// | `GET /v1/hosts` | | `APIHosts` |
/// | `GET /v1/hosts/NAME` | | `HostDetailsView` |
/// | `POST /v1/hosts/NAME/cordon`, `…/uncordon` | | `APIHost` |
/// | `POST /v1/hosts/NAME/drain` | `APIDrain` or nothing | `APIHost` |
/// | `POST /v1/hosts` | `APIHostAdd` | `APIHost` |
/// | `POST /v1/hosts/NAME/set` | `APIHostSet` | `APIHost` |
/// | `POST /v1/hosts/NAME/remove` | `APIHostRemove` or nothing | `APIHostRemoved` |
/// | `POST /v1/hosts/NAME/lost` | | `HostLossView` |
/// | `GET /v1/drain` | | `APIRollingDrain` |
/// | `POST /v1/drain` | `APIRollingDrainStart` | `APIRollingDrain` |
/// | `GET /v1/portals` | | `APIPortals` |
/// | `POST /v1/portals` | `APIPortalSettings` | `APIPortal` |
/// | `POST /v1/portals/NAME/set` | `APIPortalChange` | `APIPortal` |
/// | `POST /v1/portals/NAME/remove` | `APIPortalRemove` or nothing | `APIPortals`: those that are left |
/// | `POST /v1/sign-outs` | `APISignOut` | `APISignedOut` |
/// | `GET /v1/labs?portal=` | | `APILabs` |
/// | `GET /v1/labs/NAME?portal=` | | `APILab` |
/// | `POST /v1/labs/NAME/prepull?portal=` | `APIPrepull` or nothing | `APILab` |
/// | `GET /v1/sessions?portal=&state=&host=&learner=&lab=&course=&live=&limit=` | | `APISessions` |
/// | `GET /v1/sessions/ID` | | `APISession` |
/// | `POST /v1/sessions/ID/end` | `APIEnd` or nothing | `APISession` |
/// | `POST /v1/sessions/ID/cancel-end` | | `APISession` |
/// | `POST /v1/sessions/ID/park` | `APIPark` or nothing | `APISession` |
/// | `POST /v1/sessions/ID/extend` | `APIExtend` | `APISession` |
/// | `GET /v1/sessions/ID/explain` | | `APIExplanation` |
/// | `GET /v1/reservations?portal=&limit=` | | `APIReservations` |
/// | `POST /v1/reservations` | `APIReserve` | `APIReservation` |
/// | `GET /v1/reservations/ID` | | `APIReservation` |
/// | `POST /v1/reservations/ID/cancel` | | `APIReservation` |
/// | `POST /v1/reservations/ID/cancel-series` | | `APICancelled` |
/// | `GET /v1/reservations/ID/attendance` | | `APIAttendance` |
/// | `POST /v1/bookings` | `APIBook` | `APIBooking` |
/// | `GET /v1/capacity?portal=&lab=&from=&to=&steps=` | | `APICapacity` |
/// | `GET /v1/feeds?portal=` | | `APIFeeds` |
/// | `POST /v1/feeds` | `APIMakeFeed` | `APIFeed` |
/// | `POST /v1/feeds/ID/revoke` | | `APIFeeds` |
/// | `GET /v1/pools?portal=` | | `APIPools` |
/// | `POST /v1/pools` | `APIPool` | `APIPools`: the one that was changed |
/// | `GET /metrics` | | numbers in the text format of Prometheus |
///
/// `ID` may be the beginning of an identifier if no other begins so. Failures are `APIFailure`.
@ControlLoop
final class ControlAPI {
    let broker: Broker
    private let version: String
    private let metrics: @ControlLoop () async -> MetricsText
    private let reload: @ControlLoop () async -> APIReload
    private let reservations: ReservationsAPI
    private let users = SystemUsers()
    private let startedAt = Timestamp.now
    private(set) weak var keeper: (any PortalKeeper)?

    init(
        broker: Broker, version: String, metrics: @escaping @ControlLoop () async -> MetricsText,
        reload: @escaping @ControlLoop () async -> APIReload, keeper: (any PortalKeeper)?
    ) {
        self.keeper = keeper
        self.reload = reload
        self.broker = broker
        self.version = version
        self.metrics = metrics
        reservations = ReservationsAPI(broker: broker)
    }

    func answer(_ request: HTTPRequest) async -> HTTPResponse {
        guard request.method != "GET" else { return await answer(request, from: nil) }
        let sender = await users.sender(of: request)
        let response = await answer(request, from: sender)
        broker.record(
            act: "\(request.method) \(request.target.prefix(200))", by: sender ?? "unknown", status: response.status)
        return response
    }

    private func answer(_ request: HTTPRequest, from sender: String?) async -> HTTPResponse {
        do {
            if request.path == ["metrics"] {
                try APIRefusal.require("GET", request)
                return HTTPResponse(
                    status: 200, fields: ["Content-Type": MetricsText.mediaType, "Cache-Control": "no-store"],
                    body: .bytes(Array(await metrics().text.utf8)))
            }
            return json(try await route(request, from: sender), status: 200)
        } catch let failure as APIRefusal {
            return json(failure.body, status: failure.status)
        } catch let error as BrokerError {
            return json(APIFailure(code: error.code.rawValue, message: error.message), status: error.status)
        } catch {
            return json(APIFailure(code: "internal", message: "\(error)"), status: 500)
        }
    }

    private func route(_ request: HTTPRequest, from sender: String?) async throws -> any Encodable & Sendable {
        let path = request.path
        guard path.first == "v1", path.count >= 2 else { throw APIRefusal.notFound(request.target) }
        switch (path[1], path.count) {
        case ("status", 2):
            try APIRefusal.require("GET", request)
            return try await status()
        case ("reload", 2):
            try APIRefusal.require("POST", request)
            return await reload()
        case ("hosts", _):
            return try await hosts(request, from: sender)
        case ("drain", 2):
            return try await rollingDrain(request, from: sender)
        case ("portals", _):
            return try await portals(request)
        case ("sign-outs", 2):
            try APIRefusal.require("POST", request)
            let wish = try APISignOut(body: request.body)
            return APISignedOut(
                portal: wish.portal, learner: wish.learner, closed: try await broker.revoke(wish.target))
        case ("labs", _):
            return try labs(request)
        case ("sessions", 2):
            try APIRefusal.require("GET", request)
            let query = try ScopedQuery(request.query)
            return APISessions(
                sessions: try await broker.sessions(SessionQuery(query: query.rest), in: query.scope))
        case ("sessions", 3):
            try APIRefusal.require("GET", request)
            return try await session(path[2])
        case ("sessions", 4) where path[3] == "end":
            try APIRefusal.require("POST", request)
            return try await endSession(path[2], request, from: sender)
        case ("sessions", 4) where path[3] == "cancel-end":
            try APIRefusal.require("POST", request)
            let id = try await broker.resolve(path[2], in: .all)
            if let actor = Self.actor(sender) { broker.remark("\(actor) takes its announced end back.", on: id) }
            return APISession(session: try await broker.cancelEnd(id), story: try await broker.story(of: id, in: .all))
        case ("sessions", 4) where path[3] == "park":
            try APIRefusal.require("POST", request)
            return try await parkSession(path[2], request, from: sender)
        case ("sessions", 4) where path[3] == "extend":
            try APIRefusal.require("POST", request)
            return try await extendSession(path[2], request, from: sender)
        case ("sessions", 4) where path[3] == "explain":
            try APIRefusal.require("GET", request)
            let id = try await broker.resolve(path[2], in: .all)
            return APIExplanation(explanation: try await broker.explain(id, in: .all))
        case ("reservations", _), ("bookings", 2), ("capacity", 2), ("feeds", _):
            return try await reservations.answer(request, from: sender)
        case ("pools", 2) where request.method == "POST":
            return try await changePool(APIPool(body: request.body))
        case ("pools", 2):
            try APIRefusal.require("GET", request)
            return APIPools(pools: broker.pools(in: try ScopedQuery.scope(request.query)))
        default:
            throw APIRefusal.notFound(request.target)
        }
    }

    /// How stories name the sender of a request.
    static func actor(_ sender: String?) -> String? { sender.map { "The operator \($0)" } }

    private func changePool(_ change: APIPool) async throws -> APIPools {
        if change.reset == true {
            return APIPools(pools: try await broker.resetPool(change.key).map { [$0] } ?? [])
        }
        return APIPools(pools: [try await broker.setPool(change.changed(broker.poolSpec(of: change.key)))])
    }

    private func status() async throws -> APIStatus {
        // Every queued session has the length of the queue.
        let first = SessionQuery(state: SessionState.Name.queued.rawValue, limit: 1)
        let queued = try await broker.sessions(first, in: .all).first
        return APIStatus(
            version: version, processId: getpid(), instance: broker.instance, startedAt: startedAt,
            hosts: broker.hosts(),
            queued: queued?.queueLength ?? 0)
    }

    private func session(_ prefix: String) async throws -> APISession {
        let id = try await broker.resolve(prefix, in: .all)
        return APISession(session: try await broker.view(id, in: .all), story: try await broker.story(of: id, in: .all))
    }

    private func endSession(_ prefix: String, _ request: HTTPRequest, from sender: String?) async throws -> APISession {
        let end = try APIEnd(body: request.body)
        let (note, notice) = (try end.checkedNote(), try end.notice())
        let id = try await broker.resolve(prefix, in: .all)
        if let actor = Self.actor(sender) { broker.remark("\(actor) ends it.", on: id) }
        let view = try await broker.announceEnd(id, in: notice, note: note)
        return APISession(session: view, story: try await broker.story(of: id, in: .all))
    }

    private func parkSession(_ prefix: String, _ request: HTTPRequest, from sender: String?) async throws -> APISession
    {
        let note = try APIPark(body: request.body).checkedNote()
        let id = try await broker.resolve(prefix, in: .all)
        if let actor = Self.actor(sender) { broker.remark("\(actor) parks it.", on: id) }
        let view = try await broker.park(id, note: note)
        return APISession(session: view, story: try await broker.story(of: id, in: .all))
    }

    private func extendSession(_ prefix: String, _ request: HTTPRequest, from sender: String?) async throws
        -> APISession
    {
        let more = try APIExtend(body: request.body).checked(from: sender)
        let id = try await broker.resolve(prefix, in: .all)
        let view = try await broker.extend(id, more)
        return APISession(session: view, story: try await broker.story(of: id, in: .all))
    }

    private func json(_ value: any Encodable & Sendable, status: Int) -> HTTPResponse {
        HTTPResponse(
            status: status, fields: ["Content-Type": "application/json", "Cache-Control": "no-store"],
            body: .bytes(APICoding.encode(value) + [UInt8(ascii: "\n")]))
    }
}
