import HTTPTransport
import TLS
import Testing

@testable import Edge

/// Grants that end while somebody uses them.
struct RevocationTests {
    private func open(_ house: House, _ client: HTTPClient, cookie: String) async throws -> WebSocketConnection {
        let request = house.request("GET", "abcd.labs.test", "/ws", cookie: cookie)
        let socket = try await client.upgrade(request, to: house.address, timeout: .seconds(10))
        #expect(try await socket.receive() == .text("hello"))
        return socket
    }

    private func statuses(_ house: House) async throws -> [Int] {
        var statuses: [Int] = []
        for cookie in ["secret", "other"] {
            statuses.append(try await house.send("GET", "abcd.labs.test", "/head", cookie: cookie).status)
        }
        return statuses
    }

    @Test("one token is revoked: its requests are refused and its WebSockets are told 1001, and no other's")
    func one() async throws {
        try await withHouse(loops: 2) { house in
            house.edge.apply([.grant(slug: "abcd", digest: SHA256.digest("other"))])
            await house.edge.applied()
            let client = await house.client()
            let sockets = [
                try await open(house, client, cookie: "secret"), try await open(house, client, cookie: "secret"),
            ]
            let kept = try await open(house, client, cookie: "other")
            async let held = house.send("GET", "abcd.labs.test", "/hold")
            try await eventually("it waits") { house.lab.heads.count == 4 }
            house.edge.apply([.revoke(slug: "abcd", digests: [SHA256.digest("secret"), SHA256.digest("nobody's")])])
            for socket in sockets {
                #expect(try await socket.receive() == nil)
                #expect(await socket.closeCode == 1001)
            }
            try await kept.send(.text("still here"))
            #expect(try await kept.receive() == .text("still here"))
            await house.edge.applied()
            #expect(try await statuses(house) == [403, 200])
            #expect(await house.refusal(of: house.request("GET", "abcd.labs.test", "/ws")) == 403)
            // A request in progress may finish.
            house.lab.release()
            #expect(try await held.text == "held")
            await kept.close()
            await client.close()
        }
    }

    @Test("all tokens are revoked, and one that is granted again opens the lab again")
    func all() async throws {
        try await withHouse { house in
            house.edge.apply([.grant(slug: "abcd", digest: SHA256.digest("other"))])
            await house.edge.applied()
            let client = await house.client()
            let sockets = [
                try await open(house, client, cookie: "secret"), try await open(house, client, cookie: "other"),
            ]
            house.edge.apply([.revoke(slug: "abcd", digests: nil)])
            for socket in sockets { #expect(try await socket.receive() == nil) }
            #expect(try await statuses(house) == [403, 403])
            house.edge.apply([
                .revoke(slug: "abcd", digests: nil), .grant(slug: "abcd", digest: SHA256.digest("other")),
            ])
            await house.edge.applied()
            #expect(try await statuses(house) == [403, 200])
            let again = try await open(house, client, cookie: "other")
            // One that is granted again at once has lost nothing.
            house.edge.apply([
                .revoke(slug: "abcd", digests: nil), .grant(slug: "abcd", digest: SHA256.digest("other")),
            ])
            await house.edge.applied()
            try await again.send(.text("still here"))
            #expect(try await again.receive() == .text("still here"))
            // A lab whose route goes at the same time is closed, too.
            house.edge.apply([.revoke(slug: "abcd", digests: nil), .remove(slug: "abcd")])
            #expect(try await again.receive() == nil)
            await client.close()
        }
    }

    @Test("a WebSocket that the lab has not opened yet is cut")
    func opening() async throws {
        try await withHouse { house in
            try await house.withRawClient { client in
                client.send(
                    house.wire(
                        "GET /hold",
                        "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
                            + "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"))
                try await eventually("it waits") { house.lab.heads.count == 1 }
                house.edge.apply([.revoke(slug: "abcd", digests: [SHA256.digest("secret")])])
                try await eventually("cut") { client.record { $0.isClosed } }
                #expect(client.text == "")
                try await eventually("the lab's connection goes") { house.lab.record.withLock { $0.open } == 0 }
            }
        }
    }

    @Test("over HTTP/2 the WebSocket's stream ends, and the connection goes on")
    func http2() async throws {
        try await withHouse { house in
            try await house.withHTTP2 { client async throws in
                let fields = [
                    (":protocol", "websocket"), ("origin", "https://abcd.labs.test"), ("sec-websocket-version", "13"),
                ]
                let id = await client.request("CONNECT", "/ws", fields, body: .init(isLast: false))
                let hello: [UInt8] = [0x81, 5] + Array("hello".utf8)
                try await eventually("open") { client.answer(id).body == hello }
                house.edge.apply([.revoke(slug: "abcd", digests: nil)])
                try await eventually("1001") {
                    client.answer(id).body == hello + [0x88, 2, 0x03, 0xE9] && client.answer(id).hasEnded
                }
                #expect(try await client.get("/head").status == 403)
                #expect(try await client.get("/head", host: "portal.test").status == 200)
                #expect(client.record { $0.goAways.isEmpty && !$0.isClosed })
            }
        }
    }
}
