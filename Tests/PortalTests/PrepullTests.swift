import Broker
import BrokerCore
import EventLoop
import HTTPTransport
import Testing

@testable import Portal

/// A fake engine with scripted answers, at the address of a desk's host: it has no image until it is told to pull one.
@ControlLoop
private final class ScriptedEngine {
    private(set) var pulls = 0
    var refusesPulls = false
    private var server: HTTPServer?
    /// The event stream, which stays silent.
    private let (silence, silent) = AsyncStream.makeStream(of: [UInt8].self)

    init(at path: String) throws {
        server = try HTTPServer(listen: .unix(path: path)) { self.answer($0) }
    }

    func close() {
        silent.finish()
        server?.close()
        // Answers in progress keep this object alive; without a server there are none.
        server = nil
    }

    private func answer(_ request: HTTPRequest) -> HTTPResponse {
        func json(_ text: String, status: Int = 200) -> HTTPResponse { .json(Array(text.utf8), status: status) }
        let id = #""Id":"n1","Name":"NAME","Labels":{"carrel.instance":"INSTANCE"}"#
        switch request.path.last {
        case "_ping": return .text("OK")
        case "version": return json(#"{"Version":"20.10.24","ApiVersion":"1.41","MinAPIVersion":"1.12"}"#)
        case "info":
            return json(
                #"{"ID":"X","Name":"x","NCPU":2,"MemTotal":1,"ServerVersion":"20","SystemTime":"1970-01-01T00:00:00Z"}"#
            )
        case "networks":
            // Answers for any requested name, using the instance in it.
            let name = request.query.first?.value.split(separator: "\"").first { $0.hasPrefix("carrel-") } ?? ""
            let instance = name.split(separator: "-").dropFirst().first ?? ""
            return json("[{\(id.replacing("NAME", with: name).replacing("INSTANCE", with: instance))}]")
        case "events": return HTTPResponse(status: 200, body: .stream(silence))
        case "create" where request.target.contains("/images/"):
            if refusesPulls { return json(#"{"message":"pull access denied"}"#, status: 404) }
            pulls += 1
            return json(
                """
                {"status":"Pulling fs layer","id":"l1"}
                {"status":"Downloading","progressDetail":{"current":7,"total":7},"id":"l1"}
                {"status":"Pull complete","id":"l1"}
                {"status":"Status: Downloaded newer image"}

                """)
        case "json" where request.target.contains("/containers/"): return json("[]")
        case "json" where request.target.contains("/images/json"):
            guard pulls > 0 else { return json("[]") }
            return json(#"[{"Id":"sha256:\#(pulls)","RepoTags":["carrel/jupyterlab:latest"],"Created":1}]"#)
        default: return json(#"{"message":"no"}"#, status: 404)
        }
    }
}

@Suite("Images are brought to hosts", .timeLimit(.minutes(1))) @ControlLoop struct PrepullTests {
    /// Polls until the answer meets the condition; the test's time limit ends a futile wait.
    private func lab(_ api: Operator, is wish: (LabImageView) -> Bool) async throws -> LabImageView {
        while true {
            let lab = try await api.get("/v1/labs/python", as: APILab.self).lab
            if let place = lab.hosts.first, wish(place) { return place }
            try await Task.sleep(for: .milliseconds(1))
        }
    }

    @Test("where they are missing, with progress, and again where that is asked for; what is present is left alone")
    func pulled() async throws {
        try await withDesk { desk in
            let engine = try ScriptedEngine(at: desk.directory + "/no-engine.sock")
            defer { engine.close() }
            let api = try Operator(desk)
            _ = try await lab(api) { $0.presence == .missing }
            let host = try await api.get("/v1/hosts/h1", as: HostDetailsView.self)
            #expect(host.host.state == .inactive && host.host.engineId == "n1")
            // Its clock says 1970.
            #expect(try #require(host.host.clockSkewMilliseconds) < -1_000_000_000)
            #expect(host.images.map(\.found.presence) == [.missing])

            #expect(try await api.send("POST", "/v1/labs/python/prepull", "{\"hosts\":[\"h1\"]}").status == 200)
            let place = try await lab(api) { $0.presence == .present }
            #expect(place.imageId == "sha256:1" && place.pull?.state == .done)
            #expect(place.pull?.layersDone == 1 && place.pull?.totalBytes == 7)

            #expect(try await api.send("POST", "/v1/labs/python/prepull").status == 200)
            #expect(engine.pulls == 1)
            #expect(try await api.send("POST", "/v1/labs/python/prepull", "{\"again\":true}").status == 200)
            #expect(try await lab(api) { $0.imageId == "sha256:2" }.pull?.state == .done)
        }
    }

    @Test("or it is said why not, in the engine's words")
    func refused() async throws {
        try await withDesk { desk in
            let engine = try ScriptedEngine(at: desk.directory + "/no-engine.sock")
            defer { engine.close() }
            engine.refusesPulls = true
            let api = try Operator(desk)
            _ = try await lab(api) { $0.presence == .missing }
            #expect(try await api.send("POST", "/v1/labs/python/prepull").status == 200)
            let place = try await lab(api) { $0.pull?.state == .failed }
            #expect(place.pull?.message.contains("pull access denied") == true)
            #expect(place.presence == .missing)
        }
    }
}
