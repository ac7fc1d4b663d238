import BrokerCore
import EventLoop
import Foundation
import HTTPTransport
import HTTPWire
import Testing

@testable import Portal

@Suite("A lab's hostname")
struct LabPagesTests {
    @Test("A one-time code becomes the hostname's cookie, once, for its own session only")
    func enter() async throws {
        try await withDesk { desk in
            let (id, _) = try await desk.launch()
            let (other, _) = try await desk.launch(learner: "bob")
            let code = desk.broker.entryCode(for: id, visit: .of("ada"))
            let path = "/.carrel/enter?code=\(code)&next=/lab/tree/a%2520b.ipynb%3Fx%3D1"
            #expect(try await desk.onLab(id.rawValue, path, method: "HEAD").status == 405)
            #expect(try await desk.onLab(id.rawValue, path, fields: ["Purpose": "prefetch"]).status == 503)
            let entered = try await desk.onLab(id.rawValue, path)
            #expect(entered.status == 303)
            #expect(entered.location == "/lab/tree/a%20b.ipynb?x=1")
            let cookie = try #require(entered.fields.first("Set-Cookie"))
            #expect(cookie.hasPrefix("__Host-carrel="))
            #expect(cookie.hasSuffix("; Path=/; Secure; HttpOnly; SameSite=Lax"))

            let again = try await desk.onLab(id.rawValue, path)
            #expect(again.status == 403)
            #expect(again.text.contains("This way into the lab is closed"))
            #expect(again.fields.first("Set-Cookie") == nil)
            // Back in the browser's history, with the cookie that the code was exchanged for.
            let back = try await desk.onLab(id.rawValue, path, cookie: entered.cookieValue)
            #expect(back.location == "/lab/tree/a%20b.ipynb?x=1")

            // Somebody who saw a code on its way here cannot use it afterwards, even though this browser did not need
            // it.
            let seen = "/.carrel/enter?code=\(desk.broker.entryCode(for: id, visit: .of("ada")))"
            #expect(try await desk.onLab(id.rawValue, seen, cookie: entered.cookieValue).status == 303)
            #expect(try await desk.onLab(id.rawValue, seen).status == 403)
            // Nor can a program of the lab's page exchange it for a cookie.
            let fetched = "/.carrel/enter?code=\(desk.broker.entryCode(for: id, visit: .of("ada")))"
            #expect(try await desk.onLab(id.rawValue, fetched, isNavigation: false).status == 403)
            #expect(try await desk.onLab(id.rawValue, fetched).status == 403)

            let foreign = desk.broker.entryCode(for: other, visit: .of("bob"))
            #expect(try await desk.onLab(id.rawValue, "/.carrel/enter?code=\(foreign)").status == 403)
            #expect(try await desk.onLab(id.rawValue, "/.carrel/enter").status == 403)
        }
    }

    @Test("A code leads to the same hostname only")
    func openRedirect() async throws {
        try await withDesk { desk in
            let (id, _) = try await desk.launch()
            for next in ["https://evil.test/", "//evil.test", "/%5Cevil.test", "/%09/evil.test"] {
                let code = desk.broker.entryCode(for: id, visit: .of("ada"))
                let response = try await desk.onLab(id.rawValue, "/.carrel/enter?code=\(code)&next=\(next)")
                #expect(response.location == "/", "\(next)")
            }
        }
    }

    @Test("An unknown hostname is 404; a known one is 403 without the key, and says nothing about its session")
    func noKey() async throws {
        try await withDesk { desk in
            let (id, _) = try await desk.launch()
            let (other, _) = try await desk.launch(learner: "bob")
            let foreignKey = try await desk.enter(other)
            #expect(try await desk.onLab("zzzzzzzz", "/").status == 404)
            #expect(try await desk.onLab("zzzzzzzz", "/.carrel/events").status == 404)
            #expect(try await desk.onLab("not_a_slug", "/").status == 404)
            for cookie in [nil, "x", foreignKey] {
                let page = try await desk.onLab(id.rawValue, "/lab", cookie: cookie)
                #expect(page.status == 403)
                #expect(!page.text.contains("Ada"))
                let call = try await desk.onLab(id.rawValue, "/api", cookie: cookie, isNavigation: false)
                #expect(call.status == 403)
                #expect(call.fields.first("Content-Type") == "application/json")
                #expect(try await desk.onLab(id.rawValue, "/.carrel/events", cookie: cookie).status == 403)
                let restart = try await desk.onLab(id.rawValue, "/.carrel/restart", method: "POST", cookie: cookie)
                #expect(restart.status == 403)
            }
        }
    }

    @Test("While the lab is on its way, people see progress at the same address and programs are told to come back")
    func onItsWay() async throws {
        try await withDesk { desk in
            let (id, _) = try await desk.launch()
            let key = try await desk.enter(id)
            let page = try await desk.onLab(id.rawValue, "/lab/tree/a.ipynb?x=1", cookie: key)
            #expect(page.status == 503)
            #expect(page.fields.first("Retry-After") == "2")
            #expect(page.text.contains("Your lab is in the queue"))
            #expect(page.text.contains("data-events=\"/.carrel/events?next=%2Flab%2Ftree%2Fa.ipynb%3Fx%3D1\""))
            let call = try await desk.onLab(id.rawValue, "/api/kernels", cookie: key, isNavigation: false)
            #expect(call.status == 503)
            #expect(call.fields.first("Retry-After") == "2")
            let post = try await desk.onLab(id.rawValue, "/api/kernels", method: "POST", cookie: key)
            #expect(post.status == 503)
            // A hostname of another port of the lab belongs to the same session.
            #expect(try await desk.onLab("8050--\(id)", "/", cookie: key).status == 503)
        }
    }

    @Test("When the lab has ended, programs stop at 424 and people can start it again, back to the same path")
    func startAgain() async throws {
        try await withDesk { desk in
            let (id, _) = try await desk.launch()
            let key = try await desk.enter(id)
            _ = try await desk.broker.end(id, reason: .idle(timeoutSeconds: 600))
            let call = try await desk.onLab(id.rawValue, "/api/kernels", cookie: key, isNavigation: false)
            #expect(call.status == 424)
            #expect(call.text.hasPrefix("{\"message\":\"The lab has ended."))
            let page = try await desk.onLab(id.rawValue, "/lab/tree/a.ipynb?x=1&y=2", cookie: key)
            #expect(page.status == 424)
            #expect(page.text.contains("name=\"next\" value=\"/lab/tree/a.ipynb?x=1&amp;y=2\""))
            #expect(page.text.contains(">Start again</button>"))

            let form = "next=%2Flab%2Ftree%2Fa.ipynb%3Fx%3D1%26y%3D2"
            let foreign = try await desk.onLab(
                id.rawValue, "/.carrel/restart", method: "POST", cookie: key,
                fields: ["Sec-Fetch-Site": "cross-site"], form: form)
            #expect(foreign.status == 403)
            let click: HeaderFields = [
                "Sec-Fetch-Site": "same-origin", "Origin": "https://\(id).\(Desk.labsDomain)",
                "Sec-Fetch-Dest": "document", "Sec-Fetch-User": "?1",
            ]
            // A script of the lab's page has the same origin.
            for (name, value) in [("Sec-Fetch-Mode", "cors"), ("Sec-Fetch-Dest", "iframe"), ("Sec-Fetch-User", "?0")] {
                var scripted = click
                scripted.replace(name, value)
                let refused = try await desk.onLab(
                    id.rawValue, "/.carrel/restart", method: "POST", cookie: key, fields: scripted, form: form)
                #expect(refused.status == 403, "\(name)")
                #expect(refused.text.contains(">Start again</button>"))
            }
            #expect(try await desk.broker.view(id, in: .all).state == "ended")
            let own = try await desk.onLab(
                id.rawValue, "/.carrel/restart", method: "POST", cookie: key,
                fields: click, form: form)
            #expect(own.status == 303)
            #expect(own.location == "/lab/tree/a.ipynb?x=1&y=2")
            #expect(try await desk.broker.view(id, in: .all).state == "queued")
            #expect(try await desk.onLab(id.rawValue, "/lab/tree/a.ipynb?x=1&y=2", cookie: key).status == 503)
        }
    }

    @Test("A page at a lab's address follows its session too", .timeLimit(.minutes(1)))
    func events() async throws {
        try await withDesk { desk in
            let (id, _) = try await desk.launch()
            let key = try await desk.enter(id)
            let response = try await desk.onLab(id.rawValue, "/.carrel/events?next=/lab", cookie: key)
            guard case .stream(let stream) = response.body else {
                Issue.record("no stream")
                return
            }
            _ = try await desk.broker.end(id, reason: .learnerEnded)
            for await bytes in stream {
                let text = String(decoding: bytes, as: UTF8.self)
                guard text.contains("\"state\":\"ended\"") else { continue }
                #expect(text.contains("name=\"next\" value=\"/lab\""))
                break
            }
        }
    }
}
