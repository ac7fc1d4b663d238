import EventLoop
import Foundation
import HTTPTransport
import HTTPWire
import TLS
import Testing

@testable import carrel

@Suite("carrel edge") struct EdgeCommandTests {
    /// The files that it needs, in a directory of its own, and an upstream that answers with its name.
    @ControlLoop private final class Bench {
        let directory = FileManager.default.temporaryDirectory.path + "/carrel-edge-\(UInt32.random(in: 0 ... .max))"
        let files: CertificateFiles
        let trust: TLSClientContext
        let upstream: HTTPServer
        let port: Int
        var admin: String { directory + "/admin.sock" }

        init() throws {
            try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
            let authority = try DevelopmentCA(directory: directory)
            files = try authority.issue("edge", for: .server(names: ["*.bench.test"]))
            trust = try TLSClientContext(trust: .file(authority.certificatePath))
            upstream = try HTTPServer(listen: .ip(address: "127.0.0.1", port: 0)) {
                .text("\($0.method) \($0.authority?.host ?? "")")
            }
            let listener = try Listener(on: ControlLoop.loop, address: .ip(address: "127.0.0.1", port: 0)) {
                $0.close()
            }
            guard case .ip(_, let port) = listener.boundAddress else { throw CommandFailure("no port") }
            self.port = port
            listener.close()
        }

        deinit { try? FileManager.default.removeItem(atPath: directory) }

        var route: String {
            guard case .ip(_, let port) = upstream.boundAddress else { return "" }
            return "http://127.0.0.1:\(port)"
        }

        func write(_ routes: String) throws {
            try Data(routes.utf8).write(to: URL(fileURLWithPath: directory + "/routes.yaml"))
        }

        func start() throws -> CarrelProcess {
            try CarrelProcess(
                "edge", "--listen", "127.0.0.1:\(port)", "--cert", files.certificatePath, "--key", files.keyPath,
                "--routes", directory + "/routes.yaml", "--threads", "2", "--admin", "unix:\(admin)")
        }

        /// The status and the text of the answer for a hostname.
        func get(_ host: String) async throws -> (Int, String) {
            let client = HTTPClient(tls: trust)
            let response = try await client.send(
                HTTPClientRequest(method: "GET", target: "/", authority: "\(host):\(port)"),
                to: .tcp(host: "127.0.0.1", port: port), timeout: .seconds(10), bodyLimit: 1 << 20)
            return (response.status, String(decoding: response.body, as: UTF8.self))
        }

        func ask(_ method: String, _ target: String, _ body: String = "") async throws -> (Int, String) {
            let response = try await HTTPClient().send(
                HTTPClientRequest(method: method, target: target, authority: "edge", body: Array(body.utf8)),
                to: .unix(path: admin), timeout: .seconds(10), bodyLimit: 1 << 24)
            return (response.status, String(decoding: response.body, as: UTF8.self))
        }
    }

    @ControlLoop @Test("routes by hostname, changes routes by its socket and at SIGHUP, and ends in order")
    func life() async throws {
        let bench = try Bench()
        try bench.write("one.bench.test: \(bench.route)\n")
        let edge = try bench.start()
        try await edge.expect("ready")
        #expect(try await bench.get("one.bench.test") == (200, "GET one.bench.test"))
        #expect(try await bench.get("two.bench.test").0 == 404)

        #expect(try await bench.ask("PUT", "/routes/Two.bench.test", bench.route + "\n").0 == 201)
        #expect(try await bench.get("two.bench.test") == (200, "GET two.bench.test"))
        #expect(try await bench.ask("PUT", "/routes/two.bench.test", bench.route).0 == 200)
        #expect(
            try await bench.ask("GET", "/routes").1
                == "one.bench.test: \(bench.route)\ntwo.bench.test: \(bench.route)\n")
        #expect(try await bench.ask("POST", "/routes", "six.bench.test: \(bench.route)\n").1 == "1 added, 0 changed\n")
        #expect(try await bench.get("six.bench.test").0 == 200)
        #expect(try await bench.ask("DELETE", "/routes/two.bench.test").0 == 200)
        #expect(try await bench.get("two.bench.test").0 == 404)
        for (method, target, body, status) in [
            ("DELETE", "/routes/two.bench.test", "", 404), ("GET", "/routes/two.bench.test", "", 404),
            ("PUT", "/routes/two.bench.test", "https://h:1", 400), ("PUT", "/routes/a_b", "http://h:1", 400),
            ("POST", "/routes", "x", 400), ("PATCH", "/routes", "", 405), ("POST", "/routes/x", "", 405),
            ("GET", "/elsewhere", "", 404),
        ] {
            #expect(try await bench.ask(method, target, body).0 == status, "\(method) \(target) \(body)")
        }

        try bench.write("two.bench.test: \(bench.route)\nnonsense\n")
        edge.signal(SIGHUP)
        try await edge.expect("routes.yaml:2: this is no route")
        #expect(try await bench.get("one.bench.test").0 == 200)
        try bench.write("two.bench.test: \(bench.route)\n")
        edge.signal(SIGHUP)
        try await edge.expect("added=1 changed=0 removed=2 routes=1")
        #expect(try await bench.get("two.bench.test").0 == 200)
        #expect(try await bench.get("one.bench.test").0 == 404)

        edge.signal(SIGTERM)
        #expect(try await edge.end() == 0)
        #expect(edge.output.contains("stopped"))
        bench.upstream.close()
    }

    @ControlLoop @Test("says what is wrong before it listens")
    func wrong() async throws {
        let bench = try Bench()
        try bench.write("one.bench.test\n")
        let edge = try bench.start()
        #expect(try await edge.end() == 1)
        #expect(edge.output.contains("routes.yaml:1: this is no route"))
        let nowhere = try CarrelProcess("edge", "--cert", "c", "--key", "k", "--routes", "r")
        #expect(try await nowhere.end() == 64)
        #expect(nowhere.output.contains("--listen"))
        bench.upstream.close()
    }
}
