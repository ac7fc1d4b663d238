import Broker
import BrokerCore
import Doors
import EventLoop
import HTTPTransport
import HTTPWire
import Identity
import Literals
import Testing

@testable import Portal

/// Every address of two portals, asked for by everybody.
@Suite("Every page, for every role, in two portals")
struct RoleMatrixTests {
    /// Who asks. Everybody but the stranger has come through a door of the portal `home`.
    private enum Role: CaseIterable, Sendable {
        case stranger, member, learnerOfOtherCourse, learnerOfCourse, owner, assistant, instructor
        case instructorOfOtherCourse, administrator

        var subject: String { self == .owner ? "ada" : "somebody" }

        var courses: [String: CourseRole] {
            switch self {
            case .stranger, .member, .administrator: [:]
            case .learnerOfOtherCourse: ["102": .learner]
            case .learnerOfCourse, .owner: ["101": .learner]
            case .assistant: ["101": .assistant]
            case .instructor: ["101": .instructor]
            case .instructorOfOtherCourse: ["102": .instructor]
            }
        }

        @ControlLoop func ticket(at desk: Desk, of home: PortalID) throws -> String? {
            guard self != .stranger else { return nil }
            return try desk.ticket(
                subject, of: home, courses: courses, portalRole: self == .administrator ? .administrator : .member)
        }
    }

    private static let acme = PortalConfiguration(
        id: "acme", hostname: "acme.test", title: "Acme Academy", labsDomain: Desk.labsDomain, publicPort: 443)

    private static let hostnames: [PortalID: String] = ["school": "portal.test", "acme": "acme.test"]

    /// A session of Ada's in each portal, from a course of the same name.
    private static let stored = hostnames.keys.sorted().map { portal in
        Session(
            id: SessionID(rawValue: "labof\(portal)"), learner: Learner(portal: portal, id: "ada", name: "Ada"),
            lab: LabKey(portal: portal, name: "python").name, epoch: 1, state: .queued(since: .now), createdAt: .now,
            lastActivityAt: .now, context: "101")
    }

    /// What the table must say, written down independently of it: who may ask for a route at all.
    private func isMeant(for role: Role, _ answer: PageRoute.Answer) -> Bool {
        switch answer {
        case .everybody: true
        case .visitor: role != .stranger
        case .session: role == .owner
        case .course: [.assistant, .instructor, .administrator].contains(role)
        }
    }

    private func target(_ route: PageRoute, of portal: PortalID) -> String {
        let path = "/" + route.path.map { $0 == PageRoute.session ? "labof\(portal)" : $0 }.joined(separator: "/")
        if case .course = route.answer { return path + "?course=101" }
        return path
    }

    @Test("is open to those it is for, and denied to all others, in words that do not tell what is there")
    func everyRoute() async throws {
        try await withDesk(stored: Self.stored, others: [Self.acme]) { desk in
            let site = try PortalSite(
                Desk.school, broker: desk.broker, secrets: desk.secrets, streams: EventStreams(broker: desk.broker))
            let kinds = Set(site.routes.map { Kind($0.answer) })
            #expect(kinds == Set(Kind.allCases), "\(kinds)")
            var asked = 0
            for portal in Self.hostnames.keys.sorted() {
                for home in Self.hostnames.keys.sorted() {
                    for role in Role.allCases {
                        for route in site.routes {
                            let isMeant =
                                if case .everybody = route.answer { true } else {
                                    portal == home && isMeant(for: role, route.answer)
                                }
                            let response = try await desk.onPortal(
                                target(route, of: portal), cookie: try role.ticket(at: desk, of: home),
                                fields: ["Host": Self.hostnames[portal] ?? "", "X-Carrel-Portal": portal.rawValue])
                            let isDenied = [403, 404].contains(response.status)
                            let what = "\(role) of \(home) asks \(portal) for \(route.path): \(response.status)"
                            if case .everybody = route.answer {
                                #expect(response.fields.first("Set-Cookie") == nil, "\(what)")
                            } else {
                                #expect(isDenied != isMeant, "\(what)")
                            }
                            if isDenied { #expect(!response.text.contains("Ada"), "\(what)") }
                            if case .stream = response.body { desk.portal.endStreams() }
                            asked += 1
                        }
                    }
                }
            }
            #expect(asked == site.routes.count * Role.allCases.count * 4)
        }
    }

    /// The cases of `PageRoute.Answer`.
    private enum Kind: CaseIterable {
        case everybody, visitor, session, course

        init(_ answer: PageRoute.Answer) {
            self =
                switch answer {
                case .everybody: .everybody
                case .visitor: .visitor
                case .session: .session
                case .course: .course
                }
        }
    }

    @Test("no form changes anything for whoever may not send it")
    func everyForm() async throws {
        try await withDesk(stored: Self.stored, others: [Self.acme]) { desk in
            let id = SessionID(rawValue: "labofschool")
            let forms = [
                ("/sessions/\(id)/leave", "x=1"), ("/sessions/\(id)/restart", "x=1"),
                ("/course/extend", "course=101&session=\(id)&by=1800"),
            ]
            let before = try await desk.broker.view(id, in: .all)
            for home in Self.hostnames.keys.sorted() {
                for role in Role.allCases where home != "school" || role != .owner {
                    for (path, form) in forms {
                        let answer = try await desk.onPortal(
                            path, method: "POST", cookie: try role.ticket(at: desk, of: home), fields: Desk.ownForm,
                            form: form)
                        let mayExtend =
                            home == "school" && path == "/course/extend"
                            && [.assistant, .instructor, .administrator].contains(role)
                        // It waits, so nobody can extend it; but those who may are told so.
                        #expect(answer.status == (mayExtend ? 409 : answer.status))
                        #expect(mayExtend || [403, 404].contains(answer.status), "\(role) of \(home): \(path)")
                    }
                }
            }
            #expect(try await desk.broker.view(id, in: .all).state == before.state)
            let left = try await desk.onPortal(
                "/sessions/\(id)/leave", method: "POST", cookie: try Role.owner.ticket(at: desk, of: "school"),
                fields: Desk.ownForm, form: "x=1")
            #expect(left.status == 303)
            #expect(try await desk.broker.view(id, in: .all).state == "ended")
        }
    }

    @Test("a lab's hostname is open to whoever has its key, and to nobody's ticket")
    func labHostname() async throws {
        try await withDesk(stored: Self.stored, others: [Self.acme]) { desk in
            let id = SessionID(rawValue: "labofschool")
            let paths = ["/.carrel/", "/.carrel/events", "/.carrel/status", "/lab"]
            let key = try await desk.enter(id)
            for path in paths {
                #expect(try await desk.onLab(id.rawValue, path, cookie: key).status != 403, "\(path)")
                desk.portal.endStreams()
                for role in Role.allCases {
                    let ticket = try role.ticket(at: desk, of: "school") ?? "x"
                    let answer = try await desk.onLab(
                        id.rawValue, path, cookie: ticket, fields: ["Cookie": "\(Visitors.cookie)=\(ticket)"])
                    #expect(answer.status == 403, "\(role): \(path)")
                }
                let foreign = try await desk.onLab("labofacme", path, cookie: key)
                #expect(foreign.status == 403, "\(path)")
            }
        }
    }
}
