import EventLoop
import Foundation
import HTTPTransport
import Testing

@testable import DockerEngine

/// How the client handles an engine's responses, valid and invalid, which a server on a Unix socket sends.
@Suite("What an engine answers", .timeLimit(.minutes(1)))
@ControlLoop
struct EngineAnswersTests {
    /// An engine with scripted responses; by default one that supports 1.41.
    @ControlLoop
    final class Script {
        let engine: DockerEngine
        let path: String
        let server: HTTPServer
        private let targets = Targets()
        var asked: [String] { targets.asked }

        @ControlLoop
        final class Targets {
            var asked: [String] = []
        }

        @ControlLoop
        init(
            version: String = #"{"Version":"20.10.24","ApiVersion":"1.41","MinAPIVersion":"1.12"}"#,
            _ answer: @escaping @ControlLoop (HTTPRequest) async -> HTTPResponse = { _ in .text("OK") }
        ) throws {
            path = "/tmp/carrel-engine-\(UUID().uuidString.prefix(8)).sock"
            let targets = targets
            server = try HTTPServer(listen: .unix(path: path)) { request in
                targets.asked.append("\(request.method) \(request.target)")
                return request.target == "/version" ? .json(Array(version.utf8)) : await answer(request)
            }
            engine = try DockerEngine(endpoint: EngineEndpoint(.unix(path: path)))
        }

        isolated deinit { server.close() }
    }

    @Test(
        "a refusal becomes an error with endpoint, operation and the engine's own words",
        arguments: [
            (404, EngineError.Code.notFound), (409, .conflict), (400, .refused(status: 400)),
            (500, .refused(status: 500)),
        ])
    func refusals(status: Int, code: EngineError.Code) async throws {
        let script = try Script { _ in .json(Array(#"{"message":"No such container: lab"}"#.utf8), status: status) }
        let error = await #expect(throws: EngineError.self) { try await script.engine.start("lab") }
        #expect(error?.code == code)
        #expect(error?.isHostUnreachable == false)
        #expect(
            error?.message == "unix://\(script.path): POST /containers/lab/start: No such container: lab")
    }

    @Test("a refusal that is no JSON is quoted, up to a limit")
    func plainRefusal() async throws {
        let script = try Script { _ in .text(String(repeating: "proxy error ", count: 1000), status: 502) }
        let error = await #expect(throws: EngineError.self) { try await script.engine.ping() }
        #expect(error?.message.contains("proxy error") == true)
        #expect((error?.message.utf8.count ?? .max) < EngineLimits.refusalBytes + 200)
    }

    @Test("an engine that is not there is an unreachable host")
    func absent() async throws {
        let engine = try DockerEngine(endpoint: EngineEndpoint(.unix(path: "/tmp/carrel-no-engine.sock")))
        let error = await #expect(throws: EngineError.self) { try await engine.ping() }
        #expect(error?.code == .unreachable)
        #expect(error?.isHostUnreachable == true)
        #expect(error?.message.contains("unix:///tmp/carrel-no-engine.sock") == true)
        #expect(error?.message.contains("ENOENT") == true)
    }

    @Test("TLS files that cannot be used are named before anything is sent")
    func badIdentity() throws {
        let files = EngineEndpoint.Identity(
            authorityPath: "/nowhere/ca.pem", certificatePath: "/nowhere/c.pem", keyPath: "/nowhere/k.pem")
        let error = #expect(throws: EngineError.self) {
            _ = try DockerEngine(endpoint: EngineEndpoint(.tcp(host: "10.0.0.1", port: 2376, files)))
        }
        #expect(error?.code == .identity)
        #expect(error?.message.contains("/nowhere/ca.pem") == true)
    }

    @Test("the version is asked once: 1.41 where it is spoken, else the oldest; an engine that is too old is named")
    func negotiation() async throws {
        let usual = try Script()
        try await usual.engine.ping()
        try await usual.engine.ping()
        #expect(usual.asked == ["GET /version", "GET /v1.41/_ping", "GET /v1.41/_ping"])

        let new = try Script(version: #"{"Version":"29.1.0","ApiVersion":"1.52","MinAPIVersion":"1.44"}"#)
        try await new.engine.ping()
        #expect(new.asked.last == "GET /v1.44/_ping")

        let old = try Script(version: #"{"Version":"19.03.1","ApiVersion":"1.40","MinAPIVersion":"1.12"}"#)
        let error = await #expect(throws: EngineError.self) { try await old.engine.ping() }
        #expect(error?.message.contains("19.03.1 speaks version 1.40") == true)
        #expect(error?.message.contains("20.10 or later") == true)
    }

    @Test(
        "what is not an engine is a protocol violation",
        arguments: [
            #"{"Version":"1","ApiVersion":"new"}"#, "{}", "<html>", "",
        ])
    func noEngine(version: String) async throws {
        let script = try Script(version: version)
        let error = await #expect(throws: EngineError.self) { try await script.engine.ping() }
        #expect(error?.code == .protocolViolation)
    }

    @Test("an answer that does not fit the API is a protocol violation that names the operation")
    func wrongShape() async throws {
        let script = try Script { _ in .json(Array(#"{"Id":7}"#.utf8)) }
        let error = await #expect(throws: EngineError.self) { _ = try await script.engine.inspect("lab") }
        #expect(error?.code == .protocolViolation)
        #expect(error?.message.contains("GET /containers/lab/json") == true)
    }

    @Test(
        "a network without our labels is refused and left alone; one with them is used; a missing one is made"
    )
    func networks() async throws {
        let spec = NetworkSpec(name: "carrel-none", labels: ["carrel.instance": "i1"], masquerade: false)
        for (answer, isOurs) in [
            (#"[{"Id":"n1","Name":"carrel-none","Labels":{"carrel.instance":"i1","more":"x"}}]"#, true),
            (#"[{"Id":"n1","Name":"carrel-none","Labels":{}}]"#, false),
            (#"[{"Id":"n1","Name":"carrel-none","Labels":null}]"#, false),
            (#"[{"Id":"n1","Name":"carrel-none","Labels":{"carrel.instance":"i2"}}]"#, false),
        ] {
            let script = try Script { _ in .json(Array(answer.utf8)) }
            if isOurs {
                #expect(try await script.engine.ensureNetwork(spec).id == "n1")
                #expect(try await script.engine.networkID(named: "carrel-none") == "n1")
            } else {
                let error = await #expect(throws: EngineError.self) { try await script.engine.ensureNetwork(spec) }
                #expect(error?.code == .conflict)
                #expect(error?.message.contains("is not ours") == true)
            }
            #expect(script.asked.allSatisfy { $0.hasPrefix("GET") })
        }
        let networks = Networks()
        let missing = try Script { request in
            if request.method == "POST" { networks.isMade = true }
            // The filter also matches parts of names.
            let other = #"{"Id":"n0","Name":"carrel-none-too","Labels":null}"#
            let made = #",{"Id":"n1","Name":"carrel-none","Labels":{"carrel.instance":"i1"}}"#
            return .json(Array("[\(other)\(networks.isMade ? made : "")]".utf8), status: 200)
        }
        #expect(try await missing.engine.networkID(named: "carrel-none") == nil)
        #expect(try await missing.engine.ensureNetwork(spec).id == "n1")
        #expect(missing.asked.contains("POST /v1.41/networks/create"))
    }

    @Test(
        "what a network really is is read back: its bridge, its addresses, and whether its containers reach each other")
    func readBack() async throws {
        let spec = NetworkSpec(name: "carrel-none", labels: [:], bridge: "cr-n", masquerade: false)
        let script = try Script { _ in
            .json(
                Array(
                    #"""
                    [{"Id":"n1","Name":"carrel-none","IPAM":{"Config":[{"Subnet":"172.20.0.0/16","Gateway":"172.20.0.1"}]},
                      "Options":{"com.docker.network.bridge.enable_icc":"false","com.docker.network.bridge.name":"cr-n"}}]
                    """#.utf8))
        }
        let network = try await script.engine.ensureNetwork(spec)
        #expect(network.bridge == "cr-n" && network.gateways == ["172.20.0.1"] && !network.joinsNeighbours)
        // An engine that accepts the option and ignores it.
        let careless = try Script { _ in .json(Array(#"[{"Id":"0123456789abcdef","Name":"carrel-none"}]"#.utf8)) }
        let joined = try await careless.engine.ensureNetwork(spec)
        #expect(joined.bridge == "br-0123456789ab" && joined.joinsNeighbours)
    }

    @ControlLoop private final class Networks {
        var isMade = false
    }

    @Test("of two networks of ours with one name, made by two who asked at the same time, one goes")
    func twinNetworks() async throws {
        let spec = NetworkSpec(name: "carrel-none", labels: ["carrel.instance": "i1"], masquerade: false)
        let network = #""Name":"carrel-none","Labels":{"carrel.instance":"i1"}"#
        let script = try Script { request in
            request.method == "GET"
                ? .json(Array("[{\"Id\":\"b\",\(network)},{\"Id\":\"a\",\(network)}]".utf8)) : .text("")
        }
        #expect(try await script.engine.ensureNetwork(spec).id == "a")
        #expect(script.asked.last == "DELETE /v1.41/networks/b")
    }

    @Test("events come as they happen; the end of the engine is an error of the stream")
    func events() async throws {
        let (answer, pieces) = AsyncStream.makeStream(of: [UInt8].self)
        let script = try Script { _ in HTTPResponse(status: 200, body: .stream(answer)) }
        let events = try await script.engine.events(labels: ["carrel.instance": "i1"])
        pieces.yield(Array(#"{"Action":"start","Actor":{"ID":"c1"}}"#.utf8))
        pieces.yield(Array("\n".utf8))
        var seen: [String] = []
        let error = await #expect(throws: EngineError.self) {
            for try await event in events {
                seen.append(event.containerID)
                script.server.close()
            }
        }
        #expect(seen == ["c1"])
        #expect(script.asked.last?.contains("%22label%22%3A%5B%22carrel.instance%3Di1%22%5D") == true)
        #expect(error?.code == .unreachable)
        #expect(error?.isHostUnreachable == true)
    }

    @Test("a refused stream of events is an error at once")
    func refusedEvents() async throws {
        let script = try Script { _ in .text("no", status: 500) }
        let error = await #expect(throws: EngineError.self) { _ = try await script.engine.events(labels: [:]) }
        #expect(error?.code == .refused(status: 500))
    }

    @Test("an operation that is given up ends at once")
    func cancellation() async throws {
        let (hang, _) = AsyncStream.makeStream(of: Void.self)
        let (arrivals, arrived) = AsyncStream.makeStream(of: Void.self)
        let script = try Script { _ in
            arrived.yield()
            for await _ in hang {}
            return .text("late")
        }
        let asking = Task { try await script.engine.ping() }
        for await _ in arrivals { break }
        asking.cancel()
        let error = await #expect(throws: EngineError.self) { try await asking.value }
        #expect(error?.code == .unreachable)
    }
}
