import HTTPTransport
import Testing

@testable import Edge

/// Windows and back pressure: a slow end pauses the other end, and memory does not grow.
struct HTTP2StreamingTests {
    @Test("a download arrives as it was, and one that nobody takes does not hold up the others")
    func downloads() async throws {
        try await withHouse { house in
            try await house.withHTTP2 { client async throws in
                let whole = try await client.get("/download/1000000")
                #expect(whole.count == 1_000_000)
                let pattern = (0..<16).flatMap { _ in Upstream.block }
                #expect(whole.body == Array(pattern.prefix(1_000_000)))
            }
            try await house.withHTTP2 { client async throws in
                client.takeNothing()
                // No more than the window of its stream leaves the edge for it: 64 KiB.
                let stuck = await client.request("GET", "/download/30000000")
                try await eventually("its window is full") { client.answer(stuck).count == 65_535 }
                try await eventually("the lab is held back") { house.lab.record.withLock { $0.isSaturated } }
                try await house.settled { house.lab.record.withLock { $0.sent } }
                #expect(house.lab.record.withLock { $0.sent } < 20_000_000, "what waits is in the sockets' buffers")
                client.takeAll()
                #expect(try await client.finished(stuck).count == 30_000_000)
                #expect(try await client.get("/head").status == 200)
            }
        }
    }

    @Test("100 MB to an upstream that does not read wait at the client, and come whole when it reads")
    func upload() async throws {
        try await withHouse { house in
            try await house.withHTTP2 { client async throws in
                let pieces = 6_400
                let id = await client.request(
                    "POST", "/upload-slowly",
                    body: .init(bytes: [UInt8](repeating: 7, count: 16_384), repeats: pieces))
                try await eventually("it has begun") { house.lab.heads.count == 1 }
                try await house.settled { await client.repeatsLeft(id) }
                #expect(await client.repeatsLeft(id) > pieces / 2)
                #expect(try await client.get("/head").status == 200, "other requests go on beside it")
                house.lab.release()
                let text = try await client.finished(id).text
                #expect(text.hasPrefix("\((pieces + 1) * 16_384) "))
            }
        }
    }

    @Test("a piece of an answer that has no end, as of an event stream, comes at once")
    func events() async throws {
        try await withHouse { house in
            try await house.withHTTP2 { client async throws in
                let id = await client.request("GET", "/events")
                try await eventually("it has begun") { client.answer(id).status == 200 }
                for count in 1...3 {
                    house.lab.release()
                    try await eventually("piece \(count)") { client.answer(id).count == 6 * count }
                }
                #expect(!client.answer(id).hasEnded)
            }
        }
    }
}
