import HTTPTransport
import Testing

@testable import Edge

/// Tests every limit on what an HTTP/2 client may do to the edge, by reaching it.
struct HTTP2LimitsTests {
    private static let calm: UInt32 = 11

    /// Floods that waste the edge's time, on an open session, and possibly with a stream of its own.
    private func floods(
        _ what: Comment, limits: HTTP2Limits = HTTP2Limits(), _ attack: (HTTP2Client) async throws -> Void
    ) async throws {
        func apply(_ configuration: inout EdgeConfiguration) { configuration.limits.http2 = limits }
        try await withHouse(change: apply) { house in
            try await house.withHTTP2 { client async throws in
                #expect(try await client.get("/head").status == 200)
                try await attack(client)
                try await eventually("\(what): sent away") { client.record { $0.isClosed } }
                // Its own write may fail before it has read the reason.
                let code = client.record { $0.goAways.last?.code }
                #expect(code == nil || code == Self.calm, what)
            }
            #expect(await house.edge.metrics().number(of: .flood) == 1, what)
            try await eventually("nothing is left") { await house.connectionCount() == 0 }
            // Other clients are served all the same.
            try await house.withHTTP2 { client async throws in #expect(try await client.get("/head").status == 200) }
        }
    }

    @Test("requests that are given up at once, again and again, end the connection (CVE-2023-44487)")
    func rapidReset() async throws {
        var limits = HTTP2Limits()
        limits.resets = .init(atOnce: 20, perSecond: 0)
        try await floods("resets", limits: limits) { client in
            for _ in 0..<30 { client.reset(await client.request("GET", "/hold")) }
        }
    }

    @Test("streams that the client has the edge reset count too (CVE-2025-8671)")
    func madeYouReset() async throws {
        var limits = HTTP2Limits()
        limits.faults = .init(atOnce: 20, perSecond: 0)
        try await floods("faults", limits: limits) { client in
            for _ in 0..<30 {
                let id = await client.request("GET", "/hold")
                // A WINDOW_UPDATE that overflows the window.
                client.sendRaw(HTTP2Client.frame(type: 8, stream: UInt32(max(1, id)), [0x7F, 255, 255, 255]))
            }
        }
    }

    @Test("SETTINGS, PING, PRIORITY, WINDOW_UPDATE and frames of unknown kinds without end are answered by the end")
    func frames() async throws {
        let attacks: [(String, [UInt8], Int)] = [
            ("SETTINGS", HTTP2Client.frame(type: 4), 40),
            ("PING", HTTP2Client.frame(type: 6, [UInt8](repeating: 0, count: 8)), 100),
            ("PRIORITY", HTTP2Client.frame(type: 2, stream: 101, [0, 0, 0, 0, 16]), 600),
            ("WINDOW_UPDATE", HTTP2Client.frame(type: 8, [0, 0, 0, 1]), 1200),
            ("unknown", HTTP2Client.frame(type: 0xB7, [UInt8](repeating: 0, count: 100)), 600),
            ("ALTSVC", HTTP2Client.frame(type: 10, [0, 0]), 600),
            ("ORIGIN", HTTP2Client.frame(type: 12), 600),
            ("PRIORITY_UPDATE", HTTP2Client.frame(type: 16, [0, 0, 0, 101]), 600),
        ]
        for (name, bytes, times) in attacks {
            try await floods("\(name)") { $0.sendRaw(bytes, times: times) }
        }
    }

    @Test("a few frames of unknown kinds are read over")
    func unknownFrames() async throws {
        try await withHouse { house in
            try await house.withHTTP2 { client async throws in
                for type in 10...UInt8.max {
                    client.sendRaw(HTTP2Client.frame(type: type, [UInt8](repeating: 0, count: 5)))
                }
                #expect(try await client.get("/head").status == 200)
            }
            #expect(await house.edge.metrics().number(of: .flood) == 0)
        }
    }

    @Test("acknowledgements that wait to be sent are so many at most")
    func acknowledgements() async throws {
        var limits = HTTP2Limits()
        limits.waitingAcknowledgements = 8
        limits.pings = .init(atOnce: 1000, perSecond: 0)
        try await floods("acknowledgements", limits: limits) { client in
            // In one piece, because between two pieces the edge would send its queued answers.
            let ping = HTTP2Client.frame(type: 6, [UInt8](repeating: 0, count: 8))
            client.sendRaw(Array(repeatElement(ping, count: 20).joined()))
        }
    }

    @Test("DATA with nothing in it does not keep a stream busy")
    func emptyData() async throws {
        try await floods("empty DATA") { client in
            let id = await client.request("POST", "/upload", body: .init(isLast: false))
            client.sendRaw(HTTP2Client.frame(type: 0, stream: UInt32(max(1, id))), times: 50)
        }
    }

    @Test("a header block of many CONTINUATION frames, or one that unpacks to a multiple of itself, is not read on")
    func headerBlocks() async throws {
        // A request's head without its end, in HPACK without Huffman coding: method, scheme, path, authority.
        let start: [UInt8] = [0x82, 0x87, 0x84, 0x41, 3, 0x61, 0x2E, 0x62]
        try await floods("CONTINUATION") { client in
            client.sendRaw(HTTP2Client.frame(type: 1, flags: 1, stream: 101, start))
            client.sendRaw(HTTP2Client.frame(type: 9, stream: 101, [0x00, 1, 0x78, 1, 0x79]), times: 20)
        }
        // One field of 3,000 bytes is added to the table, and then referenced by one byte each time.
        let value: [UInt8] = [0x40, 1, 0x78, 0x7F, 0xB9, 0x16] + [UInt8](repeating: 0x79, count: 3000)
        try await floods("header bomb") { client in
            client.sendRaw(
                HTTP2Client.frame(
                    type: 1, flags: 5, stream: 101, start + value + [UInt8](repeating: 0xBE, count: 10_000)))
        }
    }

    @Test("more header fields than the limit are answered 431, and the connection goes on")
    func largeHead() async throws {
        func smaller(_ configuration: inout EdgeConfiguration) { configuration.limits.http.headerBlockBytes = 16_384 }
        try await withHouse(change: smaller) { house in
            try await house.withHTTP2 { client async throws in
                let many = (0..<200).map { ("x-\($0)", "y") }
                #expect(try await client.finished(client.request("GET", "/head", many)).status == 431)
                let large = (0..<3).map { ("x-\($0)", String(repeating: "y", count: 6_000)) }
                #expect(try await client.finished(client.request("GET", "/head", large)).status == 431)
                #expect(try await client.get("/head").status == 200)
            }
        }
    }

    @Test("no more streams at once than announced; a client that knows better is wrong")
    func streams() async throws {
        func few(_ configuration: inout EdgeConfiguration) { configuration.limits.http2.concurrentStreams = 3 }
        try await withHouse(change: few) { house in
            try await house.withHTTP2 { client async throws in
                try await eventually("announced") { client.record { $0.settings[3] } == 3 }
                // The library obeys it: the fourth request waits in the client.
                for _ in 0..<4 { _ = await client.request("GET", "/hold") }
                try await eventually("three are under way") { house.lab.heads.count == 3 }
                // A hand-made fourth request: GET https://a.b/ on a stream of its own.
                let head: [UInt8] = [0x82, 0x87, 0x84, 0x41, 3, 0x61, 0x2E, 0x62]
                client.sendRaw(HTTP2Client.frame(type: 1, flags: 5, stream: 1001, head))
                try await eventually("refused") { client.record { $0.isClosed || $0.answers[1001]?.closed != nil } }
                #expect(house.lab.heads.count == 3)
            }
        }
    }

    @Test("a client that opens no window and takes nothing loses the stream at the write timeout")
    func stalledWindow() async throws {
        func shortly(_ configuration: inout EdgeConfiguration) {
            configuration.limits.timeouts.write = .milliseconds(200)
        }
        try await withHouse(change: shortly) { house in
            try await house.withHTTP2 { client async throws in
                client.takeNothing()
                let id = await client.request("GET", "/download/30000000")
                try await eventually("reset") { client.answer(id).closed == 2 }
                try await eventually("the lab's connection goes") { house.lab.record.withLock { $0.open } == 0 }
            }
        }
    }

    @Test("a client that reads nothing at all loses its connection at the write timeout")
    func stalledSocket() async throws {
        func shortly(_ configuration: inout EdgeConfiguration) {
            configuration.limits.timeouts.write = .milliseconds(200)
        }
        try await withHouse(change: shortly) { house in
            try await house.withHTTP2 { client async throws in
                client.widenWindows()
                let id = await client.request("GET", "/download/100000000000")
                try await eventually("it comes") { client.answer(id).count > 0 }
                client.pause()
                try await eventually("cut") { await house.connectionCount() == 0 }
            }
        }
    }

    @Test("a body that stops coming is answered 408, a preface or a header block that does not end by the end")
    func deadlines() async throws {
        func shortly(_ configuration: inout EdgeConfiguration) {
            configuration.limits.timeouts.body = .milliseconds(100)
            configuration.limits.timeouts.head = .milliseconds(300)
        }
        try await withHouse(change: shortly) { house in
            try await house.withHTTP2 { client async throws in
                let id = await client.request(
                    "POST", "/upload", [("content-length", "10")], body: .init(bytes: [1], isLast: false))
                #expect(try await client.finished(id).status == 408)
                client.sendRaw(HTTP2Client.frame(type: 1, flags: 1, stream: 101, [0x82]))
                try await eventually("ended") { client.record { $0.isClosed } }
                #expect(client.record { $0.goAways.last?.code } == Self.calm)
            }
            let silent = try await RawClient.connect(to: house, alpn: ["h2"])
            try await eventually("ended") { silent.record { $0.isClosed || $0.hasEnded } }
            await silent.stop()
            #expect(await house.edge.metrics().number(of: .headTimeout) == 2)
        }
    }

    @Test("what is no HTTP/2 at all ends the connection")
    func garbage() async throws {
        try await withHouse { house in
            let client = try await RawClient.connect(to: house, alpn: ["h2"])
            client.send("GET / HTTP/1.1\r\nHost: abcd.labs.test\r\n\r\n")
            try await eventually("ended") { client.record { $0.isClosed || $0.hasEnded } }
            await client.stop()
            #expect(await house.edge.metrics().number(of: .malformed) == 1)
        }
    }
}
