import EventLoop
import Foundation
import HTTPTransport
import Logging
import TLS
import Takeover
import Testing

@testable import carrel

/// `carrel edge` taking over from `carrel edge`, with real processes.
@Suite("carrel edge --takeover", .timeLimit(.minutes(2))) struct EdgeTakeoverTests {
    private static let hostnames = 12

    /// An edge's files and addresses, in a directory of its own.
    private final class Place: Sendable {
        let directory =
            FileManager.default.temporaryDirectory.path + "/carrel-takeover-\(UInt32.random(in: 0 ... .max))"
        let port: Int
        let upstream = TakeoverUpstream()
        let files: CertificateFiles
        let trust: Trust
        var admin: String { directory + "/admin.sock" }

        init() async throws {
            try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
            let authority = try DevelopmentCA(directory: directory)
            files = try authority.issue("edge", for: .server(names: ["*.bench.test"]))
            trust = .file(authority.certificatePath)
            port = try House.freePort()
            let behind = try await upstream.listen()
            let routes = (0..<EdgeTakeoverTests.hostnames).map { "h\($0).bench.test: http://127.0.0.1:\(behind)\n" }
            try Data(routes.joined().utf8).write(to: URL(fileURLWithPath: directory + "/routes.yaml"))
        }

        deinit { try? FileManager.default.removeItem(atPath: directory) }

        func start(threads: Int = 2, grace: String = "60s", _ more: String...) throws -> CarrelProcess {
            try CarrelProcess(
                [
                    "edge", "--listen", "127.0.0.1:\(port)", "--cert", files.certificatePath, "--key", files.keyPath,
                    "--routes", directory + "/routes.yaml", "--threads", "\(threads)", "--admin", "unix:\(admin)",
                    "--takeover-grace", grace,
                ] + more)
        }

        @ControlLoop func ask(_ method: String, _ target: String, _ body: String = "") async throws -> (Int, String) {
            let response = try await HTTPClient().send(
                HTTPClientRequest(method: method, target: target, authority: "edge", body: Array(body.utf8)),
                to: .unix(path: admin), timeout: .seconds(10), bodyLimit: 1 << 24)
            return (response.status, String(decoding: response.body, as: UTF8.self))
        }
    }

    @Test("under load nobody is refused and nothing is cut, three times in a row, and TLS sessions go on")
    func underLoad() async throws {
        let place = try await Place()
        let load = TakeoverLoad(port: place.port)
        var running = try place.start(threads: 2, grace: "3s")
        try await running.expect("ready")
        for number in 0..<Self.hostnames {
            let work: TakeoverLoad.Work = number < 6 ? .requests : number < 8 ? .downloads : .tunnel
            try load.start(work, hostname: "h\(number).bench.test", trust: place.trust)
        }
        // More loops, fewer loops, and the same number by SIGUSR2.
        for threads in [3, 1] {
            let before = load.result
            try await Self.wait { load.result.answers > before.answers + 50 && load.result.messages > before.messages }
            let next = try place.start(threads: threads, grace: "3s", "--takeover")
            try await next.expect("ready")
            #expect(try await running.end() == 0)
            #expect(running.output.contains("another process has taken over"))
            running = next
        }
        running.signal(SIGUSR2)
        #expect(try await running.end() == 0)
        let last = try #require(Self.successor(of: running))
        let before = load.result
        try await Self.wait { load.result.answers > before.answers + 50 && load.result.downloads > before.downloads }
        await load.stop()
        kill(last, SIGTERM)
        try await running.expect("stopped")

        let counts = load.result
        #expect(counts.refused == [])
        #expect(counts.cut == [])
        #expect(counts.farewells >= 3, "\(counts)")
        #expect(counts.downloads > 6, "\(counts)")
        // The first connection of each client has no session to resume.
        #expect(counts.resumed == counts.connections - Self.hostnames, "\(counts)")
    }

    @ControlLoop @Test("what the admin socket has changed stays, and the socket answers all the while")
    func routes() async throws {
        let place = try await Place()
        let first = try place.start()
        try await first.expect("ready")
        #expect(try await place.ask("PUT", "/routes/new.bench.test", "http://127.0.0.1:9").0 == 201)
        #expect(try await place.ask("DELETE", "/routes/h1.bench.test").0 == 200)
        let second = try place.start(threads: 2, "--takeover")
        while !second.output.contains("ready") { #expect(try await place.ask("GET", "/routes").0 == 200) }
        let (_, routes) = try await place.ask("GET", "/routes")
        #expect(routes.contains("new.bench.test: http://127.0.0.1:9\n") && !routes.contains("h1.bench.test"))
        let status = try await first.end()
        #expect(status == 0, "\(first.output)")
        second.signal(SIGTERM)
        #expect(try await second.end() == 0)
        #expect(!FileManager.default.fileExists(atPath: place.admin))
        #expect(!FileManager.default.fileExists(atPath: place.admin + ".takeover"))
    }

    @ControlLoop @Test("a process that dies in the middle, that does not fit, or is not understood changes nothing")
    func failures() async throws {
        let place = try await Place()
        let running = try place.start()
        try await running.expect("ready")

        // Its mistakes show before it contacts the old process.
        let wrong = try place.start(threads: 2, "--takeover", "--cert", "/nonexistent.pem")
        #expect(try await wrong.end() == 1)
        #expect(!running.output.contains("take over"))

        // A new process that dies after each step but the last.
        for steps in 1...3 {
            let log = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
            let taker = try #require(
                try await TakeoverTaker.begin(at: place.admin + ".takeover", role: .edge, version: "1.0", log))
            #expect(taker.process == running.id)
            let other = await #expect(throws: TakeoverFailure.self) {
                try await TakeoverTaker.begin(at: place.admin + ".takeover", role: .edge, version: "1.0", log)
            }
            #expect(other?.description.contains("another process takes over already") == true)
            if steps > 1 {
                #expect(try await taker.take().tickets.count > 0)
                #expect(try await place.ask("PUT", "/routes/x.bench.test", "http://127.0.0.1:9").0 == 503)
            }
            if steps > 2 { try await taker.prepared() }
            taker.close()
            try await Self.wait {
                (try? await place.ask("PUT", "/routes/x.bench.test", "http://127.0.0.1:9").0) ?? 0 < 300
            }
            let served = try await Self.get(place)
            #expect(served == 200)
        }
        #expect(running.output.contains("the takeover was given up, and this process goes on"))

        let serve = await #expect(throws: TakeoverFailure.self) {
            try await TakeoverTaker.begin(
                at: place.admin + ".takeover", role: .serve, version: "1.0", Logger(label: "test"))
        }
        #expect(serve?.description.contains("it is carrel edge, and not carrel serve") == true)
        running.signal(SIGTERM)
        #expect(try await running.end() == 0)
    }

    @Test("without a running edge it is an ordinary start, and a second start without it is refused")
    func alone() async throws {
        let place = try await Place()
        let first = try place.start(threads: 2, "--takeover")
        try await first.expect("ready")
        let second = try place.start()
        #expect(try await second.end() == 1)
        #expect(second.output.contains("EADDRINUSE"))
        first.signal(SIGTERM)
        let status = try await first.end()
        #expect(status == 0, "\(first.output)")
        let nowhere = try CarrelProcess(
            "edge", "--listen", "127.0.0.1:1", "--cert", "c", "--key", "k", "--routes", "r", "--takeover")
        #expect(try await nowhere.end() == 64)
        #expect(nowhere.output.contains("--admin"))
    }

    @ControlLoop private static func get(_ place: Place) async throws -> Int {
        let client = HTTPClient(tls: try TLSClientContext(trust: place.trust))
        defer { client.close() }
        return try await client.send(
            HTTPClientRequest(method: "GET", target: "/small", authority: "h0.bench.test:\(place.port)"),
            to: .tcp(host: "127.0.0.1", port: place.port), timeout: .seconds(10), bodyLimit: 1024
        ).status
    }

    /// The process that took over from this one, according to its log.
    private static func successor(of process: CarrelProcess) -> Int32? {
        process.output.firstMatch(of: /pid=(\d+) \[carrel\] started a process/).flatMap { Int32($0.1) }
    }

    private static func wait(
        isolation: isolated (any Actor)? = #isolation, until condition: () async -> Bool
    ) async throws {
        let deadline = ContinuousClock.now + .seconds(60)
        while await !condition() {
            try #require(ContinuousClock.now < deadline, "it never came about")
            try await Task.sleep(for: .milliseconds(5))
        }
    }
}
