import Glibc
import HTTPTransport
import HTTPWire
import Testing

@testable import Edge

/// WebSockets over HTTP/2 (RFC 8441), and the shutdown of an edge with HTTP/2 clients.
struct HTTP2TunnelTests {
    private func fields(_ house: House, _ more: [(String, String)] = []) -> [(String, String)] {
        [
            (":protocol", "websocket"), ("origin", "https://abcd.labs.test"), ("sec-websocket-version", "13"),
        ] + more
    }

    private func frame(_ text: String, _ opcode: WebSocketFrame.Opcode = .text) -> [UInt8] {
        var frame: [UInt8] = []
        WebSocketFrame.encode(opcode, payload: Array(text.utf8), mask: 0x1122_3344, into: &frame)
        return frame
    }

    private let hello: [UInt8] = [0x81, 5] + Array("hello".utf8)

    @Test("a WebSocket over HTTP/2 is one of HTTP/1.1 to the lab, beside other requests, and activity is seen in it")
    func bothWays() async throws {
        try await withHouse { house in
            try await house.withHTTP2 { client async throws in
                try await eventually("it is offered") { client.record { $0.settings[8] } == 1 }
                let id = await client.request("CONNECT", "/ws", fields(house), body: .init(isLast: false))
                try await eventually("open") { client.answer(id).body == hello }
                let answer = client.answer(id)
                #expect(answer.status == 200)
                #expect(answer.fields["sec-websocket-accept"] == nil && answer.fields["upgrade"] == nil)
                let head = try #require(house.lab.heads.first)
                #expect(head.method == "GET" && head.fields.first("Upgrade") == "websocket")
                #expect(head.fields.first("Sec-WebSocket-Key")?.utf8.count == 24)
                #expect(head.fields.first("Authorization") == "token lab-token")
                house.activity.forget()
                client.send(frame("Zoë"), on: id)
                let echo = [0x81, 4] + Array("Zoë".utf8)
                try await eventually("echoed") { client.answer(id).body == hello + echo }
                try await eventually("it counts") { house.activity.last("abcd") != nil }
                #expect(try await client.get("/head").status == 200)
                #expect(await house.edge.metrics().openTunnels == 1)
                client.send(frame("", .close), on: id, isLast: true)
                try await eventually("closed on both sides") { client.answer(id).closed == 0 }
                try await eventually("the lab's connection goes") {
                    await house.edge.metrics().openTunnels == 0
                }
                #expect(try await client.get("/head").status == 200)
            }
        }
    }

    @Test("a tunnel that is reset is closed at the lab; a lab that refuses or cheats is told apart")
    func endings() async throws {
        try await withHouse { house in
            try await house.withHTTP2 { client async throws in
                let id = await client.request("CONNECT", "/ws", fields(house), body: .init(isLast: false))
                try await eventually("open") { client.answer(id).body == hello }
                client.reset(id)
                try await eventually("the lab hears of it") { house.lab.record.withLock { $0.open } == 0 }
                let bad = await client.request("CONNECT", "/ws-bad", fields(house), body: .init(isLast: false))
                #expect(try await client.finished(bad).status == 502)
                let refused = await client.request("CONNECT", "/refuse", fields(house), body: .init(isLast: false))
                #expect(try await client.finished(refused).status == 413)
                // A 200 would mean that the WebSocket is open.
                let plain = await client.request("CONNECT", "/head", fields(house), body: .init(isLast: false))
                try await eventually("it is reset") { client.answer(plain).closed != nil }
                #expect(client.answer(plain).status == 0)
            }
        }
    }

    @Test("who may not open a WebSocket may not by HTTP/2 either, and nothing else is tunnelled")
    func access() async throws {
        try await withHouse { house in
            try await house.withHTTP2 { client async throws in
                let nobody = await client.request(
                    "CONNECT", "/ws", cookie: nil, fields(house), body: .init(isLast: false))
                #expect(try await client.finished(nobody).status == 403)
                let foreign = await client.request(
                    "CONNECT", "/ws",
                    [(":protocol", "websocket"), ("origin", "https://evil.example"), ("sec-websocket-version", "13")],
                    body: .init(isLast: false))
                #expect(try await client.finished(foreign).status == 403)
                let other = await client.request(
                    "CONNECT", "/ws", [(":protocol", "connect-udp")], body: .init(isLast: false))
                #expect(try await client.finished(other).status == 501)
                #expect(house.lab.heads.isEmpty)
            }
        }
    }

    @Test("at the end requests finish after two GOAWAYs, WebSockets are told 1001, and nothing else begins")
    func goingAway() async throws {
        try await withHouse { house in
            try await house.withHTTP2 { client async throws in
                let tunnel = await client.request("CONNECT", "/ws", fields(house), body: .init(isLast: false))
                let held = await client.request("GET", "/hold")
                try await eventually("open") { client.answer(tunnel).body == hello }
                try await eventually("it waits") { house.lab.heads.count == 2 }
                async let stopped: Void = house.edge.stop(grace: .seconds(60))
                try await eventually("announced, then fixed") { client.record { $0.goAways.count } == 2 }
                #expect(client.record { $0.goAways.map(\.last) } == [Int32.max, held])
                #expect(client.record { $0.goAways.map(\.code) } == [0, 0])
                try await eventually("1001") {
                    client.answer(tunnel).body == hello + [0x88, 2, 0x03, 0xE9] && client.answer(tunnel).hasEnded
                }
                house.lab.release()
                #expect(try await client.finished(held).text == "held")
                client.send([], on: tunnel, isLast: true)
                await stopped
                try await eventually("closed") { client.record { $0.isClosed } }
            }
        }
    }

    @Test("a connection that is idle is told that it ends")
    func idle() async throws {
        func shortly(_ configuration: inout EdgeConfiguration) {
            configuration.limits.timeouts.idle = .milliseconds(50)
        }
        try await withHouse(change: shortly) { house in
            try await house.withHTTP2 { client async throws in
                try await eventually("ended") { client.record { $0.isClosed } }
                #expect(client.record { $0.goAways.last?.code } == 0)
            }
        }
    }
}
