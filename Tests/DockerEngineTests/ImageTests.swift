import EventLoop
import HTTPTransport
import Testing

@testable import DockerEngine

@Suite("Images", .timeLimit(.minutes(1)))
@ControlLoop
struct ImageTests {
    typealias Script = EngineAnswersTests.Script

    @Test(
        "the names that mean the same are written alike",
        arguments: [
            ("python", "python:latest"), ("python:3", "python:3"), ("docker.io/library/python:3", "python:3"),
            ("docker.io/carrel/lab", "carrel/lab:latest"), ("index.docker.io/library/python", "python:latest"),
            ("registry.test:5000/lab", "registry.test:5000/lab:latest"),
            ("registry.test:5000/lab:2", "registry.test:5000/lab:2"), ("lab@sha256:ab", "lab@sha256:ab"),
        ])
    func names(reference: String, familiar: String) {
        #expect(ImageName.familiar(reference) == familiar)
    }

    @Test("are listed with every name that they have, and an image that is not there is none")
    func listed() async throws {
        let script = try Script { request in
            switch request.path.last {
            case "json" where request.target.contains("/images/json"):
                .json(
                    Array(
                        """
                        [{"Id":"sha256:a","RepoTags":["carrel/lab:dev","lab:latest"],"RepoDigests":["lab@sha256:d"],"Created":12},
                         {"Id":"sha256:b","RepoTags":null,"RepoDigests":null,"Created":13}]
                        """.utf8))
            case "json" where request.target.contains("here"):
                .json(Array(#"{"Id":"sha256:c","Created":"1970-01-01T00:00:07.5Z"}"#.utf8))
            default: .json(Array(#"{"message":"No such image"}"#.utf8), status: 404)
            }
        }
        let images = try await script.engine.images()
        #expect(images.map(\.id) == ["sha256:a", "sha256:b"])
        #expect(images[0].names == ["carrel/lab:dev", "lab:latest", "lab@sha256:d"])
        #expect(images[0].createdAt == 12_000)
        let here = try await script.engine.image("here:1")
        #expect(here?.id == "sha256:c" && here?.createdAt == 7500)
        #expect(try await script.engine.image("gone:1") == nil)
    }

    @Test("a pull asks for one tag, and tells how far it is until it is done")
    func pulled() async throws {
        let lines = """
            {"status":"Pulling from library/lab","id":"2"}\n{"status":"Pulling fs layer","progressDetail":{},"id":"l1"}
            {"status":"Pulling fs layer","progressDetail":{},"id":"l2"}\n{"status":"Already exists","id":"l0"}
            {"status":"Downloading","progressDetail":{"current":10,"total":40},"progress":"[=> ]","id":"l1"}
            {"status":"Downloading","progressDetail":{"current":5,"total":5},"id":"l2"}\n{"status":"Pull complete","id":"l2"}
            {"status":"Download complete","progressDetail":{},"id":"l1"}\n{"status":"Pull complete","progressDetail":{},"id":"l1"}
            {"status":"Digest: sha256:ab"}\n{"status":"Status: Downloaded newer image for lab:2"}

            """
        let script = try Script { _ in .json(Array(lines.utf8)) }
        var last: PullProgress?
        for try await progress in try await script.engine.pull("lab:2") { last = progress }
        #expect(last?.layers == 3 && last?.layersDone == 3)
        #expect(last?.bytes == 45 && last?.totalBytes == 45)
        #expect(last?.status == "Status: Downloaded newer image for lab:2")
        for reference in ["lab", "lab@sha256:ab", "r.test:5000/lab"] {
            for try await _ in try await script.engine.pull(reference) {}
        }
        #expect(
            script.asked.filter { $0.hasPrefix("POST") } == [
                "POST /v1.41/images/create?fromImage=lab%3A2", "POST /v1.41/images/create?fromImage=lab&tag=latest",
                "POST /v1.41/images/create?fromImage=lab%40sha256%3Aab",
                "POST /v1.41/images/create?fromImage=r.test%3A5000/lab&tag=latest",
            ])
    }

    @Test("a pull that fails says why, at its beginning or in the middle")
    func failed() async throws {
        let refused = try Script { _ in .json(Array(#"{"message":"pull access denied for lab"}"#.utf8), status: 404) }
        let early = await #expect(throws: EngineError.self) { _ = try await refused.engine.pull("lab") }
        #expect(early?.code == .notFound && early?.message.contains("pull access denied") == true)
        let broken = try Script { _ in
            .json(Array("{\"status\":\"Waiting\",\"id\":\"l\"}\n{\"error\":\"no space left on device\"}\n".utf8))
        }
        let late = await #expect(throws: EngineError.self) {
            for try await _ in try await broken.engine.pull("lab") {}
        }
        #expect(late?.message.contains("no space left on device") == true)
    }

    @Test("an engine that invents layers without end fills no memory")
    func layersAreBounded() throws {
        var progress = PullProgress()
        for index in 0..<EngineLimits.pullLayers * 2 {
            try progress.take(PullBody(status: "Waiting", id: "l\(index)", progressDetail: nil, error: nil))
        }
        #expect(progress.layers == EngineLimits.pullLayers)
    }
}
