import BrokerCore
import EventLoop
import Foundation
import HTTPTransport
import Literals
import Store
import Testing
import Words

@testable import Broker
@testable import Portal

@Suite("The operators' API, over its socket")
struct ControlAPITests {
    @Test("Seats are reserved, listed, shown and given up; what cannot be is refused with words")
    func reservations() async throws {
        try await withDesk { desk in
            let api = try Operator(desk)
            let start = Int64(Date().timeIntervalSince1970 * 1000) + 3_600_000
            func body(seats: Int) -> String {
                "{\"portal\":\"school\",\"lab\":\"python\",\"seats\":\(seats),\"from\":\(start),"
                    + "\"to\":\(start + 3_600_000),\"context\":\"101\",\"roster\":[\"ada\"]}"
            }
            // There is no engine: whenever the driver reports that, the test marks the host as answering again.
            var made: HTTPClientResponse
            repeat {
                desk.broker.submit(.hostListed(host: "h1", containers: []))
                made = try await api.send("POST", "/v1/reservations", body(seats: 2))
            } while made.status == 409
            #expect(made.status == 200)
            let view = try APICoding.decode(APIReservation.self, from: made.body).reservation
            #expect(view.phase == .booked && view.seats == 2 && view.roster == ["ada"])
            #expect(try await api.failure("POST", "/v1/reservations", body(seats: 9)) == (409, "noSeats"))
            #expect(try await api.failure("POST", "/v1/reservations", body(seats: 0)) == (400, "badTerms"))
            #expect(try await api.failure("POST", "/v1/reservations", "{}") == (400, "badRequest"))
            #expect(try await api.get("/v1/reservations", as: APIReservations.self).reservations.map(\.id) == [view.id])
            #expect(
                try await api.get("/v1/reservations/\(view.id)", as: APIReservation.self).reservation.from == view.from)
            #expect(try await api.failure("GET", "/v1/reservations?limit=0") == (400, "badRequest"))
            #expect(try await api.failure("GET", "/v1/reservations/none") == (404, "unknownReservation"))
            #expect(try await api.failure("POST", "/v1/reservations/none/cancel") == (404, "unknownReservation"))
            let gone = try await api.send("POST", "/v1/reservations/\(view.id)/cancel")
            #expect(try APICoding.decode(APIReservation.self, from: gone.body).reservation.phase == .cancelled)
        }
    }

    @Test("The status, the hosts and the sessions are told")
    func reading() async throws {
        try await withDesk { desk in
            let (id, _) = try await desk.launch()
            _ = try await desk.launch(learner: "bob")
            let api = try Operator(desk)
            let status = try await api.get("/v1/status", as: APIStatus.self)
            #expect(status.version == "1.2.3")
            #expect(status.processId == getpid())
            #expect(status.queued == 2)
            #expect(status.slots == 4)
            #expect(try await api.get("/v1/hosts", as: APIHosts.self).hosts.map(\.name) == ["h1"])

            let all = try await api.get("/v1/sessions", as: APISessions.self).sessions
            #expect(all.count == 2)
            let ada = try await api.get("/v1/sessions?learner=ada&state=queued&limit=5", as: APISessions.self).sessions
            #expect(ada.map(\.id) == [id])
            #expect(try await api.get("/v1/sessions?state=ended", as: APISessions.self).sessions.isEmpty)

            let one = try await api.get("/v1/sessions/\(id.rawValue.prefix(10))", as: APISession.self)
            #expect(one.session.id == id)
            #expect(one.story.first?.state == "queued")
        }
    }

    @Test("The end of a running session is announced with a notice, which can be named, replaced and taken back")
    func announcedEnd() async throws {
        try await withDesk(stored: [StayTests.running()]) { desk in
            let api = try Operator(desk)
            func send(_ act: String, _ body: String = "") async throws -> SessionView {
                let answer = try await api.send("POST", "/v1/sessions/\(slug)/\(act)", body)
                #expect(answer.status == 200, "\(act) \(body)")
                return try APICoding.decode(APISession.self, from: answer.body).session
            }
            var view = try await send("end", "{\"note\":\"The room closes\"}")
            #expect(view.state == "running" && view.announcedNote == "The room closes" && view.endsBy == .operatorEnds)
            let notice = try #require(view.announcedEndAt) - .now
            #expect((.seconds(240)...PortalLimits.endNotice).contains(notice))
            view = try await send("end", "{\"in_seconds\":1200}")
            #expect(try #require(view.announcedEndAt) - .now > .seconds(1100))
            view = try await send("cancel-end")
            #expect(view.announcedEndAt == nil && view.endsBy == .lifetime)
            #expect(try await api.failure("POST", "/v1/sessions/\(slug)/cancel-end") == (409, "notNow"))
            for seconds in [-1, Int(Limits.announcementMaximum.components.seconds) + 1] {
                let body = "{\"in_seconds\":\(seconds)}"
                #expect(try await api.failure("POST", "/v1/sessions/\(slug)/end", body) == (400, "badRequest"))
            }
            #expect(try await send("end", "{\"in_seconds\":0}").state == "ending")
        }
    }

    @Test("An operator ends a session with a note that the story keeps, cordons a host and takes it back")
    func changing() async throws {
        try await withDesk { desk in
            let (id, _) = try await desk.launch()
            let api = try Operator(desk)
            let ended = try await api.send("POST", "/v1/sessions/\(id)/end", "{\"note\":\"The room closes\"}")
            #expect(ended.status == 200)
            let answer = try APICoding.decode(APISession.self, from: ended.body)
            #expect(answer.session.state == "ended")
            #expect(answer.story.last?.reason.contains("The room closes") == true)

            #expect(try await api.send("POST", "/v1/hosts/h1/cordon").status == 200)
            #expect(try desk.store.load().duties["h1"] == .cordoned)
            #expect(try await api.send("POST", "/v1/hosts/h1/uncordon").status == 200)
            #expect(try desk.store.load().duties["h1"] == .active)
            let soon = "{\"deadline_seconds\":60}"
            #expect(try await api.failure("POST", "/v1/hosts/h1/drain", soon) == (400, "badRequest"))
            #expect(try desk.store.load().duties["h1"] == .active)
            let turn = "{\"hosts\":[\"h1\"],\"deadline_seconds\":60}"
            #expect(try await api.failure("POST", "/v1/drain", turn) == (400, "badRequest"))
            #expect(try await api.failure("POST", "/v1/hosts/h1/remove", soon) == (400, "badRequest"))
            let wanted = "{\"deadline_seconds\":60,\"without_notice\":true}"
            #expect(try await api.send("POST", "/v1/hosts/h1/drain", wanted).status == 200)
        }
    }

    @Test("What an operator does to a session is told with the name of the system's user who did it")
    func operators() async throws {
        try await withDesk { desk in
            let api = try Operator(desk)
            let (id, _) = try await desk.launch(learner: "bob")
            let answer = try await api.send("POST", "/v1/sessions/\(id)/end", "{\"note\":\"enough\"}")
            let ended = try APICoding.decode(APISession.self, from: answer.body)
            let words = "The operator \(SystemUsers.name(of: getuid())) ends it."
            #expect(ended.story.contains { $0.state == "note" && $0.reason == words })
            #expect(SystemUsers.name(of: 4_000_000_000) == "user 4000000000")
        }
    }

    @Test("Sessions are listed by course, and those that are over can be left out")
    func courses() async throws {
        try await withDesk { desk in
            let api = try Operator(desk)
            let (id, _) = try await desk.launch(learner: "bob")
            func list(_ query: String) async throws -> [SessionID] {
                try await api.get("/v1/sessions?\(query)", as: APISessions.self).sessions.map(\.id)
            }
            #expect(try await list("live=true") == [id])
            #expect(try await list("course=101") == [])
            _ = try await api.send("POST", "/v1/sessions/\(id)/end", #"{"in_seconds": 0}"#)
            #expect(try await list("live=true") == [])
            #expect(try await list("live=false") == [id])
            #expect(try await api.failure("GET", "/v1/sessions?live=1") == (400, "badRequest"))
        }
    }

    @Test("A session is explained, also when it is over; one that runs is extended, and its story says by whom and why")
    func explaining() async throws {
        let now = Timestamp.now
        let running = Session(
            id: slug, learner: Learner(portal: "school", id: "ada", name: "Ada"), lab: "python", epoch: 1,
            state: .running(host: "h1", endpoint: Endpoint(address: "127.0.0.1", port: 9), since: now),
            createdAt: now, lastActivityAt: now, stay: Stay(source: .ready))
        try await withDesk(stored: [running]) { desk in
            let (queued, _) = try await desk.launch(learner: "bob")
            let api = try Operator(desk)
            func why(_ id: SessionID) async throws -> SessionExplanation {
                try await api.get("/v1/sessions/\(id.rawValue.prefix(12))/explain", as: APIExplanation.self).explanation
            }
            #expect(try await why(slug).ends.map(\.cause) == [.lifetime, .idle])
            #expect(try await why(queued).queuePosition == 1)
            let before = try #require(try await desk.broker.view(slug).lifetimeEndsAt)
            // The user who runs the command, according to the kernel; what the body says about it is ignored.
            let me = SystemUsers.name(of: getuid())
            let body = "{\"seconds\":7200,\"who\":\"somebody else\",\"note\":\"The exam takes longer\"}"
            let answer = try await api.send("POST", "/v1/sessions/\(slug)/extend", body)
            let extended = try APICoding.decode(APISession.self, from: answer.body)
            #expect(extended.session.lifetimeEndsAt == before + .seconds(7200))
            #expect(
                extended.story.last?.reason.hasPrefix("Extended by 2 h by the operator \(me). The exam takes longer.")
                    == true)
            #expect(try await why(slug).extended?.by == "the operator \(me)")

            #expect(try await api.failure("POST", "/v1/sessions/\(queued)/extend", body) == (409, "notNow"))
            for bad in ["", "{\"seconds\":0}", "{\"seconds\":86401}", "{\"seconds\":\"2h\"}"] {
                #expect(try await api.failure("POST", "/v1/sessions/\(slug)/extend", bad) == (400, "badRequest"))
            }
            #expect(try await api.failure("POST", "/v1/sessions/\(slug)/explain") == (405, "methodNotAllowed"))
            #expect(try await api.failure("GET", "/v1/sessions/nobody/explain") == (404, "unknownSession"))
            let rest = "{\"seconds\":86000}"
            let (status, code) = try await api.failure("POST", "/v1/sessions/\(slug)/extend", rest)
            #expect(code == "limit" && status == 503)

            _ = try await api.send("POST", "/v1/sessions/\(queued)/end", "{\"note\":\"enough\"}")
            let over = try await why(queued)
            #expect(over.state == "ended" && over.decision?.reason.contains("enough") == true)
        }
    }

    @Test("Whatever is wrong is answered with its status, a code and words")
    func failures() async throws {
        try await withDesk { desk in
            let api = try Operator(desk)
            #expect(try await api.failure("GET", "/v1/nothing") == (404, "notFound"))
            #expect(try await api.failure("GET", "/") == (404, "notFound"))
            #expect(try await api.failure("POST", "/v1/status") == (405, "methodNotAllowed"))
            #expect(try await api.failure("GET", "/v1/sessions?limit=0") == (400, "badRequest"))
            #expect(try await api.failure("GET", "/v1/sessions/nobody") == (404, "unknownSession"))
            #expect(try await api.failure("POST", "/v1/hosts/h9/cordon") == (404, "unknownHost"))
            #expect(try await api.failure("POST", "/v1/hosts/h1/explode") == (404, "notFound"))
            #expect(try await api.failure("POST", "/v1/hosts/h1/drain", "[]") == (400, "badRequest"))
            #expect(try await api.failure("POST", "/v1/sessions/nobody/end", "{\"note\":1}") == (400, "badRequest"))
        }
    }

    @Test("Both sockets are their owner's alone, and a page comes over the edge's")
    func sockets() async throws {
        try await withDesk { desk in
            let api = try Operator(desk)
            for name in ["portal.sock", "control.sock"] {
                let attributes = try FileManager.default.attributesOfItem(atPath: "\(desk.directory)/\(name)")
                #expect(attributes[.posixPermissions] as? Int == 0o600)
            }
            let page = try await api.client.send(
                HTTPClientRequest(
                    method: "GET", target: "/", authority: "portal.test",
                    fields: ["X-Carrel-Scope": "portal", "X-Carrel-Portal": "school"]),
                to: .unix(path: desk.directory + "/portal.sock"), timeout: .seconds(10), bodyLimit: 1 << 20)
            #expect(page.status == 200)
            #expect(String(decoding: page.body, as: UTF8.self).contains("Labs open from your course"))
        }
    }

    @Test("A page that is closed frees its stream of events", .timeLimit(.minutes(1)))
    func streamsEnd() async throws {
        try await withDesk { desk in
            let api = try Operator(desk)
            let (id, ticket) = try await desk.launch()
            let answer = try await api.client.stream(
                HTTPClientRequest(
                    method: "GET", target: "/sessions/\(id)/events", authority: "portal.test",
                    fields: [
                        "X-Carrel-Scope": "portal", "X-Carrel-Portal": "school",
                        "Cookie": "\(Visitors.cookie)=\(ticket)",
                    ]),
                to: .unix(path: desk.directory + "/portal.sock"), timeout: .seconds(10))
            #expect(answer.head.status == 200)
            for try await _ in answer.body { break }
            #expect(desk.portal.openStreams == 1)
            // Dropping the body closes the connection.
            try await reading(answer.body)
            while desk.portal.openStreams > 0 { try await Task.sleep(for: .milliseconds(1)) }
        }
    }

    private func reading(_ body: consuming AsyncThrowingStream<[UInt8], any Error>) async throws {
        let task = Task { [body] in for try await _ in body {} }
        task.cancel()
        _ = await task.result
    }
}
