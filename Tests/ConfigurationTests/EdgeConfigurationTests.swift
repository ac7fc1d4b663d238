import Edge
import Foundation
import HTTPTransport
import Literals
import Testing

@testable import Configuration

@Suite("The edge's section of the configuration") struct EdgeConfigurationTests {
    @Test("has a default for every limit")
    func defaults() throws {
        #expect(try read("").edgeLimits == ClientLimits())
        #expect(try read("edge: {threads: 3}").edgeThreads == 3)
        #expect(try read("edge: {limits: {}}").edgeLimits == ClientLimits())
    }

    @Test("sets each limit by its key")
    func limits() throws {
        let limits = try read(
            """
            edge:
              limits:
                connections_per_thread: 100
                connections_per_address: 10
                handshake_timeout: 3s
                header_timeout: 4s
                idle_timeout: 5s
                body_timeout: 6s
                write_timeout: 7s
                minimum_body_rate: 2KiB
                url_size: 4KiB
                header_size: 8KiB
                header_fields: 50
                streams_per_connection: 64
                resets_per_second: 10
            """
        ).edgeLimits
        var wanted = ClientLimits()
        wanted.connectionsPerLoop = 100
        wanted.connectionsPerAddress = 10
        wanted.handshake = .seconds(3)
        wanted.timeouts.head = .seconds(4)
        wanted.timeouts.idle = .seconds(5)
        wanted.timeouts.body = .seconds(6)
        wanted.timeouts.write = .seconds(7)
        wanted.timeouts.minimumBodyRate = 2048
        wanted.http.startLineBytes = 4096
        wanted.http.headerBlockBytes = 8192
        wanted.http.fieldCount = 50
        wanted.http2.concurrentStreams = 64
        wanted.http2.resets = HTTP2Limits.Allowance(atOnce: 80, perSecond: 10)
        #expect(limits == wanted)
    }

    @Test("says what is wrong with a limit, and where")
    func wrong() {
        #expect(
            problems("edge: {limits: {header_timeout: soon, conections_per_address: 4, header_fields: 3}}") == [
                "carrel.yaml:1:33: edge.limits.header_timeout is \"soon\", but must be a duration from 1s to 1h, such as "
                    + "90s, 30m, 8h or 1h30m",
                "carrel.yaml:1:39: unknown key \"conections_per_address\" in edge.limits; did you mean "
                    + "\"connections_per_address\"?",
                "carrel.yaml:1:81: edge.limits.header_fields is the number 3, but must be a whole number from 16 to 1000",
            ])
    }

    @Test("has a listener without TLS, a log and a time for HSTS where they are asked for")
    func listeners() throws {
        #expect(try read("").redirect == nil && read("").accessLog == nil && read("").hsts == .seconds(365 * 86_400))
        let read = try read(
            """
            edge: {access_log: logs/access.log}
            redirect: {listen: ["0.0.0.0:80", "[::]:80"], acme_webroot: acme}
            """)
        #expect(read.accessLog == "/etc/carrel/logs/access.log")
        #expect(read.redirect?.listen.map(\.description) == ["0.0.0.0:80", "[::]:80"])
        #expect(read.redirect?.acmeWebroot == "/etc/carrel/acme")
        let never = goodConfiguration.replacingOccurrences(of: "edge.key}", with: "edge.key, hsts: 0s}")
        #expect(try Configuration(yaml: never, file: "carrel.yaml", folder: "/").hsts == .zero)
    }

    @Test("allows embedding in the pages of origins, which are written as browsers compare them")
    func embedding() throws {
        func embedding(_ list: String) -> String {
            goodConfiguration.replacingOccurrences(of: "title: The School}", with: "embedded_in: [\(list)]}")
        }
        let read = try Configuration(
            yaml: embedding("\"https://Courses.example.org\", \"https://a.example:8443\", \"https://b.example:443\""),
            file: "carrel.yaml", folder: "/")
        #expect(
            read.portals[0].embeddedIn == [
                "https://courses.example.org", "https://a.example:8443", "https://b.example",
            ])
        #expect(try self.read("").portals[0].embeddedIn.isEmpty)
        for wrong in ["*", "http://a.example", "https://a.example/", "https://a.example; script-src *", "https://"] {
            #expect(throws: InvalidConfiguration.self, "\(wrong)") {
                try Configuration(yaml: embedding("\"\(wrong)\""), file: "carrel.yaml", folder: "/")
            }
        }
    }

    @Test("says that the listener without TLS needs an address, and one of its own")
    func redirectProblems() {
        #expect(
            problems("redirect: {acme_webroot: acme}") == [
                "carrel.yaml:1:11: redirect has no \"listen\"; add it: a list of addresses such as \"0.0.0.0:80\""
            ])
        #expect(
            problems("redirect: {listen: [\"0.0.0.0:8443\"]}") == [
                "carrel.yaml:1:20: redirect.listen has 0.0.0.0:8443, where the edge listens for TLS already; take another "
                    + "port, such as 80"
            ])
    }

    @Test("lets browsers speak HTTP/2, unless it is switched off")
    func http2() throws {
        #expect(try read("").edgeHTTP2 && read("edge: {http2: true}").edgeHTTP2)
        #expect(try !read("edge: {http2: false}").edgeHTTP2)
        #expect(
            problems("edge: {http2: \"off\"}") == [
                "carrel.yaml:1:15: edge.http2 is \"off\", but must be true or false"
            ])
    }

    private func read(_ section: String) throws -> Configuration {
        try Configuration(yaml: section + "\n" + goodConfiguration, file: "carrel.yaml", folder: "/etc/carrel")
    }

    private func problems(_ section: String) -> [String] {
        do {
            _ = try read(section)
            return []
        } catch {
            return (error as? InvalidConfiguration)?.problems.map(\.description) ?? ["\(error)"]
        }
    }
}
