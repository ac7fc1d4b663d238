import BrokerCore
import Doors
import EventLoop
import Foundation
import HTTPTransport
import HTTPWire
import Literals
import Testing

@testable import Portal

@Suite("The hostname of a parked lab")
struct ParkedLabTests {
    private static let parked = Session(
        id: slug, learner: Learner(portal: "school", id: "ada", name: "Ada Lovelace"), lab: "python", epoch: 3,
        state: .parked(reason: .idle(timeoutSeconds: 600), since: .now), createdAt: .now, lastActivityAt: .now)

    private static let click: HeaderFields = ["Sec-Fetch-Dest": "document", "Sec-Fetch-User": "?1"]

    private func withParked(_ body: @ControlLoop @Sendable (Desk, _ key: String) async throws -> Void) async throws {
        try await withDesk(stored: [Self.parked]) { desk in try await body(desk, try await desk.enter(slug)) }
    }

    @Test("A visit brings it back: a page of its progress at the same path, and a place in the queue")
    func visit() async throws {
        try await withParked { desk, key in
            let page = try await desk.onLab(
                slug.rawValue, "/lab/tree/a.ipynb?x=1", cookie: key, fields: Self.click)
            #expect(page.status == 503)
            #expect(page.text.contains("Your lab is in the queue"))
            #expect(page.text.contains("data-events=\"/.carrel/events?next=%2Flab%2Ftree%2Fa.ipynb%3Fx%3D1\""))
            let view = try await desk.broker.view(slug, in: .all)
            #expect(view.state == "queued" && view.epoch == 4)
        }
    }

    @Test("Programs are told so and end; neither they nor a browser's guess bring it back")
    func programs() async throws {
        try await withParked { desk, key in
            let call = try await desk.onLab(slug.rawValue, "/api/kernels", cookie: key, isNavigation: false)
            #expect(call.status == 424)
            #expect(
                call.text.hasPrefix(
                    "{\"message\":\"The lab is parked. It was parked because nobody had used it for 10 minutes:"))
            for (method, fields) in [
                ("POST", [:]), ("HEAD", [:]), ("GET", ["Sec-Purpose": "prefetch"]),
            ] as [(String, HeaderFields)] {
                let response = try await desk.onLab(slug.rawValue, "/lab", method: method, cookie: key, fields: fields)
                #expect(response.status == 424, "\(method)")
            }
            for target in ["/.carrel/", "/.carrel/status", "/.carrel/events"] {
                #expect(try await desk.onLab(slug.rawValue, target, cookie: key).status == 200, "\(target)")
            }
            #expect(try await desk.onLab(slug.rawValue, "/lab", cookie: nil).status == 403)
            #expect(try await desk.broker.view(slug, in: .all).state == "parked")
        }
    }

    @Test(
        "A script that leads there, in a frame or not, gets the page with the button and brings nothing back",
        arguments: [
            ["Sec-Fetch-Dest": "document"], ["Sec-Fetch-Dest": "iframe"],
            ["Sec-Fetch-Dest": "iframe", "Sec-Fetch-User": "?1"],
        ] as [HeaderFields])
    func script(fields: HeaderFields) async throws {
        try await withParked { desk, key in
            let page = try await desk.onLab(slug.rawValue, "/lab?x=1", cookie: key, fields: fields)
            #expect(page.status == 424)
            #expect(page.text.contains(">Resume</button>"))
            #expect(page.text.contains("name=\"next\" value=\"/lab?x=1\""))
            #expect(try await desk.broker.view(slug, in: .all).state == "parked")
        }
    }

    @Test("Its page says why, until when, and has a button that brings it back to the same path")
    func page() async throws {
        try await withParked { desk, key in
            let page = try await desk.onLab(slug.rawValue, "/.carrel/", cookie: key)
            #expect(page.text.contains("Your lab is parked"))
            #expect(page.text.contains(">Resume</button>"))
            // Nothing on the page acts automatically.
            #expect(!page.text.contains("data-events") && !page.text.contains("http-equiv"))
            let form = "next=%2Flab"
            var own: HeaderFields = ["Sec-Fetch-Site": "same-origin", "Origin": "https://\(slug).\(Desk.labsDomain)"]
            for (name, value) in Self.click { own.replace(name, value) }
            let back = try await desk.onLab(
                slug.rawValue, "/.carrel/restart", method: "POST", cookie: key, fields: own, form: form)
            #expect(back.status == 303 && back.location == "/lab")
            #expect(try await desk.broker.view(slug, in: .all).state == "queued")
        }
    }

    @Test("On the portal it waits for a click, and a launch is one")
    func portal() async throws {
        try await withDesk(stored: [Self.parked]) { desk in
            let ticket = try desk.ticket("ada")
            let page = try await desk.onPortal("/sessions/\(slug)", cookie: ticket)
            #expect(page.status == 200 && page.text.contains(">Resume</button>"))
            #expect(try await desk.broker.view(slug, in: .all).state == "parked")
            let (id, _) = try await desk.launch()
            #expect(id == slug)
            #expect(try await desk.broker.view(slug, in: .all).state == "queued")
        }
    }

    @Test("Operators see it in their lists and park by the API, with words that say what is in the way")
    func api() async throws {
        try await withDesk(stored: [Self.parked]) { desk in
            let asking = try Operator(desk)
            let list = try await asking.get("/v1/sessions?state=parked", as: APISessions.self)
            #expect(list.sessions.map(\.id) == [slug])
            #expect(list.sessions.first?.parkedUntil != nil)
            let why = try await asking.get("/v1/sessions/\(slug)/explain", as: APIExplanation.self).explanation
            #expect(why.ends.map(\.cause) == [.parked])
            let (id, _) = try await desk.launch(learner: "bob")
            #expect(try await asking.failure("POST", "/v1/sessions/\(id)/park") == (409, "notNow"))
            #expect(try await asking.failure("GET", "/v1/sessions/\(id)/park") == (405, "methodNotAllowed"))
            #expect(try await asking.failure("POST", "/v1/sessions/zz/park") == (404, "unknownSession"))
            let metrics = String(decoding: try await asking.send("GET", "/metrics").body, as: UTF8.self)
            #expect(metrics.contains("carrel_sessions{state=\"parked\"} 1"))
        }
    }
}
