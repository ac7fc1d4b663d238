import BrokerCore
import EventLoop
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
