import Broker
import BrokerCore
import Doors
import EventLoop
import HTTPTransport
import HTTPWire
import Literals
import Store
import Testing

@testable import Portal

@Suite("Two portals on one broker") struct TwoPortalsTests {
    /// It shares the labs domain of the school.
    private static let acme = PortalConfiguration(
        id: "acme", hostname: "acme.test", title: "Acme Academy", labsDomain: Desk.labsDomain, publicPort: 443)
    /// It has a labs domain of its own.
    private static let rooms: PortalConfiguration = {
        var portal = PortalConfiguration(
            id: "rooms", hostname: "rooms.test", title: "Rooms", labsDomain: "own.rooms.test", publicPort: 443)
        portal.embeddedIn = ["https://courses.test"]
        return portal
    }()

    private static let others = [acme, rooms]

    @ControlLoop private func key(_ id: SessionID, _ desk: Desk) async throws -> String {
        try await desk.broker.redeem(desk.broker.entryCode(for: id, visit: .of("ada")), on: id)
    }

    private func on(_ portal: String, _ hostname: String, _ cookie: String? = nil) -> HeaderFields {
        var fields: HeaderFields = ["Host": hostname, "X-Carrel-Portal": portal]
        if let cookie { fields.append("Cookie", cookie) }
        return fields
    }

    @Test("each has pages with its own title, and frames by its own policy")
    func titles() async throws {
        try await withDesk(others: Self.others) { desk in
            let school = try await desk.onPortal("/")
            #expect(school.text.contains("Open School of Data") && !school.text.contains("Acme"))
            let acme = try await desk.onPortal("/", fields: on("acme", "acme.test"))
            #expect(acme.text.contains("Acme Academy") && !acme.text.contains("Open School"))
            #expect(acme.fields.first("X-Frame-Options") == "DENY")
            let rooms = try await desk.onPortal("/", fields: on("rooms", "rooms.test"))
            #expect(rooms.fields.first("X-Frame-Options") == nil)
            let policy = rooms.fields.first("Content-Security-Policy") ?? ""
            #expect(policy.contains("frame-ancestors 'self' https://courses.test"))
            #expect(policy.contains("form-action 'self' https://*.own.rooms.test"))
        }
    }

    @Test("a link opens its own portal only, and the same learner has another lab there")
    func links() async throws {
        try await withDesk(others: Self.others) { desk in
            let (school, _) = try await desk.launch()
            let link = try desk.link()
            let elsewhere = try await desk.onPortal(link, fields: on("acme", "acme.test"))
            #expect(elsewhere.status == 403 && elsewhere.cookieValue == nil)
            let signed = SignedLink(
                learner: Learner(portal: "acme", id: "ada", name: "Ada"), lab: "python",
                expires: Timestamp.now.milliseconds / 1000 + 600)
            let url = try desk.secrets.links.url(for: signed, origin: "https://acme.test", now: .now)
            let opened = try await desk.onPortal(
                String(url.dropFirst("https://acme.test".count)), fields: on("acme", "acme.test"))
            let acme = opened.location?.split(separator: "/").last.map { SessionID(rawValue: String($0)) }
            #expect(opened.status == 303 && acme != nil && acme != school)
            #expect(try await desk.broker.view(acme!, in: .portal("acme")).portal == "acme")
            await #expect(throws: BrokerError.self) { try await desk.broker.view(acme!, in: .portal("school")) }
        }
    }

    @Test("a ticket of one is none in the other, and a session of one is not found in the other")
    func tickets() async throws {
        try await withDesk(others: Self.others) { desk in
            let (id, ticket) = try await desk.launch()
            let own = try await desk.onPortal("/sessions/\(id)", cookie: ticket)
            #expect(own.status == 200)
            let moved = try await desk.onPortal("/sessions/\(id)", cookie: ticket, fields: on("acme", "acme.test"))
            #expect(moved.status == 403 && !moved.text.contains(id.rawValue))
            // The same person with a ticket of the other portal.
            let other = try desk.ticket("ada", of: "acme")
            let foreign = try await desk.onPortal("/sessions/\(id)", cookie: other, fields: on("acme", "acme.test"))
            #expect(foreign.status == 404 && !foreign.text.contains("Python"))
            let missing = try await desk.onPortal("/sessions/none", cookie: other, fields: on("acme", "acme.test"))
            #expect(foreign.text == missing.text)
        }
    }

    @Test("a lab's page is that of its session's portal, where both share a labs domain")
    func labPages() async throws {
        try await withDesk(others: Self.others) { desk in
            let learner = Learner(portal: "acme", id: "ada", name: "Ada")
            let acme = try await desk.broker.launch(learner, lab: "python").id
            let (school, _) = try await desk.launch()
            for (id, title) in [(acme, "Acme Academy"), (school, "Open School of Data")] {
                let page = try await desk.onLab(id.rawValue, "/lab", cookie: try await key(id, desk))
                #expect(page.text.contains(title), "\(page.status) \(page.text)")
            }
            let unknown = try await desk.onLab("zzzz", "/lab")
            #expect(unknown.status == 404)
        }
    }

    @Test("a lab of a portal with a labs domain of its own answers there, and nowhere else")
    func ownDomain() async throws {
        try await withDesk(others: Self.others) { desk in
            let learner = Learner(portal: "rooms", id: "ada", name: "Ada")
            let view = try await desk.broker.launch(learner, lab: "python")
            #expect(view.hostname == "\(view.id).own.rooms.test")
            let key = try await key(view.id, desk)
            let here = try await desk.onLab(
                view.id.rawValue, "/lab", cookie: key, fields: ["Host": "\(view.id).own.rooms.test"])
            #expect(here.status == 503 && here.text.contains("Rooms"))
            let elsewhere = try await desk.onLab(view.id.rawValue, "/lab", cookie: key)
            #expect(elsewhere.status == 404 && !elsewhere.text.contains("Rooms"))
        }
    }

    @Test("a portal that is taken out answers no more, and one that is added answers at once")
    func changes() async throws {
        try await withDesk(others: Self.others) { desk in
            var renamed = Desk.school
            renamed.title = "New School"
            try desk.portal.reconfigure([renamed, Self.rooms])
            #expect(try await desk.onPortal("/").text.contains("New School"))
            #expect(try await desk.onPortal("/", fields: on("acme", "acme.test")).status == 421)
            try desk.portal.reconfigure([renamed, Self.rooms, Self.acme])
            #expect(try await desk.onPortal("/", fields: on("acme", "acme.test")).status == 200)
        }
    }

    @Test("a request that does not say whose hostname it is gets no portal's page")
    func noPortal() async throws {
        try await withDesk(others: Self.others) { desk in
            let answer = try await desk.onPortal("/", fields: on("none", "portal.test"))
            #expect(answer.status == 421)
        }
    }

    @Test("operators list one portal's things or all, and a lab of two portals must be named with its portal")
    func lists() async throws {
        try await withDesk(others: Self.others) { desk in
            _ = try await desk.launch()
            _ = try await desk.broker.launch(Learner(portal: "acme", id: "bob", name: "Bob"), lab: "python")
            let all = try await desk.broker.sessions(SessionQuery(), in: .all)
            #expect(all.count == 2)
            #expect(try await desk.broker.sessions(SessionQuery(), in: .portal("acme")).map(\.learner) == ["bob"])
            #expect(desk.broker.labs(in: .all).count == 3 && desk.broker.labs(in: .portal("acme")).count == 1)
            #expect(throws: BrokerError.self) { _ = try desk.broker.labKey("python", in: .all) }
            let key = try desk.broker.labKey("python", in: .portal("rooms"))
            #expect(key == "rooms/python")
            #expect(throws: BrokerError.self) { _ = try desk.broker.labKey("none", in: .portal("rooms")) }
            await #expect(throws: BrokerError.self) { try await desk.broker.makeFeed(portal: "none") }
        }
    }
}
