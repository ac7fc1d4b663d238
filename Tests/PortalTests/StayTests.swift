import BrokerCore
import EventLoop
import Foundation
import HTTPTransport
import HTTPWire
import Literals
import Testing

@testable import Portal

@Suite("How long a lab stays, at its own hostname")
struct StayTests {
    private static let origin = "https://\(slug).\(Desk.labsDomain)"
    private static let own: HeaderFields = ["Sec-Fetch-Site": "same-origin", "Origin": origin]

    /// A session that has run for a minute on the desk's host.
    static func running(kept keeps: Int = 0) -> Session {
        let now = Timestamp.now
        return Session(
            id: slug, learner: Learner(portal: "school", id: "ada", name: "Ada"), lab: "python", epoch: 1,
            state: .running(
                host: "h1", endpoint: Endpoint(address: "127.0.0.1", port: 9), since: now - .seconds(120)),
            createdAt: now - .seconds(130), lastActivityAt: now - .seconds(120),
            stay: Stay(source: .ready, keeps: keeps))
    }

    @Test(
        "The owner sees it and a program of theirs reads it, its host out of reach; nobody else does either",
        .timeLimit(.minutes(2)))
    func reading() async throws {
        try await withDesk(stored: [Self.running()]) { desk in
            for path in ["/.carrel/", "/.carrel/status", "/.carrel/keep"] {
                let method = path.hasSuffix("keep") ? "POST" : "GET"
                for cookie in [nil, "x"] {
                    let answer = try await desk.onLab(
                        slug.rawValue, path, method: method, cookie: cookie, fields: Self.own)
                    #expect(answer.status == 403, "\(path)")
                    #expect(!answer.text.contains("Ada"))
                }
            }
            let key = try await desk.enter(slug)
            // The desk's host does not answer, which is detected shortly after the start.
            while try await desk.broker.view(slug, in: .all).isOutOfReach != true {
                try await Task.sleep(for: .milliseconds(5))
            }
            let page = try await desk.onLab(slug.rawValue, "/.carrel/", cookie: key)
            #expect(page.status == 200)
            #expect(page.text.contains(">Your lab does not answer</h1>"))
            #expect(page.text.contains("data-events=\"/.carrel/events?page=stay\""))
            let answer = try await desk.onLab(slug.rawValue, "/.carrel/status", cookie: key, isNavigation: false)
            let status = try APICoding.decode(StayStatus.self, from: Array(answer.text.utf8))
            #expect(status.state == "running" && status.keepsLeft == Limits.keepsInARow && !status.isWarned)
            // Its host has not answered yet, so only the lifetime ends it.
            #expect(status.endsBy == .lifetime)
            #expect(try await desk.onLab(slug.rawValue, "/.carrel/status", method: "POST", cookie: key).status == 405)
            #expect(try await desk.onLab(slug.rawValue, "/.carrel/", method: "POST", cookie: key).status == 405)
        }
    }

    @Test("Keep it is taken from the hostname's own pages only; a program gets words in the same form")
    func keeping() async throws {
        try await withDesk(stored: [Self.running()]) { desk in
            let key = try await desk.enter(slug)
            let foreign = try await desk.onLab(
                slug.rawValue, "/.carrel/keep", method: "POST", cookie: key, fields: ["Sec-Fetch-Site": "cross-site"])
            #expect(foreign.status == 403)
            #expect(try await desk.onLab(slug.rawValue, "/.carrel/keep", cookie: key).status == 405)
            #expect(try await desk.broker.view(slug, in: .all).keepsLeft == Limits.keepsInARow)
            let click = try await desk.onLab(
                slug.rawValue, "/.carrel/keep", method: "POST", cookie: key, fields: Self.own,
                form: "next=%2F.carrel%2F")
            #expect(click.status == 303 && click.location == "/.carrel/")
            let view = try await desk.broker.view(slug, in: .all)
            #expect(view.keepsLeft == Limits.keepsInARow - 1)
            #expect(Timestamp.now - view.lastActivityAt < .seconds(60))
            let program = try await desk.onLab(
                slug.rawValue, "/.carrel/keep", method: "POST", cookie: key, isNavigation: false, fields: Self.own)
            #expect(try APICoding.decode(StayStatus.self, from: Array(program.text.utf8)).state == "running")
        }
    }

    @Test("Beyond the limit, and when the lab is away, Keep it is refused with a reason")
    func refused() async throws {
        try await withDesk(stored: [Self.running(kept: Limits.keepsInARow)]) { desk in
            let key = try await desk.enter(slug)
            func keep(form: String) async throws -> HTTPResponse {
                try await desk.onLab(
                    slug.rawValue, "/.carrel/keep", method: "POST", cookie: key, fields: Self.own, form: form)
            }
            let program = try await keep(form: "")
            #expect(program.status == 503 && program.text.contains("kept several times"))
            #expect(try await keep(form: "next=%2F.carrel%2F").text.contains("kept several times"))
            _ = try await desk.broker.end(slug, reason: .learnerEnded)
            #expect(try await keep(form: "").status == 409)
            let page = try await desk.onLab(slug.rawValue, "/.carrel/", cookie: key)
            #expect(page.text.contains("ending") || page.text.contains("ended"))
        }
    }
}
