import BrokerCore
import EventLoop
import Foundation
import Literals
import Store
import Testing

@testable import Broker
@testable import Portal

@Suite("What the API says and does about hosts") @ControlLoop struct HostAPITests {
    private static let slug = SessionID(rawValue: "k3v7k3v7k3v7k3v7k3v7")

    private static let running = Session(
        id: slug, learner: Learner(portal: "school", id: "ada", name: "Ada"), lab: "python", epoch: 1,
        state: .running(host: "h1", endpoint: Endpoint(address: "127.0.0.1", port: 9), since: .now),
        createdAt: .now, lastActivityAt: .now, stay: Stay(source: .ready))

    @Test("One host is told with who is there")
    func details() async throws {
        try await withDesk(stored: [Self.running]) { desk in
            let api = try Operator(desk)
            let details = try await api.get("/v1/hosts/h1", as: HostDetailsView.self)
            #expect(details.host.name == "h1")
            #expect(details.sessions.map(\.id) == [Self.slug])
            #expect(details.sharesHomes)
            #expect(try await api.failure("GET", "/v1/hosts/h9") == (404, "unknownHost"))
            #expect(try await api.failure("POST", "/v1/hosts/h1") == (405, "methodNotAllowed"))
        }
    }

    @Test("A host is added only if its engine answers, and with valid terms")
    func adding() async throws {
        try await withDesk { desk in
            let api = try Operator(desk)
            func body(_ change: String) -> String {
                "{\"name\":\"h2\",\"endpoint\":\"unix:///none.sock\",\"slots\":4,\"memory_bytes\":1073741824\(change)}"
            }
            #expect(try await api.failure("POST", "/v1/hosts", body("")) == (409, "notNow"))
            #expect(try await api.failure("POST", "/v1/hosts", "{}") == (400, "badRequest"))
            let relative = body("").replacing("unix:///", with: "unix://")
            #expect(try await api.failure("POST", "/v1/hosts", relative) == (400, "badTerms"))
            let open = body("").replacing("unix:///none.sock", with: "tcp://10.0.0.5:2375")
            #expect(try await api.failure("POST", "/v1/hosts", open) == (400, "badRequest"))
            let address = ",\"publish_address\":\"10.0.0.5\""
            let bare = open.replacing("}", with: address + "}")
            #expect(try await api.failure("POST", "/v1/hosts", bare) == (400, "badTerms"))
            #expect(try await api.failure("POST", "/v1/hosts/h1/remove") == (409, "notNow"))
            #expect(try await api.failure("POST", "/v1/hosts/h9/remove") == (404, "unknownHost"))
            let late = "{\"deadline_seconds\":-1}"
            #expect(try await api.failure("POST", "/v1/hosts/h1/remove", late) == (400, "badRequest"))
        }
    }

    @Test("Slots, memory and labels are set, and stored; labels keep their spelling")
    func setting() async throws {
        try await withDesk { desk in
            let api = try Operator(desk)
            let body = "{\"slots\":7,\"memory_bytes\":1073741824,\"labels\":{\"disk_kind\":\"ssd\"}}"
            let answer = try await api.send("POST", "/v1/hosts/h1/set", body)
            let host = try APICoding.decode(APIHost.self, from: answer.body).host
            #expect(host.slots == 7 && host.memoryLimitBytes == 1 << 30 && host.isAdjusted)
            #expect(host.labels == ["disk_kind": "ssd"])
            #expect(
                try desk.store.load().hosts.adjustments == [
                    "h1": HostAdjustment(slots: 7, memoryBytes: 1 << 30, labels: ["disk_kind": "ssd"])
                ])
            #expect(try await api.failure("POST", "/v1/hosts/h1/set", "{\"slots\":0}") == (400, "badTerms"))
            #expect(try await api.send("POST", "/v1/hosts/h1/set", "{\"reset\":true}").status == 200)
            #expect(try desk.store.load().hosts.adjustments == [:])
        }
    }

    @Test("Hosts are drained in turn, and how that stands is told until it is over")
    func rollingDrain() async throws {
        try await withDesk { desk in
            let api = try Operator(desk)
            #expect(try await api.get("/v1/drain", as: APIRollingDrain.self).drain == nil)
            let body = "{\"hosts\":[\"h1\"],\"max_unavailable\":2,\"deadline_seconds\":7200}"
            let answer = try await api.send("POST", "/v1/drain", body)
            let drain = try APICoding.decode(APIRollingDrain.self, from: answer.body).drain
            #expect(drain?.hosts.map(\.host) == ["h1"] && drain?.hosts[0].phase == .begun)
            #expect(drain?.maxUnavailable == 2 && drain?.deadlineSeconds == 7200)
            #expect(try await api.failure("POST", "/v1/drain", body) == (409, "notNow"))
            #expect(try await api.send("POST", "/v1/hosts/h1/uncordon").status == 200)
            #expect(try await api.get("/v1/drain", as: APIRollingDrain.self).drain == nil)
            #expect(try await api.failure("POST", "/v1/drain", "{}") == (400, "badRequest"))
            #expect(try await api.failure("POST", "/v1/drain", "{\"hosts\":[]}") == (400, "badTerms"))
            #expect(try await api.failure("POST", "/v1/drain", "{\"hosts\":[\"h9\"]}") == (404, "unknownHost"))
        }
    }

    @Test("Labs are told with where their images are; a pull is asked of hosts that answer, and of no others")
    func labs() async throws {
        try await withDesk { desk in
            let api = try Operator(desk)
            let labs = try await api.get("/v1/labs", as: APILabs.self).labs
            #expect(labs.map(\.name) == ["python"])
            let lab = try await api.get("/v1/labs/python", as: APILab.self).lab
            #expect(lab.hosts.map(\.host) == ["h1"] && lab.hosts[0].presence == .unknown && !lab.hosts[0].differs)
            #expect(try await api.send("POST", "/v1/labs/python/prepull").status == 200)
            let body = "{\"hosts\":[\"h1\"]}"
            #expect(try await api.failure("POST", "/v1/labs/python/prepull", body) == (409, "notNow"))
            let unknown = "{\"hosts\":[\"h9\"]}"
            #expect(try await api.failure("POST", "/v1/labs/python/prepull", unknown) == (404, "unknownHost"))
            #expect(try await api.failure("POST", "/v1/labs/none/prepull") == (404, "unknownLab"))
            #expect(try await api.failure("GET", "/v1/labs/none") == (404, "unknownLab"))
            #expect(try await api.failure("GET", "/v1/labs/python/prepull") == (405, "methodNotAllowed"))
            #expect(try await api.failure("POST", "/v1/labs/python/prepull", "[]") == (400, "badRequest"))
        }
    }

    @Test("What an operator wants of a host stands, with their name, in the stories of the sessions that are there")
    func operators() async throws {
        try await withDesk(stored: [Self.running]) { desk in
            let api = try Operator(desk)
            let (queued, _) = try await desk.launch(learner: "bob")
            let me = SystemUsers.name(of: getuid())
            func told(_ id: SessionID) async throws -> [String] {
                try await api.get("/v1/sessions/\(id)", as: APISession.self).story
                    .filter { $0.state == "note" && $0.reason.hasPrefix("The operator") }.map(\.reason)
            }
            // The stories do not record these, because learners on the host do not notice them.
            for act in ["cordon", "uncordon"] {
                #expect(try await api.send("POST", "/v1/hosts/h1/\(act)").status == 200)
            }
            #expect(try await told(Self.slug) == [])
            let hour = "{\"deadline_seconds\":3600}"
            #expect(try await api.send("POST", "/v1/hosts/h1/drain", hour).status == 200)
            #expect(try await api.send("POST", "/v1/hosts/h1/uncordon").status == 200)
            let turns = "{\"hosts\":[\"h1\"],\"deadline_seconds\":3600}"
            #expect(try await api.send("POST", "/v1/drain", turns).status == 200)
            // A refused action is not recorded.
            #expect(try await api.failure("POST", "/v1/drain", turns).0 == 409)
            #expect(try await api.failure("POST", "/v1/hosts/h1/drain", "{\"deadline_seconds\":-1}").0 == 400)
            #expect(try await api.failure("POST", "/v1/hosts/h1/remove", hour).0 == 409)
            // The broker decides whether it is lost.
            _ = try await api.send("POST", "/v1/hosts/h1/lost")
            #expect(
                try await told(Self.slug) == [
                    "The operator \(me) drains the host h1.",
                    "The operator \(me) takes the drain of the host h1 back.",
                    "The operator \(me) drains the host h1 when its turn comes.",
                    "The operator \(me) says that the host h1 is lost.",
                ])
            #expect(try await told(queued) == [])
        }
    }

    @Test("A host that answered a moment ago is not lost")
    func notLost() async throws {
        try await withDesk(stored: [Self.running]) { desk in
            let container = ObservedContainer(
                session: Self.slug, epoch: 1, containerID: "c", isRunning: true,
                endpoint: Endpoint(address: "127.0.0.1", port: 9))
            desk.broker.submit(.hostListed(host: "h1", containers: [container]))
            let api = try Operator(desk)
            #expect(try await api.failure("POST", "/v1/hosts/h1/lost") == (409, "notNow"))
            #expect(try await api.failure("POST", "/v1/hosts/h9/lost") == (404, "unknownHost"))
            #expect(try await api.failure("GET", "/v1/hosts/h1/lost") == (405, "methodNotAllowed"))
            #expect(try await api.get("/v1/sessions/\(Self.slug)", as: APISession.self).session.state == "running")
        }
    }
}
