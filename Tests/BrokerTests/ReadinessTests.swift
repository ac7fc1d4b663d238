import BrokerCore
import EventLoop
import HTTPTransport
import Testing

@testable import Broker

@Suite("Whether a lab is ready", .timeLimit(.minutes(1)))
@ControlLoop
struct ReadinessTests {
    /// The readiness of a program that answers with one status with the lab's token, and with another without it.
    private func readiness(
        _ kind: LabKind = .jupyter, with token: Int, without: Int
    ) async throws -> LabQuestions.Readiness? {
        let server = try HTTPServer(listen: .ip(address: "127.0.0.1", port: 0)) { request in
            .text("x", status: request.fields.first("Authorization") == "token right" ? token : without)
        }
        defer { server.close() }
        guard case .ip(let address, let port) = server.boundAddress else { return nil }
        let client = HTTPClient()
        defer { client.close() }
        let questions = LabQuestions(
            client: client, endpoint: Endpoint(address: address, port: port), kind: kind,
            authorization: LabContainer.authorization(kind, token: "right"))
        return await questions.readiness()
    }

    @Test("Jupyter is ready where this run's token opens it, and nothing else does")
    func jupyter() async throws {
        #expect(try await readiness(with: 200, without: 403) == .ready)
        #expect(try await readiness(with: 200, without: 401) == .ready)
        #expect(try await readiness(with: 403, without: 403) == .notYet, "the port of another lab")
        #expect(try await readiness(with: 502, without: 502) == .notYet)
    }

    @Test("A program that answers whoever comes is not this lab", arguments: [200, 302, 404])
    func unlocked(status: Int) async throws {
        #expect(try await readiness(with: 200, without: status) == .unlocked)
    }

    @Test("A lab without a credential is ready when it answers without a failure", arguments: [LabKind.rstudio, .http])
    func open(kind: LabKind) async throws {
        #expect(try await readiness(kind, with: 404, without: 404) == .ready)
        #expect(try await readiness(kind, with: 503, without: 503) == .notYet)
    }
}
