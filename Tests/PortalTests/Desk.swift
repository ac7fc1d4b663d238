import Broker
import BrokerCore
import DockerEngine
import Doors
import Edge
import EventLoop
import Foundation
import HTTPTransport
import HTTPWire
import Identity
import Literals
import Logging
import Metrics
import Store
import TLS

@testable import Portal

/// A whole portal with its broker and its database, and one host whose engine does not answer: sessions queue.
@ControlLoop
final class Desk {
    nonisolated static let labsDomain = "labs.test"
    nonisolated static let origin = "https://portal.test"

    let directory: String
    let store: Store
    let secrets: LaunchSecrets
    let broker: Broker
    let portal: Portal

    static let school = PortalConfiguration(
        id: "school", hostname: "portal.test", title: "Open School of Data", labsDomain: labsDomain, publicPort: 443)

    /// - Parameters:
    ///   - stored: sessions that an earlier broker stored.
    ///   - others: portals beside the school; each offers the lab `python` as well.
    init(stored: [Session] = [], others: [PortalConfiguration] = []) async throws {
        let portals = [Self.school] + others
        directory = NSTemporaryDirectory() + "carrel-portal-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        let authority = try DevelopmentCA(directory: directory + "/tls")
        let certificate = try authority.issue("portal", for: .server(names: ["portal.test"]))
        store = try Store(path: directory + "/carrel.db")
        try await store.commit(stored.map(Change.session))
        secrets = try LaunchSecrets(directory: directory + "/secrets")
        let edge = Edge(
            EdgeConfiguration(
                listen: [], loops: 1,
                portals: portals.map {
                    EdgePortal(name: $0.id.rawValue, hostname: $0.hostname, labsDomain: $0.labsDomain)
                },
                portalUpstream: .unix(path: directory + "/portal.sock"),
                certificates: try CertificateStore([certificate])),
            onActivity: { _ in })
        let lab = Lab(
            key: "school/python", title: "Python", kind: .jupyter, image: "carrel/jupyterlab", memoryBytes: 1 << 30,
            cpus: 1,
            processLimit: 256, idleTimeout: .seconds(600), maximumLifetime: .seconds(3600),
            readyTimeout: .seconds(60), egress: .none, port: 8888, homePath: "/home/learner", userID: 1000,
            groupID: 1000, idleWarning: .seconds(120), parksFor: .seconds(3600))
        let host = HostConfiguration(
            spec: HostSpec(name: "h1", slots: 4, memoryBytes: 8 << 30, overcommit: 1, maximumStarts: 2),
            endpoint: EngineEndpoint(.unix(path: directory + "/no-engine.sock")), publishAddress: "127.0.0.1")
        let log = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        broker = try Broker(
            configuration: BrokerConfiguration(
                labs: portals.map { portal in
                    var copy = lab
                    copy.key.portal = portal.id
                    return copy
                }, hosts: [host], homesRoot: directory + "/homes", labsDomain: Self.labsDomain, publicPort: 443,
                portals: portals.map { BrokerPortal(id: $0.id, labsDomain: $0.labsDomain) }),
            store: store, edge: edge, tokenKey: secrets.labTokens, log: log, clock: { .now })
        try await broker.start()
        portal = try Portal(
            portals, version: "1.2.3", broker: broker, secrets: secrets,
            metrics: { [broker] in
                var text = MetricsText()
                broker.writeMetrics(to: &text)
                return text
            }, reload: { APIReload(zones: "2026b") })
    }

    func close() async throws {
        portal.close()
        await broker.stop()
        try store.close()
        try FileManager.default.removeItem(atPath: directory)
    }

    // MARK: Requests as the edge forwards them

    func link(learner: String = "ada", lab: String = "python", validSeconds: Int64 = 600) throws -> String {
        // It is issued in the past if it must have expired by now.
        let now = Timestamp.now
        let made = Timestamp(milliseconds: now.milliseconds - 3_600_000)
        let link = SignedLink(
            learner: Learner(portal: "school", id: learner, name: "Ada Lovelace"), lab: lab,
            expires: now.milliseconds / 1000 + validSeconds)
        let url = try secrets.links.url(for: link, origin: Self.origin, now: made)
        return String(url.dropFirst(Self.origin.count))
    }

    func onPortal(
        _ target: String, method: String = "GET", cookie: String? = nil, fields: HeaderFields = [:], form: String = ""
    ) async throws -> HTTPResponse {
        var all: HeaderFields = [
            "Host": "portal.test", "X-Carrel-Scope": "portal", "X-Carrel-Portal": "school", "Accept": "text/html",
            "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document",
        ]
        for (name, value) in fields { all.replace(name, value) }
        if let cookie { all.append("Cookie", "\(Visitors.cookie)=\(cookie)") }
        if !form.isEmpty { all.append("Content-Type", "application/x-www-form-urlencoded") }
        return await portal.answer(try Self.request(method, target, all, Array(form.utf8)))
    }

    func onLab(
        _ label: String, _ target: String, method: String = "GET", cookie: String? = nil,
        isNavigation: Bool = true, fields: HeaderFields = [:], form: String = ""
    ) async throws -> HTTPResponse {
        var all: HeaderFields = [
            "Host": "\(label).\(Self.labsDomain)", "Sec-Fetch-Mode": isNavigation ? "navigate" : "cors",
            "X-Carrel-Scope": target.hasPrefix("/.carrel/") ? "lab" : "away",
        ]
        for (name, value) in fields { all.replace(name, value) }
        if let cookie { all.append("Cookie", "\(LabPages.accessCookie)=\(cookie)") }
        if !form.isEmpty { all.append("Content-Type", "application/x-www-form-urlencoded") }
        return await portal.answer(try Self.request(method, target, all, Array(form.utf8)))
    }

    private static func request(
        _ method: String, _ target: String, _ fields: HeaderFields, _ body: [UInt8] = []
    ) throws -> HTTPRequest {
        guard let request = HTTPRequest(method: method, target: target, fields: fields, body: body) else {
            throw BrokerError(.notNow, "bad target \(target)")
        }
        return request
    }

    /// Follows a learner's link: the session and the ticket.
    func launch(learner: String = "ada") async throws -> (id: SessionID, ticket: String) {
        let response = try await onPortal(try link(learner: learner))
        guard let id = response.location?.dropFirst("/sessions/".count), let ticket = response.cookieValue else {
            throw BrokerError(.notNow, "the link did not work: \(response.status) \(response.text)")
        }
        return (SessionID(rawValue: String(id)), ticket)
    }

    /// A ticket as a launch gives it.
    func ticket(
        _ subject: String, of portal: PortalID = "school", name: String? = nil, courses: [String: CourseRole] = [:],
        portalRole: PortalRole = .member
    ) throws -> String {
        let person = Person(portal: portal, issuer: Person.signedLinks, subject: subject)
        let claims = Claims(person: person, name: name ?? subject, courses: courses, portalRole: portalRole)
        let ticket = TicketClaims(
            claims, issued: Timestamp.now.seconds, generation: broker.ticketGeneration, visit: "visit-\(subject)")
        return try secrets.tickets.text(for: ticket)
    }

    /// Enters the lab's hostname with a one-time code; returns the access cookie's value.
    func enter(_ id: SessionID) async throws -> String {
        let response = try await onLab(
            id.rawValue, "/.carrel/enter?code=\(broker.entryCode(for: id, visit: .of("ada")))&next=/lab")
        guard let token = response.cookieValue else {
            throw BrokerError(.notNow, "the code did not work: \(response.status) \(response.text)")
        }
        return token
    }
}

extension HTTPResponse {
    var location: String? { fields.first("Location") }

    var text: String {
        guard case .bytes(let bytes) = body else { return "" }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// The value of the only cookie in the response.
    var cookieValue: String? {
        fields.first("Set-Cookie").flatMap { $0.split(separator: ";").first?.split(separator: "=", maxSplits: 1).last }
            .map(String.init)
    }
}

/// Runs a test at a desk of its own, and removes everything afterwards.
func withDesk(
    stored: [Session] = [], others: [PortalConfiguration] = [],
    _ body: @ControlLoop @Sendable (Desk) async throws -> Void
) async throws {
    let desk = try await Desk(stored: stored, others: others)
    do { try await body(desk) } catch {
        try? await desk.close()
        throw error
    }
    try await desk.close()
}
