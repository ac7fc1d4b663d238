import EventLoop
import HTTPTransport
import HelperImage
import Testing

@testable import DockerEngine

/// Containers of our own program on a real engine.
@Suite("A helper", .enabled(if: !TestEngine.all.isEmpty), .timeLimit(.minutes(2)), .serialized)
@ControlLoop
struct HelperTests {
    @Test("gets its image from the broker, once, and runs with the least that there is", arguments: TestEngine.all)
    func runs(place: TestEngine) async throws {
        try await inCorner(of: place) { corner in
            let id = try await corner.engine.helperImageID()
            #expect(try await corner.engine.helperImageID() == id)
            let name = "\(corner.label)-holds"
            let container = try await corner.engine.startHelper(
                name: name, HelperSpec(command: ["hold"], labels: corner.labels))
            let bytes = try await corner.engine.call("GET", "/containers/\(container)/json", timeout: .seconds(10))
            let text = String(decoding: bytes, as: UTF8.self)
            for setting in [
                #""Running":true"#, #""User":"65534:65534""#, #""CapAdd":[]"#, #""CapDrop":["ALL"]"#,
                #""Image":"\#(id)""#, #""ReadonlyRootfs":true"#, #""NetworkMode":"none""#, #""PidMode":"""#,
                #""SecurityOpt":["no-new-privileges"]"#,
                #""Entrypoint":["/carrel-helper"]"#, #""Env":null"#, #""PidsLimit":16"#,
                #""Privileged":false"#,
            ] {
                let isThere = text.contains(setting)
                #expect(isThere, "\(setting) is missing")
            }
            #expect(try await corner.engine.inspect(container).labels["carrel.role"] == "helper")
            // It ends on SIGTERM, without waiting for SIGKILL.
            try await corner.engine.stop(container, grace: .seconds(30))
            #expect(try await corner.engine.inspect(container).exitCode == 0)
        }
    }

    @Test("tells what it wrote and how it ended, and leaves no container", arguments: TestEngine.all)
    func ends(place: TestEngine) async throws {
        try await inCorner(of: place) { corner in
            let spec = HelperSpec(command: ["sh"], labels: corner.labels)
            let (lines, code) = try await corner.engine.runHelper(
                name: "\(corner.label)-ends", spec, timeout: .seconds(10))
            #expect(code == 64 && lines == ["carrel-helper: there is no subcommand sh"])
            #expect(try await corner.engine.list(labels: DockerEngine.words(corner.labels)).isEmpty)
        }
    }

    @Test("never runs from another image that bears its image's name", arguments: TestEngine.all)
    func otherImage(place: TestEngine) async throws {
        try await inCorner(of: place) { corner in
            let ours = try await corner.engine.helperImageID()
            let reference = HelperImage.current.reference
            let tag = "repo=\(reference.prefix { $0 != ":" })&tag=\(reference.split(separator: ":")[1])"
            _ = try await corner.engine.call(
                "POST", "/images/\(DockerEngine.escape(TestEngine.image))/tag?\(tag)", timeout: .seconds(10))
            #expect(try await corner.engine.image(reference)?.id != ours)
            let fresh = try DockerEngine(endpoint: place.endpoint)
            #expect(try await fresh.helperImageID() == ours)
            #expect(try await corner.engine.image(reference)?.id == ours)
        }
    }

    @Test("brings its image again when somebody has removed it", arguments: TestEngine.all)
    func removedImage(place: TestEngine) async throws {
        try await inCorner(of: place) { corner in
            let id = try await corner.engine.helperImageID()
            // Refused while a container of another test uses the image; the run below then does not load it.
            _ = try? await corner.engine.call("DELETE", "/images/\(id)?force=true", timeout: .seconds(10))
            let spec = HelperSpec(command: ["sh"], labels: corner.labels)
            let (_, code) = try await corner.engine.runHelper(
                name: "\(corner.label)-again", spec, timeout: .seconds(10))
            #expect(code == 64)
        }
    }
}
