import EventLoop
import Glibc
import HTTPTransport
import HTTPWire
import TLS
import Testing

@testable import Edge

/// Tests WebSockets, activity, and shutdown.
struct EdgeTunnelTests {
    private func open(_ house: House, _ client: HTTPClient, _ target: String = "/ws") async throws
        -> WebSocketConnection
    {
        let own: HeaderFields = ["Origin": "https://abcd.labs.test:\(house.port)"]
        let request = house.request("GET", "abcd.labs.test", target, own)
        return try await client.upgrade(request, to: house.address, timeout: .seconds(10))
    }

    @Test("a WebSocket carries messages both ways, and what came with the handshake is not lost")
    func bothWays() async throws {
        try await withHouse { house in
            let client = await house.client()
            let socket = try await open(house, client)
            #expect(try await socket.receive() == .text("hello"))
            let large = (0..<1_000_000).map { UInt8(truncatingIfNeeded: $0) }
            for message in [WebSocketMessage.text("Zoë"), .binary(large), .text("")] {
                try await socket.send(message)
                #expect(try await socket.receive() == message)
            }
            try await socket.ping(within: .seconds(10))
            await socket.close()
            let head = try #require(house.lab.heads.first)
            #expect(head.fields.all("Authorization") == ["token lab-token"])
            #expect(head.fields.all("Cookie") == ["other=1"])
            try await eventually("the tunnel is gone on both sides") {
                let lab = house.lab.record.withLock { $0.open }
                return await house.connectionCount() == 0 && lab == 0
            }
            await client.close()
        }
    }

    @Test("a 101 that does not answer the key is a bad gateway")
    func invalidAnswer() async throws {
        try await withHouse { house in
            let request = house.request("GET", "abcd.labs.test", "/ws-bad")
            #expect(await house.refusal(of: request) == 502)
            try await eventually("the upstream is let go") { house.lab.record.withLock { $0.open } == 0 }
        }
    }

    @Test("a WebSocket that is asked for with a body is refused before the lab hears of it")
    func upgradeWithBody() async throws {
        try await withHouse { house in
            for body in ["Content-Length: 3\r\n\r\nabc", "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"] {
                try await house.withRawClient { client in
                    let head = house.wire(
                        "GET /ws",
                        "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
                            + "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n")
                    client.send(head.dropLast() + body)
                    try await eventually("refused") {
                        client.text.contains("does not work") || client.text.contains("has no body")
                    }
                    #expect(client.text.hasPrefix("HTTP/1.1 400 "))
                    // Its connection stays open.
                    client.send(house.wire("GET /x"))
                    try await eventually("the next one is answered") { client.text.hasSuffix("ok") }
                }
            }
            #expect(house.lab.heads.allSatisfy { $0.target == "/x" })
        }
    }

    @Test("an upgrade to something else is a plain request")
    func otherUpgrade() async throws {
        try await withHouse { house in
            let fields: HeaderFields = [
                "Connection": "Upgrade, HTTP2-Settings", "Upgrade": "h2c", "HTTP2-Settings": "x",
            ]
            let answer = try await house.send("GET", "abcd.labs.test", "/head", fields)
            #expect(answer.status == 200)
            for name in ["Upgrade", "Connection", "HTTP2-Settings"] { #expect(answer.received(name) == [], "\(name)") }
        }
    }

    @Test("each side may end first, and the other is told")
    func halfCloses() async throws {
        try await withHouse { house in
            let handshake = house.wire(
                "GET /ws",
                "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
                    + "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n")
            try await house.withRawClient { client in
                // Bytes that arrive with the handshake belong to the tunnel.
                var frame: [UInt8] = []
                WebSocketFrame.encode(.text, payload: Array("early".utf8), mask: 0x1122_3344, into: &frame)
                client.send(Array(handshake.utf8) + frame)
                let frames: [UInt8] = [0x81, 5] + Array("hello".utf8) + [0x81, 5] + Array("early".utf8)
                try await eventually("open") { client.record { $0.bytes.suffix(14) == frames[...] } }
                client.finish()
                try await eventually("the lab hears of the end") { house.lab.record.withLock { $0.tunnelEnds } == 1 }
                try await eventually("and its end comes back") { client.record { $0.hasEnded || $0.isClosed } }
            }
            try await house.withRawClient { client in
                client.send(handshake)
                try await eventually("open") { client.text.hasSuffix("hello") }
                var frame: [UInt8] = []
                WebSocketFrame.encode(.close, payload: [3, 232], mask: 1, into: &frame)
                client.send(frame)
                try await eventually("the lab ends first") { client.record { $0.hasEnded } }
                // The client keeps its side open; the edge does not wait for it forever.
                #expect(await house.connectionCount() == 1)
                await house.sweep(after: EdgeLimits.halfOpenTimeout + .seconds(1))
                try await eventually("it is over") { await house.connectionCount() == 0 }
            }
        }
    }

    @Test("what a person does is reported with its time, and what a tab does by itself is not")
    func activity() async throws {
        try await withHouse { house in
            let client = await house.client()
            let socket = try await open(house, client)
            #expect(try await socket.receive() == .text("hello"))
            try await socket.ping(within: .seconds(10))
            _ = try await house.send("GET", "abcd.labs.test", "/api/kernels")
            _ = try await house.send("POST", "abcd.labs.test", "/upload", ["Origin": "https://evil.test"], body: [1])
            // A report about another session shows that the silent ones were not reported before it.
            let other = LabRoute(
                slug: "busy", portal: "school", upstream: house.labAddress, kind: .http, authorization: nil,
                grants: [SHA256.digest("secret")])
            house.edge.apply([.set(other)])
            _ = try await house.send("POST", "busy.labs.test", "/upload", body: [1])
            try await eventually("reported") { house.activity.last("busy") != nil }
            #expect(house.activity.last("abcd") == nil)
            house.activity.forget()
            try await socket.send(.text("x"))
            try await eventually("reported") { house.activity.last("abcd") != nil }
            #expect(house.activity.last("busy") == nil)
            let reported = try #require(house.activity.last("abcd"))
            #expect(abs(reported - wallMilliseconds()) < 60_000)
            await socket.close()
            await client.close()
        }
    }

    @Test("an upload is in use for as long as it lasts, not only when it begins")
    func upload() async throws {
        try await withHouse { house in
            try await house.withRawClient { client in
                client.send(
                    house.wire("POST /upload", "Content-Length: 3\r\nOrigin: https://abcd.labs.test:\(house.port)\r\n"))
                for _ in 0..<3 {
                    try await eventually("reported") { house.activity.last("abcd") != nil }
                    house.activity.forget()
                    client.send("x")
                }
                try await eventually("reported") { house.activity.last("abcd") != nil }
            }
        }
    }

    @Test("at the end requests may finish, WebSockets are told 1001, and nobody else comes in")
    func gracefulStop() async throws {
        try await withHouse(loops: 2) { house in
            let client = await house.client()
            let socket = try await open(house, client)
            #expect(try await socket.receive() == .text("hello"))
            async let held = house.send("GET", "abcd.labs.test", "/hold")
            try await eventually("under way") { house.lab.heads.count == 2 }
            async let stopped: Void = house.edge.stop(grace: .seconds(30))
            #expect(try await socket.receive() == nil)
            #expect(await socket.closeCode == 1001)
            await #expect(throws: HTTPClientError.self) { _ = try await house.send("GET", "abcd.labs.test", "/x") }
            house.lab.release()
            let answer = try await held
            #expect(answer.text == "held")
            #expect(answer.fields.first("Connection") == "close")
            await stopped
            await client.close()
        }
    }

    @Test("when the grace is over, what is left is cut")
    func endOfGrace() async throws {
        try await withHouse { house in
            try await house.withRawClient { client in
                client.send(house.wire("GET /hold"))
                try await eventually("under way") { house.lab.heads.count == 1 }
                await house.edge.stop(grace: .milliseconds(20))
                try await eventually("cut") { client.record { $0.isClosed } }
                #expect(client.text == "")
            }
        }
    }

    @Test("certificates are read again without dropping a connection")
    func reload() async throws {
        try await withHouse { house in
            try await house.withRawClient { client in
                try house.edge.reloadCertificates()
                client.send(house.wire("GET /x"))
                try await eventually("the open one goes on") { client.text.hasSuffix("ok") }
                let answer = try await house.send("GET", "abcd.labs.test", "/x")
                #expect(answer.text == "ok")
            }
        }
    }
}

private func wallMilliseconds() -> Int64 { Int64(time(nil)) * 1000 }
