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

@Suite("Signing out")
struct SignOutTests {
    @Test("asks first, ends the visit in this browser with its key to the lab, and leaves the lab alone")
    func ownVisit() async throws {
        try await withDesk { desk in
            let (id, ticket) = try await desk.launch()
            let page = try await desk.onPortal("/sessions/\(id)", cookie: ticket)
            #expect(page.text.contains(#"href="/sign-out">Sign out</a>"#))
            let code = try await self.code(of: desk, id, ticket)
            let key = try #require(try await desk.onLab(id.rawValue, "/.carrel/enter?code=\(code)").cookieValue)
            #expect(
                try await desk.onLab(id.rawValue, "/.carrel/status", cookie: key, isNavigation: false).status == 200)

            let asked = try await desk.onPortal("/sign-out", cookie: ticket)
            #expect(asked.status == 200 && asked.text.contains("<form") && asked.text.contains("Sign out?"))
            #expect(try await desk.onPortal("/sessions/\(id)", cookie: ticket).status == 200, "it has only asked")
            let foreign = try await desk.onPortal(
                "/sign-out", method: "POST", cookie: ticket, fields: ["Sec-Fetch-Site": "cross-site"], form: "x=1")
            #expect(foreign.status == 403)

            let unused = try await self.code(of: desk, id, ticket)
            let done = try await desk.onPortal(
                "/sign-out", method: "POST", cookie: ticket, fields: Desk.ownForm, form: "x=1")
            #expect(done.status == 200 && done.text.contains("You are signed out"))
            #expect(done.fields.first("Set-Cookie")?.hasPrefix("__Host-carrel-portal=; ") == true)
            #expect(done.fields.first("Set-Cookie")?.hasSuffix("; Max-Age=0") == true)
            for path in ["/sessions/\(id)", "/sign-out", "/sessions/\(id)/events"] {
                #expect(try await desk.onPortal(path, cookie: ticket).status == 403, "\(path)")
            }
            #expect(
                try await desk.onLab(id.rawValue, "/.carrel/status", cookie: key, isNavigation: false).status == 403)
            #expect(try await desk.onLab(id.rawValue, "/.carrel/enter?code=\(unused)").status == 403)
            #expect(try await desk.broker.view(id, in: .all).state == "queued")

            // The link still opens the lab: a new visit begins.
            let (same, fresh) = try await desk.launch()
            #expect(same == id && fresh != ticket)
            #expect(try await desk.onPortal("/sessions/\(id)", cookie: fresh).status == 200)
        }
    }

    @Test("in one browser leaves the same person's other browser as it is")
    func otherVisit() async throws {
        try await withDesk { desk in
            let (id, first) = try await desk.launch()
            let (_, second) = try await desk.launch()
            let code = try await self.code(of: desk, id, second)
            let key = try #require(try await desk.onLab(id.rawValue, "/.carrel/enter?code=\(code)").cookieValue)
            _ = try await desk.onPortal("/sign-out", method: "POST", cookie: first, fields: Desk.ownForm, form: "x=1")
            #expect(try await desk.onPortal("/sessions/\(id)", cookie: first).status == 403)
            #expect(try await desk.onPortal("/sessions/\(id)", cookie: second).status == 200)
            #expect(
                try await desk.onLab(id.rawValue, "/.carrel/status", cookie: key, isNavigation: false).status == 200)
        }
    }

    @Test("by an operator ends all visits of one person, or of a portal, and is remembered by the next broker")
    func byOperator() async throws {
        let acme = PortalConfiguration(
            id: "acme", hostname: "acme.test", title: "Acme", labsDomain: Desk.labsDomain, publicPort: 443)
        try await withDesk(others: [acme]) { desk in
            let asking = try Operator(desk)
            let (ada, adas) = try await desk.launch()
            let (bob, bobs) = try await desk.launch(learner: "bob")
            let namesake = try desk.ticket("ada", of: "acme")
            let key = try await desk.enter(ada)
            let done = try await asking.post(
                "/v1/sign-outs", #"{"portal":"school","learner":"ada"}"#, as: APISignedOut.self)
            #expect(done == APISignedOut(portal: "school", learner: "ada", closed: 1))
            #expect(try await desk.onPortal("/sessions/\(ada)", cookie: adas).status == 403)
            #expect(
                try await desk.onLab(ada.rawValue, "/.carrel/status", cookie: key, isNavigation: false).status == 403)
            #expect(try await desk.onPortal("/sessions/\(bob)", cookie: bobs).status == 200)
            let onAcme: HeaderFields = ["Host": "acme.test", "X-Carrel-Portal": "acme"]
            #expect(try await desk.onPortal("/sign-out", cookie: namesake, fields: onAcme).status == 200)

            let all = try await asking.post(
                "/v1/sign-outs", #"{"portal":"school","everybody":true}"#, as: APISignedOut.self)
            #expect(all == APISignedOut(portal: "school", learner: nil, closed: 0))
            #expect(try await desk.onPortal("/sessions/\(bob)", cookie: bobs).status == 403)
            #expect(try await desk.onPortal("/sign-out", cookie: namesake, fields: onAcme).status == 200)
            let (_, after) = try await desk.launch(learner: "bob")
            #expect(try await desk.onPortal("/sessions/\(bob)", cookie: after).status == 200)

            let restored = try desk.store.load().revocations
            #expect(restored.generation == 2)
            let old = try #require(desk.secrets.tickets.ticket(of: bobs))
            #expect(throws: TicketFault.revoked) { try restored.admit(old, to: "school", at: Timestamp.now.seconds) }
            let new = try #require(desk.secrets.tickets.ticket(of: after))
            #expect(throws: Never.self) { try restored.admit(new, to: "school", at: Timestamp.now.seconds) }
        }
    }

    @Test("is refused for a portal that does not exist, for nobody, and for both one and all")
    func refusals() async throws {
        try await withDesk { desk in
            let asking = try Operator(desk)
            for (body, expected) in [
                (#"{"portal":"nowhere","learner":"ada"}"#, (404, "unknownPortal")),
                (#"{"portal":"school"}"#, (400, "")),
                (#"{"portal":"school","learner":"ada","everybody":true}"#, (400, "")), ("{}", (400, "")),
                (#"{"portal":"school","learner":""}"#, (400, "")),
            ] {
                let failure = try await asking.failure("POST", "/v1/sign-outs", body)
                #expect(failure.0 == expected.0 && (expected.1.isEmpty || failure.1 == expected.1), "\(body)")
            }
        }
    }

    @Test("The page of an open session is told, and finds itself signed out when it connects again")
    func streams() async throws {
        try await withDesk { desk in
            let (id, ticket) = try await desk.launch()
            let response = try await desk.onPortal("/sessions/\(id)/events", cookie: ticket)
            guard case .stream(let stream) = response.body else { throw BrokerError(.notNow, "no stream") }
            let reading = Task { for await _ in stream {} }
            _ = try await desk.onPortal("/sign-out", method: "POST", cookie: ticket, fields: Desk.ownForm, form: "x=1")
            // It ends by itself; otherwise the test's own limit ends the wait.
            await reading.value
            #expect(try await desk.onPortal("/sessions/\(id)/events", cookie: ticket).status == 403)
        }
    }

    /// The one-time code with which a launch leads into a running lab; here it waits, so it is made as the portal would.
    @ControlLoop private func code(of desk: Desk, _ id: SessionID, _ ticket: String) async throws -> String {
        let read = try #require(desk.secrets.tickets.ticket(of: ticket))
        return desk.broker.entryCode(for: id, visit: Visit(read))
    }
}
