import BrokerCore
import Doors
import EventLoop
import Foundation
import HTTPTransport
import HTTPWire
import Identity
import Literals
import Testing

@testable import Portal

@Suite("The pages of a course's staff")
struct CoursePagesTests {
    private static let grace = grace()

    /// An instructor's link, which is valid for ten minutes unless the test says otherwise.
    private static func grace(of portal: PortalID = "school", in context: String = "course-1") -> InstructorLink {
        InstructorLink(
            course: Course(portal: portal, context: context), id: "grace", name: "Grace <b>Hopper</b>",
            expires: Timestamp.now.seconds + 600)
    }

    /// Labs that run on the host whose engine does not answer: no lab ends because of idleness there.
    private static func lab(
        _ id: String, learner: String, context: String? = "course-1", portal: PortalID = "school",
        extended: Duration = .zero
    ) -> Session {
        var session = Session(
            id: SessionID(rawValue: id), learner: Learner(portal: portal, id: learner, name: "Learner \(learner)"),
            lab: "python", epoch: 1,
            state: .running(host: "h1", endpoint: Endpoint(address: "10.0.0.7", port: 40_000), since: .now),
            createdAt: .now, lastActivityAt: .now, context: context)
        session.stay.extended = extended
        return session
    }

    private static let stored = [
        lab("aaaaaaaaaaaaaaaaaaaa", learner: "ann"), lab("bbbbbbbbbbbbbbbbbbbb", learner: "bob"),
        lab("cccccccccccccccccccc", learner: "cas", context: "course-2"),
        lab("dddddddddddddddddddd", learner: "dan", context: nil),
        lab("eeeeeeeeeeeeeeeeeeee", learner: "eve", portal: "other"),
    ]

    private func withCourse(
        _ body: @ControlLoop @Sendable (Desk, _ ticket: String) async throws -> Void
    ) async throws {
        try await withDesk(stored: Self.stored) { desk in
            let entered = try await desk.instructor(try desk.instructorLink(Self.grace))
            #expect(entered.status == 303 && entered.location == "/course?course=course-1")
            let cookie = try #require(entered.fields.first("Set-Cookie"))
            #expect(cookie.hasPrefix("__Host-carrel-portal=") && cookie.contains("; HttpOnly; SameSite=Lax"))
            try await body(desk, try #require(entered.cookieValue))
        }
    }

    @Test("A link shows the labs of its course in its portal, and nothing of any other")
    func list() async throws {
        try await withCourse { desk, ticket in
            let page = try await desk.instructor("/course?course=course-1", ticket: ticket)
            #expect(page.status == 200)
            #expect(page.text.contains("2 labs of this course"))
            for seen in [
                "Learner ann", "Learner bob", "Grace &lt;b&gt;Hopper", "course-1", "Python", "30 min", ">2 h<",
            ] {
                #expect(page.text.contains(seen), "\(seen)")
            }
            for hidden in [
                "Learner cas", "Learner dan", "Learner eve", "course-2", "cccccccc", "dddddddd", "eeeeeeee",
                "<b>Hopper", "<script",
            ] {
                #expect(!page.text.contains(hidden), "\(hidden)")
            }
            #expect(page.fields.first("Content-Security-Policy")?.contains("default-src 'none'") == true)
        }
    }

    @Test("More time for one: its ends move, its story says who gave it, and the page says what was done")
    func one() async throws {
        try await withCourse { desk, ticket in
            let id = SessionID(rawValue: "aaaaaaaaaaaaaaaaaaaa")
            let before = try #require(try await desk.broker.view(id, in: .all).lifetimeEndsAt)
            let answer = try await desk.extend(session: id.rawValue, by: 1800, ticket: ticket)
            #expect(answer.status == 303 && answer.location == "/course?course=course-1&extended=1")
            #expect(try await desk.broker.view(id, in: .all).lifetimeEndsAt == before + .seconds(1800))
            let words = "by the instructor Grace <b>Hopper</b> (grace)."
            #expect(try await desk.broker.story(of: id, in: .all).last?.reason.contains(words) == true)
            #expect(
                try await desk.broker.explain(id, in: .all).extended?.by == "the instructor Grace <b>Hopper</b> (grace)"
            )
            let other = SessionID(rawValue: "bbbbbbbbbbbbbbbbbbbb")
            #expect(try await desk.broker.explain(other, in: .all).extended == nil)
            let page = try await desk.instructor("/course?course=course-1&extended=1", ticket: ticket)
            #expect(page.text.contains("1 lab has more time now.") && page.text.contains("extended by 30 minutes"))
            // Anybody can write an address, so the page must not claim anything false.
            for number in [2, 424_242] {
                let page = try await desk.instructor("/course?course=course-1&extended=\(number)", ticket: ticket)
                #expect(page.status == 200 && !page.text.contains("more time now"), "\(number)")
            }
        }
    }

    @Test("More time for all: those of the course that run, and no other")
    func all() async throws {
        try await withCourse { desk, ticket in
            #expect(try await desk.extend(session: "", by: 3600, ticket: ticket).location?.hasSuffix("=2") == true)
            for session in Self.stored {
                let isOwn = session.context == "course-1" && session.learner.portal == "school"
                let total = try await desk.broker.explain(session.id, in: .all).extended?.totalSeconds
                #expect(total == (isOwn ? 3600 : nil), "\(session.id)")
            }
        }
    }

    @Test("Beyond the bound nothing is given, and the page says so")
    func bound() async throws {
        try await withCourse { desk, ticket in
            let id = "aaaaaaaaaaaaaaaaaaaa"
            for _ in 0..<2 { #expect(try await desk.extend(session: id, by: 7200, ticket: ticket).status == 303) }
            let refused = try await desk.extend(session: id, by: 1800, ticket: ticket)
            #expect(refused.status == 409)
            #expect(refused.text.contains("That is more time than it can still be given."))
            let some = try await desk.extend(session: "", by: 1800, ticket: ticket)
            #expect(some.status == 409 && some.text.contains("1 lab has more time now."))
            #expect(some.text.contains("<bdi>Learner ann</bdi>: That is more time"))
            #expect(try await desk.broker.explain(SessionID(rawValue: id), in: .all).extended?.totalSeconds == 14_400)
        }
    }

    @Test("A session of another course or portal cannot be named", arguments: [2, 3, 4])
    func foreign(index: Int) async throws {
        try await withCourse { desk, ticket in
            let id = Self.stored[index].id
            let answer = try await desk.extend(session: id.rawValue, by: 1800, ticket: ticket)
            #expect(answer.status == 409 && answer.text.contains("This lab is not there any more."))
            #expect(!answer.text.contains(Self.stored[index].learner.name))
            #expect(try await desk.broker.explain(id, in: .all).extended == nil)
        }
    }

    @Test("A form of another site, of another course, or made up by hand changes nothing")
    func forms() async throws {
        try await withCourse { desk, ticket in
            let id = "aaaaaaaaaaaaaaaaaaaa"
            let good = "course=course-1&session=\(id)&by=1800"
            let own = Desk.ownForm
            let foreign: HeaderFields = ["Sec-Fetch-Site": "cross-site", "Origin": "https://evil.test"]
            var cases: [(form: String, fields: HeaderFields, status: Int)] = [
                (good, foreign, 403), (good, ["Origin": "https://labs.test"], 403),
                (good, ["Sec-Fetch-Site": "same-site"], 403),
                ("course=course-2&session=\(id)&by=1800", own, 403), ("session=\(id)&by=1800", own, 403),
                ("course=course-1&by=1800", own, 400),
            ]
            cases += ["1801", "-1800", "86400", "", "x"].map { ("course=course-1&session=\(id)&by=\($0)", own, 400) }
            for (form, fields, status) in cases {
                let answer = try await desk.instructor(
                    "/course/extend", ticket: ticket, method: "POST", fields: fields, form: form)
                #expect(answer.status == status, "\(form)")
            }
            let read = try await desk.instructor("/course/extend?course=course-1", ticket: ticket)
            #expect(read.status == 405)
            #expect(try await desk.broker.explain(SessionID(rawValue: id), in: .all).extended == nil)
            let answer = try await desk.instructor(
                "/course/extend", ticket: ticket, method: "POST", fields: own, form: good)
            #expect(answer.status == 303)
        }
    }

    @Test("Forged and expired links, links for another portal, and learners' links and tickets open nothing")
    func links() async throws {
        try await withDesk(stored: Self.stored) { desk in
            let good = try desk.instructorLink(Self.grace)
            let bad = [
                good.replacingOccurrences(of: "course-1", with: "course-2"),
                good.replacingOccurrences(of: "role=instructor", with: "role=learner"),
                try desk.instructorLink(Self.grace, validSeconds: -5),
                try desk.instructorLink(Self.grace(of: "other")),
                try desk.link().replacingOccurrences(of: "/launch", with: "/instructor"), "/instructor",
            ]
            for link in bad {
                let answer = try await desk.instructor(link)
                #expect([400, 403].contains(answer.status), "\(link)")
                #expect(answer.fields.first("Set-Cookie") == nil && !answer.text.contains("Learner"))
            }
            // An instructor's link is not valid as a learner's, either.
            let launched = try await desk.onPortal(good.replacingOccurrences(of: "/instructor", with: "/launch"))
            #expect(launched.status == 400)
            let (_, learner) = try await desk.launch()
            for ticket in [nil, "x.y", learner] {
                #expect(try await desk.instructor("/course?course=course-1", ticket: ticket).status == 403)
                #expect(try await desk.extend(session: "", by: 1800, ticket: ticket).status == 403)
            }
            let mine = try #require(try await desk.instructor(good).cookieValue)
            #expect(try await desk.onPortal("/sessions/aaaaaaaaaaaaaaaaaaaa", cookie: mine).status == 404)
            #expect(try await desk.instructor(good, method: "HEAD").status == 405)
            #expect(try await desk.instructor("/course/nowhere", ticket: mine).status == 404)
        }
    }

    @Test("A course with more labs than the page shows says so, and one without any, too")
    func many() async throws {
        try await withDesk { desk in
            let ticket = try #require(try await desk.instructor(try desk.instructorLink(Self.grace)).cookieValue)
            let page = try await desk.instructor("/course?course=course-1", ticket: ticket)
            #expect(page.text.contains("No labs of this course") && !page.text.contains("<form"))
        }
        let crowd = (0...PortalLimits.courseSessions).map { Self.lab("x\($0)", learner: "l\($0)") }
        try await withDesk(stored: crowd) { desk in
            let ticket = try #require(try await desk.instructor(try desk.instructorLink(Self.grace)).cookieValue)
            let page = try await desk.instructor("/course?course=course-1", ticket: ticket)
            #expect(page.text.contains("\(crowd.count) labs of this course"))
            let shown = PortalLimits.courseSessions
            #expect(page.text.contains("Only the first \(shown) are shown, and can be given more time."))
        }
    }
}

extension Desk {
    nonisolated static let ownForm: HeaderFields = ["Sec-Fetch-Site": "same-origin", "Origin": "https://portal.test"]

    func instructorLink(_ link: InstructorLink, validSeconds: Int64 = 600) throws -> String {
        let now = Timestamp.now
        let made = Timestamp(milliseconds: now.milliseconds - 3_600_000)
        var link = link
        link.expires = now.seconds + validSeconds
        return String(
            try secrets.links.url(for: link, origin: Self.origin, now: made).dropFirst(Self.origin.count))
    }

    func instructor(
        _ target: String, ticket: String? = nil, method: String = "GET", fields: HeaderFields = [:], form: String = ""
    ) async throws -> HTTPResponse {
        var all: HeaderFields = [
            "Host": "portal.test", "X-Carrel-Scope": "portal", "X-Carrel-Portal": "school", "Accept": "text/html",
            "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document",
        ]
        for (name, value) in fields { all.replace(name, value) }
        if let ticket { all.append("Cookie", "\(Visitors.cookie)=\(ticket)") }
        if !form.isEmpty { all.append("Content-Type", "application/x-www-form-urlencoded") }
        guard let request = HTTPRequest(method: method, target: target, fields: all, body: Array(form.utf8)) else {
            throw LaunchFixtureError.badTarget(target)
        }
        return await portal.answer(request)
    }

    func extend(session: String, by seconds: Int, ticket: String?) async throws -> HTTPResponse {
        try await instructor(
            "/course/extend", ticket: ticket, method: "POST", fields: Self.ownForm,
            form: "course=course-1&session=\(session)&by=\(seconds)")
    }
}

enum LaunchFixtureError: Error { case badTarget(String) }
