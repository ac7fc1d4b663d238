import Broker
import BrokerCore
import Configuration
import EventLoop
import HTTPTransport
import Identity
import Portal
import Text
import Words

/// Talks to the running broker over the control socket of its state directory.
@ControlLoop
final class ControlClient {
    /// The timeout of an answer; ending a session or draining a host waits only for the database.
    static let timeout = Duration.seconds(30)
    /// Bytes of an answer; 10,000 sessions take about 6 MiB.
    static let answerLimit = 64 << 20

    private let socket: String
    private let client = HTTPClient(tls: nil)

    init(socket: String) { self.socket = socket }

    /// The client for this configuration's broker. Only `state` is read, so that a mistake elsewhere in the file, which
    /// the broker has not loaded, does not prevent queries.
    convenience init(_ option: ConfigurationOption) throws {
        let path = try option.resolvedPath()
        do {
            self.init(socket: try Configuration.stateDirectory(contentsOf: path) + "/control.sock")
        } catch {
            throw CommandFailure(ConfigurationOption.explain(error))
        }
    }

    func reload() async throws -> APIReload { try await post("/v1/reload", [], as: APIReload.self) }

    func hosts() async throws -> [HostView] {
        try await get("/v1/hosts", as: APIHosts.self).hosts
    }

    func cordon(_ host: String) async throws {
        _ = try await post("/v1/hosts/\(PercentEncoding.encode(host))/cordon", [], as: APIHost.self)
    }

    func uncordon(_ host: String) async throws {
        _ = try await post("/v1/hosts/\(PercentEncoding.encode(host))/uncordon", [], as: APIHost.self)
    }

    /// - Parameter withoutNotice: sessions may end with less than the usual notice.
    func drain(_ host: String, deadline: Duration?, withoutNotice: Bool = false) async throws -> HostView {
        let body = APICoding.encode(
            APIDrain(
                deadlineSeconds: deadline.map { Int($0.components.seconds) },
                withoutNotice: withoutNotice ? true : nil))
        return try await post("/v1/hosts/\(PercentEncoding.encode(host))/drain", body, as: APIHost.self).host
    }

    func host(_ name: String) async throws -> HostDetailsView {
        try await get("/v1/hosts/\(PercentEncoding.encode(name))", as: HostDetailsView.self)
    }

    func labs(of portal: PortalID?) async throws -> [LabView] {
        try await get("/v1/labs" + Self.query([("portal", portal?.rawValue)]), as: APILabs.self).labs
    }

    func lab(_ name: String, of portal: PortalID?) async throws -> LabView {
        try await get(Self.address(ofLab: name, portal), as: APILab.self).lab
    }

    func prepull(_ lab: String, of portal: PortalID?, hosts: [String], again: Bool) async throws -> LabView {
        let body = APICoding.encode(APIPrepull(hosts: hosts, again: again))
        return try await post(Self.address(ofLab: lab, portal, call: "/prepull"), body, as: APILab.self).lab
    }

    func addHost(_ entry: HostEntry) async throws -> HostView {
        try await post("/v1/hosts", APICoding.encode(APIHostAdd(entry)), as: APIHost.self).host
    }

    func setHost(_ name: String, _ change: HostAdjustment, reset: Bool) async throws -> HostView {
        let body = APICoding.encode(APIHostSet(change, reset: reset))
        return try await post("/v1/hosts/\(PercentEncoding.encode(name))/set", body, as: APIHost.self).host
    }

    func removeHost(
        _ name: String, draining isDraining: Bool, deadline: Duration?, withoutNotice: Bool = false
    ) async throws -> HostView? {
        let body = APICoding.encode(
            APIHostRemove(
                drain: isDraining, deadlineSeconds: deadline.map { Int($0.components.seconds) },
                withoutNotice: withoutNotice ? true : nil))
        return try await post("/v1/hosts/\(PercentEncoding.encode(name))/remove", body, as: APIHostRemoved.self).host
    }

    func declareLost(_ host: String) async throws -> HostLossView {
        try await post("/v1/hosts/\(PercentEncoding.encode(host))/lost", [], as: HostLossView.self)
    }

    func drain(
        _ hosts: [String], maxUnavailable: Int, deadline: Duration?, withoutNotice: Bool = false
    ) async throws {
        let body = APICoding.encode(
            APIRollingDrainStart(
                hosts: hosts, maxUnavailable: maxUnavailable,
                deadlineSeconds: deadline.map { Int($0.components.seconds) },
                withoutNotice: withoutNotice ? true : nil))
        _ = try await post("/v1/drain", body, as: APIRollingDrain.self)
    }

    func rollingDrain() async throws -> RollingDrainView? {
        try await get("/v1/drain", as: APIRollingDrain.self).drain
    }

    func sessions(
        of portal: PortalID? = nil, state: String? = nil, host: String? = nil, learner: String? = nil,
        lab: String? = nil, course: String? = nil,
        isLive: Bool = false, limit: Int
    ) async throws -> [SessionView] {
        let query = Self.query([
            ("portal", portal?.rawValue), ("state", state), ("host", host), ("learner", learner), ("lab", lab),
            ("course", course), ("live", isLive ? "true" : nil), ("limit", String(limit)),
        ])
        return try await get("/v1/sessions" + query, as: APISessions.self).sessions
    }

    func session(_ id: String) async throws -> APISession {
        try await get("/v1/sessions/\(PercentEncoding.encode(id))", as: APISession.self)
    }

    func end(_ id: String, in notice: Duration, note: String?) async throws -> SessionView {
        let body = APICoding.encode(APIEnd(note: note, inSeconds: Int(notice.components.seconds)))
        return try await post("/v1/sessions/\(PercentEncoding.encode(id))/end", body, as: APISession.self).session
    }

    func cancelEnd(_ id: String) async throws -> SessionView {
        try await post("/v1/sessions/\(PercentEncoding.encode(id))/cancel-end", [], as: APISession.self).session
    }

    func park(_ id: String, note: String?) async throws -> SessionView {
        let body = APICoding.encode(APIPark(note: note))
        return try await post("/v1/sessions/\(PercentEncoding.encode(id))/park", body, as: APISession.self).session
    }

    func explain(_ id: String) async throws -> SessionExplanation {
        try await get("/v1/sessions/\(PercentEncoding.encode(id))/explain", as: APIExplanation.self).explanation
    }

    func extend(_ id: String, by duration: Duration, note: String) async throws -> SessionView {
        let body = APICoding.encode(APIExtend(seconds: Int(duration.components.seconds), note: note))
        return try await post("/v1/sessions/\(PercentEncoding.encode(id))/extend", body, as: APISession.self).session
    }

    func pools(of portal: PortalID?) async throws -> [PoolView] {
        try await get("/v1/pools" + Self.query([("portal", portal?.rawValue)]), as: APIPools.self).pools
    }

    func setPool(
        portal: PortalID, lab: String, minimum: Int?, maximum: Int?, perHost: Int?
    ) async throws -> [PoolView] {
        let change = APIPool(portal: portal, lab: lab, minimum: minimum, maximum: maximum, perHost: perHost)
        return try await post("/v1/pools", APICoding.encode(change), as: APIPools.self).pools
    }

    func resetPool(portal: PortalID, lab: String) async throws -> [PoolView] {
        let change = APIPool(portal: portal, lab: lab, reset: true)
        return try await post("/v1/pools", APICoding.encode(change), as: APIPools.self).pools
    }

    /// In the Prometheus text format.
    func metrics() async throws -> String {
        let body = try await send(HTTPClientRequest(method: "GET", target: "/metrics", authority: "carrel"))
        return String(decoding: body, as: UTF8.self)
    }

    func get<Answer: Decodable>(_ target: String, as type: Answer.Type) async throws -> Answer {
        try await answer(to: HTTPClientRequest(method: "GET", target: target, authority: "carrel"), as: type)
    }

    func post<Answer: Decodable>(
        _ target: String, _ body: [UInt8], as type: Answer.Type
    ) async throws -> Answer {
        var request = HTTPClientRequest(method: "POST", target: target, authority: "carrel")
        request.fields.append("Content-Type", "application/json")
        request.body = body
        return try await answer(to: request, as: type)
    }

    private func answer<Answer: Decodable>(
        to request: HTTPClientRequest, as type: Answer.Type
    ) async throws -> Answer {
        let body = try await send(request)
        do {
            return try APICoding.decode(type, from: body)
        } catch {
            throw CommandFailure(
                "the broker's answer cannot be read (\(error)); is it of another version than this command, "
                    + "\(Carrel.version)?")
        }
    }

    private func send(_ request: HTTPClientRequest) async throws -> [UInt8] {
        let response: HTTPClientResponse
        do {
            response = try await client.send(
                request, to: .unix(path: socket), timeout: Self.timeout, bodyLimit: Self.answerLimit)
        } catch {
            let remedy =
                error.kind == .connect
                ? "is carrel serve running, with this configuration, and may you open the socket?" : "try again"
            throw CommandFailure("no broker answers on \(socket) (\(error.message)); \(remedy)")
        }
        guard response.status < 400 else {
            let failure = try? APICoding.decode(APIFailure.self, from: response.body)
            throw CommandFailure(failure?.error.message ?? "the broker answered with status \(response.status)")
        }
        return response.body
    }

    private static func address(ofLab name: String, _ portal: PortalID?, call: String = "") -> String {
        "/v1/labs/\(PercentEncoding.encode(name))\(call)" + query([("portal", portal?.rawValue)])
    }

    /// A query of the fields that have a value; empty if none has one.
    static func query(_ fields: [(name: String, value: String?)]) -> String {
        let given = fields.compactMap { name, value in value.map { "\(name)=\(PercentEncoding.encode($0))" } }
        return given.isEmpty ? "" : "?" + given.joined(separator: "&")
    }
}
