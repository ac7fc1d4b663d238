import EventLoop
import Foundation
import Testing

@testable import DockerEngine

/// A real Docker Engine, if this run was given one, either by `CARREL_TEST_ENGINE` (`unix:///path`), or in the list of
/// engines that `Scripts/test` starts (`CARREL_TEST_ENGINES`, a JSON file). `CARREL_TEST_IMAGE` is an image on it that
/// has `sh`, `sleep`, `head`, `tail`, and `python3` or `httpd`.
struct TestEngine: Sendable, CustomTestStringConvertible {
    let endpoint: EngineEndpoint
    let publishAddress: String

    static let all: [TestEngine] = {
        let environment = ProcessInfo.processInfo.environment
        if let single = environment["CARREL_TEST_ENGINE"], single.hasPrefix("unix://") {
            return [
                TestEngine(
                    endpoint: EngineEndpoint(.unix(path: String(single.dropFirst("unix://".count)))),
                    publishAddress: "127.0.0.1")
            ]
        }
        guard let path = environment["CARREL_TEST_ENGINES"], let data = FileManager.default.contents(atPath: path),
            let listed = try? JSONDecoder().decode([Listed].self, from: data)
        else { return [] }
        return listed.compactMap { $0.engine }
    }()

    static var image: String { ProcessInfo.processInfo.environment["CARREL_TEST_IMAGE"] ?? "carrel-test/busybox:1" }

    var testDescription: String { endpoint.description }

    private struct Listed: Decodable {
        var endpoint: String
        var publishAddress: String
        var ca: String?
        var certificate: String?
        var key: String?

        var engine: TestEngine? {
            guard let url = URL(string: endpoint) else { return nil }
            if url.scheme == "unix" {
                return TestEngine(endpoint: EngineEndpoint(.unix(path: url.path)), publishAddress: publishAddress)
            }
            guard let host = url.host, let port = url.port, let ca, let certificate, let key else { return nil }
            let files = EngineEndpoint.Identity(authorityPath: ca, certificatePath: certificate, keyPath: key)
            return TestEngine(
                endpoint: EngineEndpoint(.tcp(host: host, port: port, files)), publishAddress: publishAddress)
        }
    }
}

/// One test's own corner of an engine: everything in it has one label, and is removed by `clear()`.
@ControlLoop
struct Corner {
    let engine: DockerEngine
    let label: String
    let place: TestEngine

    init(_ place: TestEngine) throws {
        self.place = place
        engine = try DockerEngine(endpoint: place.endpoint)
        label = UUID().uuidString.prefix(8).lowercased()
    }

    var labels: [String: String] { ["carrel.instance": label] }
    var network: String { "carrel-test-\(label)" }

    func spec(_ script: String, memoryBytes: Int64 = 64 << 20, mounts: [ContainerSpec.Mount] = []) -> ContainerSpec {
        ContainerSpec(
            image: TestEngine.image, command: ["sh", "-c", script], environment: ["GREETING": "hello world"],
            labels: labels.merging(["carrel.session": "s1"]) { $1 }, user: "1000:1000", hostname: "desk", port: 8000,
            publishAddress: place.publishAddress, memoryBytes: memoryBytes, cpus: 0.5, processLimit: 64,
            mounts: mounts, network: network)
    }

    func prepare() async throws {
        try await engine.ensureNetwork(NetworkSpec(name: network, labels: labels, masquerade: false))
    }

    /// Runs a container until it ends, and returns its details and output.
    func run(_ name: String, _ spec: ContainerSpec) async throws -> (details: ContainerDetails, log: [String]) {
        let events = try await engine.events(labels: labels)
        let id = try await engine.create(name: "\(label)-\(name)", spec)
        try await engine.start(id)
        for try await event in events where event.containerID == id && event.action == .die { break }
        return (try await engine.inspect(id), try await engine.logs(id, lines: 100))
    }

    func clear() async throws {
        for container in try await engine.list(labels: DockerEngine.words(labels)) {
            try await engine.remove(container.id, force: true)
        }
        _ = try? await engine.call("DELETE", "/networks/\(network)", timeout: .seconds(20))
        _ = try? await engine.call("DELETE", "/volumes/\(network)", timeout: .seconds(20))
    }
}

/// - Parameter withNetwork: labs' containers need one, helpers do not.
@ControlLoop
func inCorner(
    of place: TestEngine, withNetwork: Bool = false, _ body: @ControlLoop (Corner) async throws -> Void
) async throws {
    let corner = try Corner(place)
    if withNetwork { try await corner.prepare() }
    do {
        try await body(corner)
    } catch {
        try? await corner.clear()
        throw error
    }
    try await corner.clear()
}
