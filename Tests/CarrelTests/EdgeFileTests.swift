import EventLoop
import Foundation
import HTTPTransport
import Literals
import Programs
import Testing

@testable import Configuration
@testable import TLS
@testable import carrel

@Suite("The file of carrel edge") struct EdgeFileTests {
    private static let whole = """
        listen: ["0.0.0.0:443", "[::]:443"]
        public_port: 8443
        tls: {certificate: tls/fullchain.pem, key: tls/key.pem, hsts: 365d}
        redirect: {listen: ["0.0.0.0:80"], acme_webroot: acme}
        routes: routes.yaml
        admin: /run/edge.sock
        edge:
          threads: 3
          access_log: access.log
          takeover_grace: 1h
          limits: {connections_per_address: 100, header_size: 8KiB, idle_timeout: 20s, url_size: 4KiB}
        """

    private func settings(_ yaml: String, _ arguments: String...) throws -> EdgeService.Settings {
        let command = try EdgeCommand.parse(["--config", "edge.yaml"] + arguments)
        return try command.settings(EdgeFile(yaml: yaml, file: "edge.yaml", folder: "/etc/carrel"))
    }

    @Test("has the keys of carrel.yaml, and every one of them counts")
    func keys() throws {
        let settings = try settings(Self.whole)
        #expect(settings.listen == [.ip(address: "0.0.0.0", port: 443), .ip(address: "::", port: 443)])
        #expect(settings.certificate.certificatePath == "/etc/carrel/tls/fullchain.pem")
        #expect(settings.certificate.keyPath == "/etc/carrel/tls/key.pem")
        #expect(settings.routesPath == "/etc/carrel/routes.yaml")
        #expect(settings.admin == .unix(path: "/run/edge.sock"))
        #expect(settings.threads == 3)
        #expect(settings.accessLog == "/etc/carrel/access.log")
        #expect(settings.takeoverGrace == .seconds(3600))
        #expect(settings.hsts == .seconds(365 * 86_400))
        #expect(settings.redirect?.listen == [.ip(address: "0.0.0.0", port: 80)])
        #expect(settings.redirect?.publicPort == 8443)
        #expect(settings.redirect?.acmeWebroot == "/etc/carrel/acme")
        #expect(settings.limits.connectionsPerAddress == 100)
        #expect(settings.limits.http.headerBlockBytes == 8 << 10)
        #expect(settings.limits.http.startLineBytes == 4 << 10)
        #expect(settings.limits.timeouts.idle == .seconds(20))
    }

    @Test("is overruled by the command line, and may leave the rest to it")
    func commandLine() throws {
        let settings = try settings(
            Self.whole, "--listen", "127.0.0.1:9", "--cert", "c", "--threads", "1", "--connections-per-address", "7",
            "--takeover-grace", "2s", "--access-log", "a", "--admin", "unix:/b", "--routes", "r")
        #expect(settings.listen == [.ip(address: "127.0.0.1", port: 9)])
        #expect(settings.certificate == CertificateFiles(certificatePath: "c", keyPath: "/etc/carrel/tls/key.pem"))
        #expect(settings.threads == 1 && settings.limits.connectionsPerAddress == 7)
        #expect(settings.takeoverGrace == .seconds(2) && settings.accessLog == "a" && settings.routesPath == "r")
        #expect(settings.admin == .unix(path: "/b"))
        let few = try self.settings(
            "edge: {limits: {idle_timeout: 5s}}", "--listen", "127.0.0.1:9", "--cert", "c", "--key", "k", "--routes",
            "r")
        #expect(few.limits.timeouts.idle == .seconds(5) && few.hsts == .zero && few.redirect == nil)
    }

    @Test("is read strictly, and what nobody says is asked for")
    func mistakes() throws {
        let error = #expect(throws: InvalidConfiguration.self) {
            try EdgeFile(
                yaml: "listen: [\"0.0.0.0\"]\nlabs: []\nedge: {limits: {idle_time: 5s}}\ntls: {key: k}\n",
                file: "edge.yaml",
                folder: "/")
        }
        let text = error.map { "\($0)" } ?? ""
        for part in [
            "edge.yaml:1:", "unknown key \"labs\"", "did you mean \"idle_timeout\"?", "tls has no \"certificate\"",
        ] {
            #expect(text.contains(part), "\(part) in \(text)")
        }
        #expect(throws: (any Error).self) { try settings("listen: [\"0.0.0.0:443\"]") }
    }

    @ControlLoop
    @Test("leads browsers to https, tells them to stay, limits heads, and warns of a certificate that ends soon")
    func runs() async throws {
        let scratch = try Scratch()
        let authority = try DevelopmentCA(directory: scratch.path + "/tls")
        _ = try authority.issue(
            "edge", for: .server(names: ["*.bench.test"]), now: Int64(time(nil)) - (DevelopmentCA.leafDays - 3) * 86_400
        )
        let (port, plain) = (try House.freePort(), try House.freePort())
        let upstream = TakeoverUpstream()
        let behind = try await upstream.listen()
        try Data("a.bench.test: http://127.0.0.1:\(behind)\n".utf8)
            .write(to: URL(fileURLWithPath: scratch.path + "/routes.yaml"))
        let file = scratch.path + "/edge.yaml"
        try Data(
            """
            listen: ["127.0.0.1:\(port)"]
            tls: {certificate: tls/edge.pem, key: tls/edge.key, hsts: 1d}
            redirect: {listen: ["127.0.0.1:\(plain)"]}
            routes: routes.yaml
            edge: {threads: 1, limits: {header_size: 4KiB}}
            """.utf8
        ).write(to: URL(fileURLWithPath: file))
        let edge = try CarrelProcess("edge", "--config", file)
        try await edge.expect("ready")
        try await edge.expect("tls/edge.pem expires in")
        let client = HTTPClient(tls: try TLSClientContext(trust: .file(authority.certificatePath)))
        func get(_ padding: Int) async throws -> HTTPClientResponse {
            try await client.send(
                HTTPClientRequest(
                    method: "GET", target: "/small", authority: "a.bench.test:\(port)",
                    fields: ["X-Padding": String(repeating: "x", count: padding)]),
                to: .tcp(host: "127.0.0.1", port: port), timeout: .seconds(10), bodyLimit: 1024)
        }
        let answer = try await get(10)
        #expect(answer.status == 200)
        #expect(answer.fields.all("Strict-Transport-Security") == ["max-age=86400"])
        #expect(try await get(5000).status == 431)
        let led = try await HTTPClient().send(
            HTTPClientRequest(method: "GET", target: "/x", authority: "a.bench.test"),
            to: .tcp(host: "127.0.0.1", port: plain), timeout: .seconds(10), bodyLimit: 1024)
        #expect(led.status == 308 && led.fields.first("Location") == "https://a.bench.test:\(port)/x")
        edge.signal(SIGTERM)
        #expect(try await edge.end() == 0)
        client.close()
    }
}
