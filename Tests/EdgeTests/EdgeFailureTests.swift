import EventLoop
import HTTPTransport
import HTTPWire
import TLS
import Testing

@testable import Edge

/// Tests failing upstreams and misbehaving clients.
struct EdgeFailureTests {
    private let navigation: HeaderFields = ["Sec-Fetch-Mode": "navigate"]

    @Test("a lab that refuses connections gets a page that asks again, or 503 with Retry-After")
    func refused() async throws {
        try await withHouse { house in
            let other = Upstream()
            let gone = try await other.listen()
            await other.stop()
            house.edge.apply([
                .set(
                    LabRoute(
                        slug: "abcd", portal: "school", upstream: gone, kind: .jupyter, authorization: nil,
                        grants: [SHA256.digest("secret")]))
            ])
            let page = try await house.send("GET", "abcd.labs.test", "/lab", navigation)
            #expect(page.status == 503 && page.text.contains("http-equiv=\"refresh\""))
            for (method, body) in [("GET", []), ("POST", [UInt8](repeating: 1, count: 400_000))] {
                let program = try await house.send(method, "abcd.labs.test", "/api", body: body)
                #expect(program.status == 503)
                #expect(program.fields.first("Retry-After") == "\(EdgeLimits.retrySeconds)")
            }
        }
    }

    @Test("a portal that is not there yet has a page of its own")
    func portalRefused() async throws {
        let change = { (configuration: inout EdgeConfiguration) in
            configuration.routing = .sessions(portalUpstream: .unix(path: "/tmp/carrel-no-such-socket"))
        }
        try await withHouse(change: change) { house in
            let page = try await house.send("GET", "portal.test", "/", navigation)
            #expect(page.status == 503 && page.text.contains("The service is starting again"))
        }
    }

    @Test("a lab that closes without a word is not answering; what may have been done is a bad gateway")
    func closesAtOnce() async throws {
        try await withHouse { house in
            let get = try await house.send("GET", "abcd.labs.test", "/die")
            #expect(get.status == 503)
            let post = try await house.send("POST", "abcd.labs.test", "/die", body: [1])
            #expect(post.status == 502)
            #expect(house.lab.heads.count == 2, "a new connection that dies is not tried again")
        }
    }

    @Test("an idempotent request is sent once more when a used connection dies under it, and no other is")
    func retry() async throws {
        try await withHouse { house in
            try await house.withRawClient { client in
                client.send(house.wire("GET /die-next"))
                try await eventually("answered") { client.text.hasSuffix("alive") }
                client.send(house.wire("GET /again"))
                try await eventually("answered all the same") { client.text.hasSuffix("ok") }
                #expect(house.lab.heads.map(\.target) == ["/die-next", "/again", "/again"])
                #expect(house.lab.record.withLock { $0.connections } == 2)
                client.send(house.wire("GET /die-next"))
                try await eventually("answered") { client.text.hasSuffix("alive") }
                client.send(house.wire("POST /once", "Content-Length: 0\r\n"))
                try await eventually("told") { client.text.contains("502 Bad Gateway") }
                #expect(house.lab.heads.filter { $0.target == "/once" }.count == 1)
            }
        }
    }

    @Test("a response that is cut at the upstream is cut at the client, so that it is not taken for whole")
    func cutResponse() async throws {
        try await withHouse { house in
            try await house.withRawClient { client in
                client.send(house.wire("GET /cut"))
                try await eventually("it begins") { client.text.hasSuffix("abc") }
                house.lab.release()
                try await eventually("it breaks off") { client.record { $0.isClosed } }
                #expect(client.record { $0.error } != nil, "without a close_notify TLS can tell")
            }
        }
    }

    @Test("a refusal before the body is read reaches the client, and the rest of the body nobody")
    func earlyRefusal() async throws {
        try await withHouse { house in
            try await house.withRawClient { client in
                client.send(house.wire("POST /refuse", "Content-Length: \(100 << 20)\r\n"))
                client.send(Array(repeating: 7, count: 65_536), times: 1600)
                try await eventually("refused") { client.text.contains("413 Content Too Large") }
                try await eventually("closed") { client.record { $0.isClosed || $0.hasEnded } }
                try await eventually("the upstream is let go") { house.lab.record.withLock { $0.open } == 0 }
            }
        }
    }

    @Test(
        "what is malformed is answered by its status and goes nowhere",
        arguments: [
            ("GET / HTTP/1.1\r\n\r\n", 400), ("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400),
            ("GET / HTTP/2.0\r\nHost: a\r\n\r\n", 505), ("CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n", 501),
            ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", 400),
            ("GET /\(String(repeating: "x", count: 20_000)) HTTP/1.1\r\n", 414),
            ("GET / HTTP/1.1\r\nHost: a\r\nX: \(String(repeating: "x", count: 70_000))", 431),
            ("GET / HTTP/1.0\r\n\r\n", 400),
        ])
    func malformed(text: String, status: Int) async throws {
        try await withHouse { house in
            try await house.withRawClient { client in
                client.send(text)
                try await eventually("refused") { client.text.hasPrefix("HTTP/1.1 \(status) ") }
            }
            #expect(house.lab.heads.isEmpty && house.portal.heads.isEmpty)
        }
    }

    @Test("nothing is processed after close")
    func afterClose() async throws {
        try await withHouse { house in
            try await house.withRawClient { client in
                client.send(house.wire("GET /last", "Connection: close\r\n") + house.wire("GET /never"))
                try await eventually("answered, and over") { client.record { $0.hasEnded || $0.isClosed } }
                #expect(client.text.contains("Connection: close\r\n") && client.text.hasSuffix("ok"))
            }
            #expect(house.lab.heads.map(\.target) == ["/last"])
        }
    }

    @Test("a body that turns out malformed ends the exchange on both sides")
    func malformedBody() async throws {
        try await withHouse { house in
            try await house.withRawClient { client in
                client.send(house.wire("POST /upload", "Transfer-Encoding: chunked\r\n") + "3\r\nabc\r\n")
                try await eventually("it is on the way") { house.lab.record.withLock { $0.received } == 3 }
                client.send("x\r\n")
                try await eventually("refused") { client.text.hasPrefix("HTTP/1.1 400 ") }
                try await eventually("the upstream is let go") { house.lab.record.withLock { $0.open } == 0 }
            }
        }
    }

    @Test("one connection more than the limit is closed, and the others go on")
    func connectionLimit() async throws {
        let change = { (configuration: inout EdgeConfiguration) in configuration.limits.connectionsPerLoop = 1 }
        try await withHouse(change: change) { house in
            try await house.withRawClient { first in
                try await house.withRawClient { second in
                    #expect(second.record { $0.isClosed })
                    first.send(house.wire("GET /x"))
                    try await eventually("answered") { first.text.hasSuffix("ok") }
                }
            }
        }
    }

    @Test("an address that is taken is an error that names it, and nothing is left behind")
    func addressTaken() async throws {
        try await withHouse { house in
            let taken = Upstream()
            guard case .tcp(let host, let port) = try await taken.listen() else { return }
            let configuration = EdgeConfiguration(
                listen: [.ip(address: host, port: port)], loops: 2, portals: [.school],
                portalUpstream: house.labAddress, certificates: try TestAuthority.store.get())
            let edge = Edge(configuration, onActivity: { _ in })
            let error = await #expect(throws: StreamError.self) { try await edge.start() }
            #expect(error?.code == StreamError.addressInUse)
            #expect(error?.message.contains("\(port)") == true)
            await edge.stop(grace: .zero)
            await #expect(throws: StreamError.self) { try await edge.start() }
            await taken.stop()
        }
    }
}
