import BrokerCore
import Doors
import EventLoop
import Foundation
import HTTPTransport
import HTTPWire
import Store
import Testing

@testable import Portal

@Suite("The portal's hostname")
struct LearnerPagesTests {
    @Test("A link leads to a session's page and gives the browser a ticket; the same learner gets the same session")
    func launch() async throws {
        try await withDesk { desk in
            let response = try await desk.onPortal(try desk.link())
            #expect(response.status == 303)
            let cookie = try #require(response.fields.first("Set-Cookie"))
            #expect(cookie.hasPrefix("__Host-carrel-portal="))
            #expect(cookie.hasSuffix("; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=43200"))
            let location = try #require(response.location)
            let page = try await desk.onPortal(location, cookie: response.cookieValue)
            #expect(page.status == 200)
            #expect(page.text.contains("Your lab is in the queue"))
            #expect(page.text.contains("<bdi>Python</bdi> · <bdi>Ada Lovelace</bdi>"))

            let again = try await desk.launch()
            #expect("/sessions/\(again.id)" == location)
            let other = try await desk.launch(learner: "bob")
            #expect(other.id != again.id)
            #expect(try await desk.broker.sessions(SessionQuery(), in: .all).count == 2)
        }
    }

    @Test("Every page keeps browsers careful")
    func fields() async throws {
        try await withDesk { desk in
            let (id, ticket) = try await desk.launch()
            for target in ["/", "/sessions/\(id)", "/launch", "/nowhere"] {
                let page = try await desk.onPortal(target, cookie: ticket)
                #expect(page.fields.first("Cache-Control") == "no-store")
                #expect(page.fields.first("X-Content-Type-Options") == "nosniff")
                #expect(page.fields.first("Referrer-Policy") == "same-origin")
                #expect(page.fields.first("Content-Security-Policy")?.contains("frame-ancestors 'none'") == true)
            }
        }
    }

    @Test("A link that is wrong says how, and creates nothing")
    func wrongLinks() async throws {
        try await withDesk { desk in
            let good = try desk.link()
            let cases: [(String, Int, Page)] = [
                (good.replacing("learner=ada", with: "learner=bob"), 403, NoticePage.alteredLink()),
                (good.replacing("lab=python", with: "lab=r"), 403, NoticePage.alteredLink()),
                (try desk.link(validSeconds: -1), 403, NoticePage.expiredLink()),
                (try desk.link(lab: "cobol"), 404, NoticePage.unknownLab("cobol")),
                (good.replacing("lab=python&", with: ""), 400, NoticePage.incompleteLink(.missing)),
            ]
            for (target, status, page) in cases {
                let response = try await desk.onPortal(target)
                #expect(response.status == status, "\(target)")
                #expect(response.text.contains(">\(page.panel.heading)</h1>"), "\(target)")
                #expect(response.fields.first("Set-Cookie") == nil)
            }
            #expect(try await desk.onPortal(good + "&lab=python").status == 400)
            #expect(try await desk.broker.sessions(SessionQuery(), in: .all).isEmpty)
        }
    }

    @Test("Only a click launches: neither a look at the head nor a browser's guess")
    func onlyClicks() async throws {
        try await withDesk { desk in
            let link = try desk.link()
            #expect(try await desk.onPortal(link, method: "HEAD").status == 405)
            #expect(try await desk.onPortal(link, method: "POST").status == 400)
            #expect(try await desk.onPortal(link, fields: ["Sec-Purpose": "prefetch"]).status == 503)
            #expect(try await desk.broker.sessions(SessionQuery(), in: .all).isEmpty)
        }
    }

    @Test("A link with utm_source, fbclid and gclid behind it opens the same session")
    func trackedLink() async throws {
        try await withDesk { desk in
            let (id, _) = try await desk.launch()
            let tracked = try desk.link() + "&utm_source=news&utm_medium=mail&fbclid=IwAR0_x-1&gclid=1&_ga=2.1.2"
            let response = try await desk.onPortal(tracked)
            #expect(response.status == 303)
            #expect(response.location == "/sessions/\(id)")
            #expect(try await desk.onPortal(tracked + "&lab=python").status == 400)
        }
    }

    @Test(
        "What does not say that a browser opens the link as a page gets a button, and starts nothing",
        arguments: [
            // A mail scanner, a chat's link preview, curl, an old browser.
            ["Sec-Fetch-Mode": "", "Sec-Fetch-Dest": ""],
            // A script of a page, an image, a fetched page.
            ["Sec-Fetch-Mode": "cors", "Sec-Fetch-Dest": "empty"],
            ["Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "image"],
            // A frame, where no site may show the portal in one.
            ["Sec-Fetch-Dest": "iframe"], ["Sec-Fetch-Dest": "object"],
        ] as [HeaderFields])
    func scanner(fields: HeaderFields) async throws {
        try await withDesk { desk in
            let link = try desk.link()
            let page = try await desk.onPortal(link + "&utm_source=mail", fields: fields)
            #expect(page.status == 200)
            #expect(page.fields.first("Set-Cookie") == nil)
            #expect(page.text.contains(">Open the lab</button></form>"))
            #expect(page.text.contains("<form method=\"post\" action=\"/launch\">"))
            #expect(!page.text.contains("<script") && !page.text.contains("utm_source"))
            #expect(try await desk.broker.sessions(SessionQuery(), in: .all).isEmpty)

            // The button posts the link's contents, and only from this page.
            let form = String(link.dropFirst("/launch?".count))
            for fields: HeaderFields in [["Origin": "https://evil.test"], ["Sec-Fetch-Site": "cross-site"]] {
                #expect(try await desk.onPortal("/launch", method: "POST", fields: fields, form: form).status == 403)
            }
            #expect(try await desk.broker.sessions(SessionQuery(), in: .all).isEmpty)
            let opened = try await desk.onPortal(
                "/launch", method: "POST", fields: ["Origin": "https://portal.test"], form: form)
            #expect(opened.status == 303)
            #expect(try await desk.broker.sessions(SessionQuery(), in: .all).count == 1)
        }
    }

    @Test("An altered link gets no button")
    func alteredForScanner() async throws {
        try await withDesk { desk in
            let altered = try desk.link().replacing("learner=ada", with: "learner=bob")
            let page = try await desk.onPortal(altered, fields: ["Sec-Fetch-Mode": "", "Sec-Fetch-Dest": ""])
            #expect(page.status == 403)
            #expect(!page.text.contains("<form"))
        }
    }

    @Test(
        "One person follows a bounded number of pages at once; one more waits, and nobody else does",
        .timeLimit(.minutes(1)))
    func streamsOfOnePerson() async throws {
        try await withDesk { desk in
            let (id, ticket) = try await desk.launch()
            let (other, bob) = try await desk.launch(learner: "bob")
            let key = try await desk.enter(id)
            var open: [HTTPResponse] = []
            for _ in 0..<PortalLimits.eventStreamsPerPerson {
                open.append(try await desk.onPortal("/sessions/\(id)/events", cookie: ticket))
                #expect(open.last?.status == 200)
            }
            let refused = try await desk.onPortal("/sessions/\(id)/events", cookie: ticket)
            #expect(refused.status == 429)
            #expect(refused.fields.first("Retry-After") == "5")
            #expect(try await desk.onPortal("/sessions/\(other)/events", cookie: bob).status == 200)
            // A lab's page cannot use them all up: its hostname has a limit of its own.
            for _ in 0..<PortalLimits.eventStreamsPerPerson {
                open.append(try await desk.onLab(id.rawValue, "/.carrel/events", cookie: key))
                #expect(open.last?.status == 200)
            }
            #expect(try await desk.onLab(id.rawValue, "/.carrel/events", cookie: key).status == 429)
            // A closed stream makes room for another.
            open = []
            var next = 429
            while next == 429 {
                try await Task.sleep(for: .milliseconds(1))
                next = try await desk.onPortal("/sessions/\(id)/events", cookie: ticket).status
            }
            #expect(next == 200)
        }
    }

    @Test("A session is its learner's: without a ticket 403, with another's the same as if there were none")
    func access() async throws {
        try await withDesk { desk in
            let (id, ticket) = try await desk.launch()
            let (_, bob) = try await desk.launch(learner: "bob")
            for path in ["", "/events", "/open"] {
                #expect(try await desk.onPortal("/sessions/\(id)\(path)").status == 403)
                #expect(try await desk.onPortal("/sessions/\(id)\(path)", cookie: ticket + "x").status == 403)
                let foreign = try await desk.onPortal("/sessions/\(id)\(path)", cookie: bob)
                let missing = try await desk.onPortal("/sessions/zzzzzzzz\(path)", cookie: bob)
                #expect(foreign.status == 404)
                #expect(foreign.status == missing.status)
                #expect(foreign.text == missing.text)
            }
            let restart = try await desk.onPortal("/sessions/\(id)/restart", method: "POST", cookie: bob)
            #expect(restart.status == 404)
        }
    }

    @Test("A session that does not run yet opens nothing; one that ended starts again by its own form only")
    func restart() async throws {
        try await withDesk { desk in
            let (id, ticket) = try await desk.launch()
            #expect(try await desk.onPortal("/sessions/\(id)/open", cookie: ticket).location == "/sessions/\(id)")
            _ = try await desk.broker.end(id, reason: .operatorEnded(note: "The <room> closes."))
            let ended = try await desk.onPortal("/sessions/\(id)", cookie: ticket)
            #expect(ended.text.contains("Your lab has ended"))
            #expect(ended.text.contains("who say: “<bdi>The &lt;room&gt; closes.</bdi>”"))
            #expect(ended.text.contains("<form method=\"post\" action=\"/sessions/\(id)/restart\">"))

            let path = "/sessions/\(id)/restart"
            #expect(try await desk.onPortal(path, cookie: ticket).status == 405)
            let foreign = try await desk.onPortal(
                path, method: "POST", cookie: ticket, fields: ["Origin": "https://evil.test"])
            #expect(foreign.status == 403)
            #expect(try await desk.broker.view(id, in: .all).state == "ended")
            let own = try await desk.onPortal(
                path, method: "POST", cookie: ticket, fields: ["Origin": "https://portal.test"])
            #expect(own.location == "/sessions/\(id)")
            #expect(try await desk.broker.view(id, in: .all).state == "queued")
        }
    }

    @Test("An open page hears of every change", .timeLimit(.minutes(1)))
    func events() async throws {
        try await withDesk { desk in
            let (id, ticket) = try await desk.launch()
            let response = try await desk.onPortal("/sessions/\(id)/events", cookie: ticket)
            #expect(response.fields.first("Content-Type") == "text/event-stream")
            guard case .stream(let stream) = response.body else {
                Issue.record("no stream")
                return
            }
            let reader = Task {
                var text = ""
                for await bytes in stream {
                    text += String(decoding: bytes, as: UTF8.self)
                    if text.contains("\"state\":\"ended\"") { break }
                    if text.contains("\"state\":\"queued\""), !text.contains("\"state\":\"ended\"") {
                        _ = try await desk.broker.end(id, reason: .learnerEnded)
                    }
                }
                return text
            }
            let text = try await reader.value
            #expect(text.hasPrefix("retry: 1000\n\nevent: panel\ndata: "))
            #expect(text.contains("Your lab is in the queue"))
            #expect(text.contains("Your lab has ended"))
        }
    }

    @Test("At the end open pages are let go, and none can follow any more", .timeLimit(.minutes(1)))
    func endOfStreams() async throws {
        try await withDesk { desk in
            let (id, ticket) = try await desk.launch()
            let response = try await desk.onPortal("/sessions/\(id)/events", cookie: ticket)
            guard case .stream(let stream) = response.body else {
                Issue.record("no stream")
                return
            }
            let reader = Task { for await _ in stream {} }
            desk.portal.endStreams()
            await reader.value
            #expect(try await desk.onPortal("/sessions/\(id)/events", cookie: ticket).status == 503)
        }
    }

    @Test("Other addresses lead nowhere")
    func nowhere() async throws {
        try await withDesk { desk in
            #expect(try await desk.onPortal("/").status == 200)
            #expect(try await desk.onPortal("/", method: "POST").status == 405)
            #expect(try await desk.onPortal("/favicon.ico").status == 404)
            let (id, ticket) = try await desk.launch()
            #expect(try await desk.onPortal("/sessions/\(id)/other", cookie: ticket).status == 404)
            #expect(try await desk.onPortal("/sessions/\(id)/", cookie: ticket).location == "/sessions/\(id)")
            #expect(try await desk.onPortal("/sessions/\(id)/", method: "POST", cookie: ticket).status == 405)
            #expect(try await desk.onPortal("/sessions/zzzzzzzz/", cookie: ticket).status == 404)
        }
    }
}
