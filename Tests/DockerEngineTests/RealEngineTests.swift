import EventLoop
import HTTPTransport
import Testing

@testable import DockerEngine

@Suite("A real Docker Engine", .enabled(if: !TestEngine.all.isEmpty), .timeLimit(.minutes(3)), .serialized)
@ControlLoop
struct RealEngineTests {
    /// How long a server in a container may take until it listens.
    private static let patience = Duration.seconds(30)

    @Test("it tells who it is", arguments: TestEngine.all)
    func identity(place: TestEngine) async throws {
        let engine = try DockerEngine(endpoint: place.endpoint)
        try await engine.ping()
        #expect(try await engine.version().api >= .ours)
        let info = try await engine.info()
        #expect(!info.id.isEmpty && !info.serverVersion.isEmpty)
        #expect(info.cpus > 0 && info.memoryBytes > 1 << 20)
        #expect(try await engine.info().id == info.id)
        #expect(try await engine.image(TestEngine.image) != nil)
        #expect(try await engine.image("carrel-test/no-such-image:1") == nil)
    }

    @Test("a container lives: created, started, found, reached, stopped, removed", arguments: TestEngine.all)
    func life(place: TestEngine) async throws {
        try await inCorner(of: place, withNetwork: true) { corner in
            let engine = corner.engine
            let name = "\(corner.label)-life"
            let server = "cd /tmp; echo hi > index.html; command -v python3 && exec python3 -m http.server 8000; "
            let id = try await engine.create(name: name, corner.spec(server + "exec httpd -f -p 8000"))
            let created = try await engine.inspect(name)
            #expect(created.id == id)
            #expect(!created.isRunning && created.publishedPort == nil)
            #expect(created.labels["carrel.session"] == "s1")

            try await engine.start(id)
            try await engine.start(id)
            let port = try #require(try await engine.inspect(id).publishedPort)
            let listed = try await engine.list(labels: DockerEngine.words(corner.labels))
            #expect(listed.map(\.id) == [id])
            #expect(listed.first?.isRunning == true && listed.first?.publishedPort == port)
            #expect(try await engine.list(labels: ["carrel.instance=nobody"]).isEmpty)
            #expect(try await answer(of: place, port: port) == "hi\n")

            try await engine.stop(id, grace: .seconds(1))
            try await engine.stop(id, grace: .seconds(1))
            let stopped = try await engine.inspect(id)
            #expect(!stopped.isRunning && stopped.publishedPort == nil)
            #expect(try await engine.list(labels: DockerEngine.words(corner.labels)).map(\.isRunning) == [false])
            try await engine.remove(id, force: false)
            let gone = await #expect(throws: EngineError.self) { _ = try await engine.inspect(id) }
            #expect(gone?.code == .notFound)
        }
    }

    /// Polls until the server in the container listens; throws the last error after `patience`.
    private func answer(of place: TestEngine, port: Int) async throws -> String {
        let client = HTTPClient()
        let request = HTTPClientRequest(method: "GET", target: "/index.html", authority: "desk")
        let deadline = ContinuousClock.now + Self.patience
        while true {
            do {
                let response = try await client.send(
                    request, to: .tcp(host: place.publishAddress, port: port), timeout: .seconds(10), bodyLimit: 1000)
                return String(decoding: response.body, as: UTF8.self)
            } catch {
                if ContinuousClock.now >= deadline { throw error }
                try await Task.sleep(for: .milliseconds(20))
            }
        }
    }

    @Test(
        "inside: our user, hostname, environment, limits, no capabilities, no new privileges, an init",
        arguments: TestEngine.all)
    func inside(place: TestEngine) async throws {
        try await inCorner(of: place, withNetwork: true) { corner in
            let look = """
                id -u; cat /etc/hostname; echo $GREETING; cat /proc/1/comm
                while read name value; do
                    case $name in CapBnd:|NoNewPrivs:) echo $name $value;; esac
                done < /proc/self/status
                """
            let (details, log) = try await corner.run("look", corner.spec(look))
            #expect(details.exitCode == 0)
            #expect(
                log == ["1000", "desk", "hello world", "docker-init", "CapBnd: 0000000000000000", "NoNewPrivs: 1"])
            let bytes = try await corner.engine.call("GET", "/containers/\(details.id)/json", timeout: .seconds(10))
            let text = String(decoding: bytes, as: UTF8.self)
            for setting in [
                #""Memory":67108864"#, #""MemorySwap":67108864"#, #""NanoCpus":500000000"#, #""PidsLimit":64"#,
                #""RestartPolicy":{"Name":"no""#, #""max-size":"10m""#, #""StopTimeout":10"#, #""Privileged":false"#,
            ] {
                #expect(text.contains(setting), "\(setting) is missing in \(text)")
            }
        }
    }

    @Test(
        "exit codes and the kernel's out-of-memory killer are told, by inspection and by events",
        arguments: TestEngine.all)
    func endings(place: TestEngine) async throws {
        try await inCorner(of: place, withNetwork: true) { corner in
            let events = try await corner.engine.events(labels: corner.labels)
            let (failed, _) = try await corner.run("fail", corner.spec("exit 3"))
            #expect(failed.exitCode == 3 && !failed.outOfMemory)
            let hungry = corner.spec("head -c 200000000 /dev/zero | tail; exit 9", memoryBytes: 32 << 20)
            let (killed, _) = try await corner.run("hungry", hungry)
            #expect(killed.outOfMemory)
            try await corner.engine.remove(killed.id, force: false)

            var seen: [EngineEvent] = []
            for try await event in events {
                seen.append(event)
                if event.action == .destroy { break }
            }
            #expect(seen.filter { $0.containerID == failed.id }.map(\.action) == [.start, .die])
            #expect(seen.first { $0.action == .die }?.exitCode == 3)
            #expect(seen.first { $0.action == .die }?.attributes["carrel.session"] == "s1")
            let last = seen.filter { $0.containerID == killed.id }.map(\.action)
            #expect(last.first == .start && last.contains(.outOfMemory) && last.suffix(2) == [.die, .destroy])
        }
    }

    @Test("a volume keeps a learner's files when its container is removed", arguments: TestEngine.all)
    func volumes(place: TestEngine) async throws {
        try await inCorner(of: place, withNetwork: true) { corner in
            // The corner's network and volume have the same name, so that both are cleared.
            try await corner.engine.ensureVolume(name: corner.network, labels: corner.labels)
            try await corner.engine.ensureVolume(name: corner.network, labels: corner.labels)
            let mounts = [ContainerSpec.Mount.volume(name: corner.network, destination: "/tmp")]
            var writer = corner.spec("echo kept > /tmp/file; chmod 644 /tmp/file", mounts: mounts)
            // A new volume belongs to root if the image has nothing at the destination.
            writer.user = "0:0"
            let (wrote, writerLog) = try await corner.run("write", writer)
            #expect(wrote.exitCode == 0, "\(writerLog)")
            try await corner.engine.remove(wrote.id, force: true)
            let (_, log) = try await corner.run("read", corner.spec("cat /tmp/file", mounts: mounts))
            #expect(log == ["kept"])
        }
    }

    @Test(
        "a missing image, a taken name and a missing container are told apart, in the engine's words",
        arguments: TestEngine.all)
    func refusals(place: TestEngine) async throws {
        try await inCorner(of: place, withNetwork: true) { corner in
            var spec = corner.spec("sleep 60")
            spec.image = "carrel-test/no-such-image:1"
            let missing = await #expect(throws: EngineError.self) {
                _ = try await corner.engine.create(name: "\(corner.label)-x", spec)
            }
            #expect(missing?.code == .notFound)
            #expect(missing?.message.contains("No such image") == true)
            #expect(missing?.message.contains(place.endpoint.description) == true)

            _ = try await corner.engine.create(name: "\(corner.label)-x", corner.spec("sleep 60"))
            let taken = await #expect(throws: EngineError.self) {
                _ = try await corner.engine.create(name: "\(corner.label)-x", corner.spec("sleep 60"))
            }
            #expect(taken?.code == .conflict)
            let absent = await #expect(throws: EngineError.self) { try await corner.engine.start("\(corner.label)-y") }
            #expect(absent?.code == .notFound)

            let stranger = NetworkSpec(name: corner.network, labels: ["carrel.instance": "other"], masquerade: true)
            let refused = await #expect(throws: EngineError.self) { try await corner.engine.ensureNetwork(stranger) }
            #expect(refused?.code == .conflict)
            try await corner.prepare()
        }
    }

    @Test("dropping the events closes their connection and leaves the engine at work", arguments: TestEngine.all)
    func droppedEvents(place: TestEngine) async throws {
        try await inCorner(of: place, withNetwork: true) { corner in
            for _ in 0..<20 { _ = try await corner.engine.events(labels: corner.labels) }
            try await corner.engine.ping()
            let (details, _) = try await corner.run("after", corner.spec("exit 0"))
            #expect(details.exitCode == 0)
        }
    }
}
