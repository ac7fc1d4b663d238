import EventLoop
import Foundation
import HTTPTransport
import Programs
import TLS
import Testing

@testable import carrel

/// The edge inside `carrel serve`, as operators see it.
@Suite("The edge of carrel serve") struct ServeEdgeTests {
    private static let promtool = ["/usr/bin/promtool", "/usr/local/bin/promtool"].first {
        FileManager.default.isExecutableFile(atPath: $0)
    }

    @ControlLoop @Test("has numbers that carrel metrics shows and promtool finds well made")
    func metrics() async throws {
        let house = try House()
        let serve = try CarrelProcess("serve", "--config", house.file)
        try await serve.expect("ready")
        let text = try await ControlClient(socket: house.controlSocket).metrics()
        #expect(text.contains("carrel_build_info{version=\"\(Carrel.version)\"} 1\n"))
        #expect(text.contains("carrel_hosts{state=\"unreachable\"} 1\n"))
        #expect(text.contains("carrel_edge_loop_lag_seconds{loop=\"edge 0\"} "))
        let shown = try CarrelProcess("metrics", "--config", house.file)
        #expect(try await shown.end() == 0)
        #expect(shown.output.contains("carrel_certificate_expiry_timestamp_seconds 1"))
        if let promtool = Self.promtool {
            var check = Command([promtool, "check", "metrics"])
            check.input = house.scratch.path + "/metrics"
            try text.write(toFile: check.input, atomically: false, encoding: .utf8)
            let said = try await check.run()
            #expect(said.status == 0 && said.output.isEmpty && said.error.isEmpty, "\(said)")
        }
        serve.signal(SIGTERM)
        #expect(try await serve.end() == 0)
    }

    @Test("takes over certificates that change, and keeps the old ones when the new do not fit")
    func certificates() async throws {
        let house = try House()
        let serve = try CarrelProcess("serve", "--config", house.file)
        try await serve.expect("ready")
        let files = house.scratch.path + "/tls/edge"
        let good = try Data(contentsOf: URL(fileURLWithPath: files + ".pem"))
        let authority = try DevelopmentCA(directory: house.scratch.path + "/other")
        let foreign = try authority.issue("edge", for: .server(names: ["elsewhere.localhost"]))
        try FileManager.default.removeItem(atPath: files + ".pem")
        try FileManager.default.copyItem(atPath: foreign.certificatePath, toPath: files + ".pem")
        try await serve.expect("the certificates have changed and cannot be used, so the old ones stay in force")
        try good.write(to: URL(fileURLWithPath: files + ".pem"))
        try await serve.expect("certificates reloaded")
        serve.signal(SIGTERM)
        #expect(try await serve.end() == 0)
    }

    @ControlLoop @Test("leads browsers to https, and goes on in a new access log at SIGHUP")
    func redirectAndLog() async throws {
        let house = try House()
        let plain = try House.freePort()
        try house.write(
            house.configuration.replacing(
                "edge: {threads: 1}",
                with: "edge: {threads: 1, access_log: access.log}\nredirect: {listen: [\"127.0.0.1:\(plain)\"]}"))
        let serve = try CarrelProcess("serve", "--config", house.file)
        try await serve.expect("ready")
        let client = HTTPClient(
            tls: try TLSClientContext(trust: .file(house.scratch.path + "/tls/ca.pem"), alpn: ["http/1.1"]))
        let led = try await HTTPClient().send(
            HTTPClientRequest(method: "GET", target: "/a?b=c", authority: "portal.localhost"),
            to: .tcp(host: "127.0.0.1", port: plain), timeout: .seconds(10), bodyLimit: 1 << 16)
        #expect(led.status == 308)
        #expect(led.fields.first("Location") == "https://portal.localhost:\(house.port)/a?b=c")

        let log = house.scratch.path + "/access.log"
        try FileManager.default.moveItem(atPath: log, toPath: log + ".1")
        serve.signal(SIGHUP)
        try await serve.expect("reloaded")
        _ = try await client.send(
            HTTPClientRequest(method: "GET", target: "/seen?secret=1", authority: "portal.localhost:\(house.port)"),
            to: .tcp(host: "127.0.0.1", port: house.port), timeout: .seconds(10), bodyLimit: 1 << 20)
        serve.signal(SIGTERM)
        #expect(try await serve.end() == 0)
        let lines = try String(contentsOfFile: log, encoding: .utf8)
        #expect(lines.contains("\"path\":\"/seen\"") && !lines.contains("secret"))
        client.close()
    }

    @Test("does not start when its access log cannot be opened, and says so")
    func unwritableLog() async throws {
        let house = try House()
        try house.write(
            house.configuration.replacing("edge: {threads: 1}", with: "edge: {access_log: none/access.log}"))
        let serve = try CarrelProcess("serve", "--config", house.file)
        #expect(try await serve.end() == 1)
        #expect(serve.output.contains("cannot open the access log \(house.scratch.path)/none/access.log"))
    }
}
