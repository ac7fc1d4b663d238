import Foundation
import Testing

@testable import DockerEngine

/// The text sent to and received from an engine; no engine is needed.
@Suite("The Engine API in words")
struct EngineWordsTests {
    static let spec = ContainerSpec(
        image: "carrel/jupyterlab:dev", command: ["jupyter", "lab"], environment: ["B": "2", "A": "1 = one"],
        labels: ["carrel.instance": "i1", "Carrel": "Yes"], user: "1000:1000", hostname: "python", port: 8888,
        publishAddress: "10.0.0.2", memoryBytes: 1 << 30, sharedMemoryBytes: 1 << 28,
        cpus: 0.5, processLimit: 256,
        mounts: [
            .volume(name: "home", destination: "/home/learner"), .bind(source: "/srv/homes/p/a", destination: "/data"),
        ],
        network: "carrel-i1-none", stopTimeout: .seconds(7))

    @Test("a container is created limited, unprivileged, published on one address, and never restarted")
    func create() throws {
        let json = String(decoding: DockerEngine.encode(ContainerCreateBody(Self.spec)), as: UTF8.self)
        let expected = """
            {"Cmd":["jupyter","lab"],"Env":["A=1 = one","B=2"],"ExposedPorts":{"8888/tcp":{}},\
            "Healthcheck":{"Test":["NONE"]},"HostConfig":{\
            "CapDrop":["ALL"],"Init":true,"LogConfig":{"Config":{"max-file":"2","max-size":"10m"},"Type":"json-file"},\
            "Memory":1073741824,"MemorySwap":1073741824,"Mounts":[\
            {"Source":"home","Target":"/home/learner","Type":"volume"},\
            {"Source":"/srv/homes/p/a","Target":"/data","Type":"bind"}],\
            "NanoCpus":500000000,"NetworkMode":"carrel-i1-none","PidsLimit":256,\
            "PortBindings":{"8888/tcp":[{"HostIp":"10.0.0.2","HostPort":""}]},"RestartPolicy":{"Name":"no"},\
            "SecurityOpt":["no-new-privileges"],"ShmSize":268435456,"Ulimits":[{"Hard":0,"Name":"core","Soft":0}]},\
            "Hostname":"python","Image":"carrel/jupyterlab:dev",\
            "Labels":{"Carrel":"Yes","carrel.instance":"i1"},"StopTimeout":7,"User":"1000:1000"}
            """
        #expect(json.replacingOccurrences(of: "\\/", with: "/") == expected)
    }

    @Test("a helper has no health check either")
    func helperHealth() {
        let body = HelperBody(HelperSpec(command: ["hold"], labels: [:]), imageID: "sha256:1")
        let json = String(decoding: DockerEngine.encode(body), as: UTF8.self)
        #expect(json.contains(#""Healthcheck":{"Test":["NONE"]}"#))
    }

    @Test("without a command of its own the image's stays")
    func imageCommand() {
        var spec = Self.spec
        spec.command = nil
        let json = String(decoding: DockerEngine.encode(ContainerCreateBody(spec)), as: UTF8.self)
        #expect(!json.contains("Cmd"))
    }

    @Test(
        "a network is a bridge without traffic between containers, with or without a way out", arguments: [true, false])
    func network(masquerade: Bool) {
        let spec = NetworkSpec(
            name: "carrel-none", labels: ["carrel.instance": "i1"], bridge: "cri1-n", masquerade: masquerade)
        let json = String(decoding: DockerEngine.encode(NetworkCreateBody(spec)), as: UTF8.self)
        #expect(
            json == """
                {"CheckDuplicate":true,"Driver":"bridge","EnableIPv6":false,"Labels":{"carrel.instance":"i1"},\
                "Name":"carrel-none","Options":{"com.docker.network.bridge.enable_icc":"false",\
                "com.docker.network.bridge.enable_ip_masquerade":"\(masquerade)",\
                "com.docker.network.bridge.name":"cri1-n"}}
                """)
    }

    @Test("filters and names cannot break out of their place in a target")
    func escaping() {
        #expect(DockerEngine.escape("carrel/jupyterlab:dev") == "carrel/jupyterlab%3Adev")
        #expect(DockerEngine.escape("a b?c&d#e\r\n%é") == "a%20b%3Fc%26d%23e%0D%0A%25%C3%A9")
        #expect(
            DockerEngine.filters(["label": DockerEngine.words(["b": "2", "a": "1"])])
                == "%7B%22label%22%3A%5B%22a%3D1%22%2C%22b%3D2%22%5D%7D")
    }

    @Test("messages name the operation without version, filters and names of queries")
    func operations() {
        #expect(DockerEngine.operation("GET", "/v1.41/containers/json?all=true") == "GET /containers/json")
        #expect(DockerEngine.operation("GET", "/version") == "GET /version")
        #expect(EngineEndpoint(.unix(path: "/run/docker.sock")).description == "unix:///run/docker.sock")
        let files = EngineEndpoint.Identity(authorityPath: "a", certificatePath: "b", keyPath: "c")
        #expect(EngineEndpoint(.tcp(host: "fd00::1", port: 2376, files)).description == "tcp://[fd00::1]:2376")
    }

    @Test("a list tells what runs, what is paused, and where it is published")
    func list() throws {
        let containers = try decode(
            [ContainerListBody].self,
            """
            [{"Id":"1","Names":["/a"],"Labels":{"carrel.session":"s"},"State":"running","Status":"Up 2 hours",
              "Ports":[{"PrivatePort":9,"Type":"tcp"},{"PrivatePort":8888,"Type":"udp","PublicPort":1},
                       {"IP":"10.0.0.2","PrivatePort":8888,"PublicPort":49153,"Type":"tcp"}]},
             {"Id":"2","Labels":null,"State":"exited","Ports":[]},{"Id":"3","State":"paused"},
             {"Id":"4","State":"created"},{"Id":"5","State":"dead"}]
            """
        ).map { ContainerSummary($0) }
        #expect(containers.map(\.isRunning) == [true, false, true, false, false])
        #expect(containers[0].labels == ["carrel.session": "s"])
        #expect(containers.map(\.publishedPort) == [49153, nil, nil, nil, nil])
    }

    @Test("an inspection tells the port of a running container, and how a stopped one ended")
    func inspect() throws {
        let running = try decode(
            ContainerBody.self,
            """
            {"Id":"1","State":{"Status":"running","Running":true,"ExitCode":0,"OOMKilled":false},
             "Config":{"Labels":{"a":"b"}},
             "NetworkSettings":{"Ports":{"80/tcp":null,"8888/tcp":[{"HostIp":"10.0.0.2","HostPort":"49153"}]}}}
            """)
        let details = ContainerDetails(running)
        #expect(details.isRunning && details.publishedPort == 49153 && details.exitCode == nil)
        #expect(details.labels == ["a": "b"])
        let killed = ContainerDetails(
            try decode(
                ContainerBody.self,
                """
                {"Id":"1","State":{"Running":false,"ExitCode":137,"OOMKilled":true},"Config":{"Labels":null},
                 "NetworkSettings":{"Ports":{}}}
                """))
        #expect(!killed.isRunning && killed.exitCode == 137 && killed.outOfMemory && killed.publishedPort == nil)
    }

    @Test("versions are compared by their numbers")
    func versions() throws {
        let old = try #require(APIVersion("1.9"))
        #expect(old < .ours)
        #expect(APIVersion("1.41") == .ours)
        for text in ["", "1", "1.", "1.x", "1.41.2", "v1.41"] { #expect(APIVersion(text) == nil) }
    }

    @Test("events are read whole however the stream is cut")
    func events() throws {
        let stream = """
            {"status":"die","id":"c1","Type":"container","Action":"die","Actor":{"ID":"c1","Attributes":{\
            "carrel.session":"s","exitCode":"137"}},"scope":"local","time":1}\n\
            {"Type":"container","Action":"oom","Actor":{"ID":"c2"}}\r\n\n\
            {"Type":"container","Action":"start","Actor":{"ID":"c3","Attributes":{"name":"Grüße"}}}\n\
            {"Type":"container","Action":"exec_die","Actor":{"ID":"c4","Attributes":{}}}\n
            """
        let bytes = Array(stream.utf8)
        for piece in [1, 2, 3, 7, 100, bytes.count] {
            var lines = JSONLines<EventBody>()
            var events: [EngineEvent] = []
            for start in stride(from: 0, to: bytes.count, by: piece) {
                events += try lines.feed(Array(bytes[start..<min(start + piece, bytes.count)])).map { EngineEvent($0) }
            }
            #expect(events.map(\.action) == [.die, .outOfMemory, .start, .other("exec_die")])
            #expect(events.map(\.containerID) == ["c1", "c2", "c3", "c4"])
            #expect(events[0].attributes["carrel.session"] == "s")
            #expect(events[0].exitCode == 137)
            #expect(events[2].attributes["name"] == "Grüße")
        }
    }

    @Test("what is no event, or has no end, is an error that says so")
    func badEvents() throws {
        var lines = JSONLines<EventBody>()
        let noEvent = #expect(throws: EngineError.self) { _ = try lines.feed(Array("<html>\n".utf8)) }
        #expect(noEvent?.code == .protocolViolation && noEvent?.message.contains("<html>") == true)
        var endless = JSONLines<EventBody>()
        let piece = [UInt8](repeating: 0x61, count: 100_000)
        let tooLong = #expect(throws: EngineError.self) {
            for _ in 0...EngineLimits.eventLineBytes / piece.count { _ = try endless.feed(piece) }
        }
        #expect(tooLong?.message.contains("longer than") == true)
    }

    @Test("logs are taken out of their frames and made safe to print, and a cut frame does no harm")
    func logs() {
        func frame(_ stream: UInt8, _ text: String) -> [UInt8] {
            [stream, 0, 0, 0, 0, 0, UInt8(text.utf8.count >> 8), UInt8(text.utf8.count & 255)] + Array(text.utf8)
        }
        let log =
            frame(1, "Serving\n") + frame(2, "red \u{1b}[31mwarning\r\n") + frame(1, String(repeating: "x", count: 300))
        #expect(LogFrames.lines(log) == ["Serving", "red [31mwarning", String(repeating: "x", count: 300)])
        #expect(LogFrames.lines(Array(log.dropLast(290))).last == String(repeating: "x", count: 10))
        let hostile = frame(1, "\u{9B}31mred\u{202E}txt\u{2066}.\u{200B}\u{E0041}\u{7F}\tend, Łódź 李 ❤\u{FE0F}\n")
        #expect(LogFrames.lines(hostile) == ["31mredtxt.end, Łódź 李 ❤\u{FE0F}"])
        #expect(LogFrames.lines([]).isEmpty)
        #expect(LogFrames.lines([1, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0x61]) == ["a"])
    }

    private func decode<Value: Decodable>(_ type: Value.Type, _ json: String) throws -> Value {
        try JSONDecoder().decode(type, from: Data(json.utf8))
    }
}
