import EventLoop
import Foundation
import HTTPTransport
import Programs
import TLS
import Testing

@testable import LearnerClient

/// A portal and a lab on one address, as a browser reaches them: by host name, over TLS.
@ControlLoop
private final class Campus {
    let scratch: Scratch
    let authority: DevelopmentCA
    var states = ["queued", "starting/creating", "starting/starting", "starting/waiting", "running"]
    private(set) var files: [String: [UInt8]] = [:]
    private var server: HTTPServer?

    init() throws {
        scratch = try Scratch()
        authority = try DevelopmentCA(directory: scratch.path)
        let files = try authority.issue("edge", for: .server(names: ["portal.test", "*.labs.test"]))
        let context = try TLSServerContext(store: try CertificateStore([files]))
        server = try HTTPServer(listen: .ip(address: "127.0.0.1", port: 0), tls: context) { request in
            request.authority?.host == "portal.test" ? self.portal(request) : self.lab(request)
        }
    }

    /// Answers in progress keep this object alive; without a server there are none.
    func close() {
        server?.close()
        server = nil
    }

    var address: SocketAddress { server!.boundAddress }

    func learner() throws -> LearnerClient {
        try LearnerClient(trust: .file(authority.certificatePath), connect: address, agent: "test")
    }

    private func portal(_ request: HTTPRequest) -> HTTPResponse {
        let knows = request.cookie("__Host-carrel-portal") == "ticket"
        switch request.path {
        case ["launch"]:
            guard request.query.contains(where: { $0 == ("signature", "good") }) else {
                return .html("<html><style>p{}</style><h1>This link was altered</h1></html>", status: 403)
            }
            var response = HTTPResponse.redirect(to: "/sessions/abc")
            response.fields.append("Set-Cookie", "__Host-carrel-portal=ticket; Secure; HttpOnly; SameSite=Lax; Path=/")
            return response
        case ["sessions", "abc"] where knows: return .html("progress")
        case ["sessions", "abc", "events"] where knows:
            let (stream, continuation) = AsyncStream.makeStream(of: [UInt8].self)
            for state in states { continuation.yield(ServerSentEvent.event("session", data: view(state))) }
            return .events(stream)
        case ["sessions", "abc", "open"] where knows:
            return .redirect(to: "https://abc.labs.test/.carrel/enter?code=once&next=/")
        default: return .html("not for you", status: 403)
        }
    }

    private func lab(_ request: HTTPRequest) -> HTTPResponse {
        if request.path == [".carrel", "enter"], request.query.first?.value == "once" {
            var response = HTTPResponse.redirect(to: "/")
            response.fields.append("Set-Cookie", "__Host-carrel=token; Secure; HttpOnly; SameSite=Lax; Path=/")
            return response
        }
        guard request.cookie("__Host-carrel") == "token", request.cookie("__Host-carrel-portal") == nil else {
            return .html("closed", status: 403)
        }
        switch (request.method, request.path.first) {
        case ("GET", ""), ("GET", nil): return .redirect(to: "/lab", status: 302)
        case ("GET", "lab"): return .html("<title>JupyterLab</title>")
        case ("PUT", "api"):
            guard request.fields.first("Origin") == "https://abc.labs.test",
                let part = try? JSONDecoder().decode(Part.self, from: Data(request.body)),
                let bytes = Data(base64Encoded: part.content)
            else { return .text("bad part", status: 400) }
            let name = request.path.last ?? ""
            if part.chunk == nil || part.chunk == 1 { files[name] = [] }
            files[name]! += [UInt8](bytes)
            return .json(Array("{}".utf8), status: 201)
        case ("GET", "files"):
            guard let bytes = files[request.path.last ?? ""] else { return .text("no such file", status: 404) }
            return HTTPResponse(status: 200, body: .bytes(bytes))
        default: return .text("no", status: 404)
        }
    }

    private struct Part: Decodable {
        var content: String
        var chunk: Int?
    }

    private func view(_ state: String) -> String {
        let parts = state.split(separator: "/")
        let step = parts.count > 1 ? #", "step": "\#(parts[1])""# : ""
        return """
            {"id": "abc", "portal": "school", "learner": "ada", "learner_name": "Ada", "lab": "python", "lab_title": "Python",
            "kind": "jupyter", "state": "\(parts[0])", "image": "i", "epoch": 1, "hostname": "abc.labs.test",
            "url": "https://abc.labs.test/", "created_at": 0, "since": 0, "last_activity_at": 0, "reason": "words"\(step)}
            """
    }
}

@Suite("A learner") struct LearnerClientTests {
    private static let link = "https://portal.test/launch?signature=good"

    @ControlLoop @Test("follows a link through the progress page into the lab, with first-party cookies only")
    func opens() async throws {
        let campus = try Campus()
        defer { campus.close() }
        let learner = try campus.learner()
        var seen: [String] = []
        learner.onProgress = { seen.append($0.step ?? $0.state) }
        let page = try await learner.open(Self.link)
        #expect(page.address.description == "https://abc.labs.test/lab")
        #expect(page.text.contains("JupyterLab"))
        #expect(seen == ["queued", "creating", "starting", "waiting", "running"])
        let times = learner.times
        #expect(times.session > 0 && times.page > 0 && times.total < 60_000)
    }

    @ControlLoop @Test("uploads in parts and gets the same bytes back")
    func files() async throws {
        let campus = try Campus()
        defer { campus.close() }
        let learner = try campus.learner()
        _ = try await learner.open(Self.link)
        // The test's server accepts 1 MiB per request, so each part here fits into one request.
        for count in [0, 1, 500_000] {
            let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31) }
            try await learner.upload(bytes, to: "a b.bin")
            #expect(try await learner.download("a b.bin") == bytes)
        }
        await #expect(
            throws: LearnerError(.refused, status: 404, "none.bin was not downloaded: status 404: no such file")
        ) {
            try await learner.download("none.bin")
        }
    }

    @ControlLoop @Test("tells what the portal's page says when a link is refused")
    func refused() async throws {
        let campus = try Campus()
        defer { campus.close() }
        await #expect(
            throws: LearnerError(.refused, status: 403, "portal.test: status 403: This link was altered")
        ) { try await campus.learner().open("https://portal.test/launch?signature=bad") }
    }

    @ControlLoop @Test("tells why a session failed, and gives up on one that never runs")
    func failed() async throws {
        let campus = try Campus()
        defer { campus.close() }
        campus.states = ["queued", "failed"]
        await #expect(throws: LearnerError(.session, "the session failed: words")) {
            try await campus.learner().open(Self.link)
        }
        campus.states = ["queued"]
        await #expect(throws: LearnerError(.session, "the lab was not running in time; it is queued")) {
            try await campus.learner().open(Self.link, within: .seconds(2))
        }
    }

    @ControlLoop @Test("trusts nobody else's certificate")
    func untrusted() async throws {
        let campus = try Campus()
        defer { campus.close() }
        let other = try Scratch()
        let authority = try DevelopmentCA(directory: other.path)
        let learner = try LearnerClient(trust: .file(authority.certificatePath), connect: campus.address, agent: "test")
        await #expect {
            try await learner.open(Self.link)
        } throws: { ($0 as? LearnerError)?.code == .unreachable }
    }
}
