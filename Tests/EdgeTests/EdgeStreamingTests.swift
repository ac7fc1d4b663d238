import EventLoop
import HTTPTransport
import HTTPWire
import TLS
import Testing

@testable import Edge

/// Tests large bodies, and slow peers.
struct EdgeStreamingTests {
    /// The most bytes that may be in transit: the edge's and the upstream's buffers, two pairs of kernel buffers on the
    /// loopback, and as much again; far less than what is sent.
    static let inFlight = 32 << 20
    static let total = 100 << 20

    @Test("100 MB to a client that does not read wait at the upstream, and come whole when it reads")
    func slowDownload() async throws {
        try await withHouse { house in
            try await house.withRawClient { client in
                client.pause()
                client.send(house.wire("GET /download/\(Self.total)"))
                // All buffers are full: the upstream is paused, and sends nothing more.
                try await eventually("the upstream has to wait") { house.lab.record.withLock { $0.isSaturated } }
                try await house.settled { house.lab.record.withLock { $0.sent } }
                let stuck = house.lab.record.withLock { $0.sent }
                #expect(stuck < Self.inFlight, "\(stuck) bytes are somewhere between upstream and client")
                client.resume()
                var most = 0
                try await eventually("everything came", within: .seconds(120)) {
                    // In this order, so that bytes sent in between count as in transit.
                    let came = client.record { $0.count }
                    most = max(most, house.lab.record.withLock { $0.sent } - came)
                    return came > Self.total && client.text.contains("chunked")
                        && house.lab.record.withLock { $0.sent } == Self.total
                }
                #expect(most < Self.inFlight, "\(most) bytes were on the way at once")
                try await eventually("the last chunk came") { client.record { $0.count } > Self.total + 5 }
            }
        }
    }

    @Test("100 MB to an upstream that does not read wait at the client, and come whole when it reads")
    func slowUpload() async throws {
        try await withHouse { house in
            try await house.withRawClient { client in
                let block = (0..<65_536).map { UInt8(truncatingIfNeeded: $0 &* 7) }
                let times = Self.total / block.count
                client.send(house.wire("POST /upload-slowly", "Content-Length: \(Self.total)\r\n"))
                client.send(block, times: times)
                try await eventually("the upstream has the head") { house.lab.heads.count == 1 }
                try await house.settled { await times - client.remaining() }
                let stuck = await (times - client.remaining()) * block.count
                #expect(stuck < Self.inFlight, "\(stuck) bytes are somewhere between client and upstream")
                house.lab.release()
                try await eventually("the answer came", within: .seconds(120)) { client.text.contains("200 OK") }
                let hasher = SHA256Hasher()
                for _ in 0..<times { hasher.update(block) }
                try await eventually("whole") { client.text.hasSuffix("\(Self.total) \(hasher.finish())") }
            }
        }
    }

    @Test("a download arrives as it was, chunk by chunk")
    func download() async throws {
        try await withHouse { house in
            let answer = try await house.send("GET", "abcd.labs.test", "/download/3000000")
            #expect(answer.body.count == 3_000_000)
            let expected = (0..<3_000_000).map { Upstream.block[$0 % Upstream.block.count] }
            #expect(answer.body == expected)
        }
    }

    @Test("an upload streams with its length or chunked, and arrives as it was")
    func uploads() async throws {
        try await withHouse { house in
            let body = (0..<3_000_000).map { UInt8(truncatingIfNeeded: $0 &* 13) }
            let answer = try await house.send("PUT", "abcd.labs.test", "/upload", body: body)
            #expect(answer.text == "3000000 \(SHA256.digest(body).hex)")
            try await house.withRawClient { client in
                client.send(house.wire("POST /upload", "Transfer-Encoding: chunked\r\nTrailer: X\r\n"))
                client.send("5;x=y\r\nhello\r\n")
                client.send("6\r\n world\r\n0\r\nX: y\r\n\r\n")
                try await eventually("answered") {
                    client.text.hasSuffix("11 \(SHA256.digest("hello world").hex)")
                }
            }
            #expect(house.lab.heads.last?.fields.contains("Trailer") == false)
        }
    }

    @Test("a client that goes in the middle of a download leaves nothing behind")
    func clientGoes() async throws {
        try await withHouse { house in
            try await house.withRawClient { client in
                client.pause()
                client.send(house.wire("GET /download/\(Self.total)"))
                try await eventually("the upstream has to wait") { house.lab.record.withLock { $0.isSaturated } }
                client.close()
                try await eventually("the upstream is let go") { house.lab.record.withLock { $0.open } == 0 }
                try await eventually("and the client forgotten") { await house.connectionCount() == 0 }
            }
        }
    }

    @Test("a client that ends its side while it waits lets the upstream go, and nothing is kept of it")
    func clientEndsWhileWaiting() async throws {
        try await withHouse { house in
            try await house.withRawClient { client in
                client.send(house.wire("GET /hold"))
                try await eventually("it waits") { house.lab.heads.count == 1 }
                let kept = await house.firstConnection()
                #expect(await house.isAlive(kept))
                client.finish()
                try await eventually("the upstream is let go") { house.lab.record.withLock { $0.open } == 0 }
                try await eventually("and the connection freed") { await !house.isAlive(kept) }
            }
        }
    }

    @Test("a long poll that is silent is kept for hours, and answered when the lab has something to say")
    func longPoll() async throws {
        try await withHouse { house in
            try await house.withRawClient { client in
                client.send(house.wire("POST /hold", "Content-Length: 2\r\n") + "{}")
                try await eventually("it waits") { house.lab.heads.count == 1 }
                // The last byte of the body arrives at the upstream in an event of its own.
                _ = await house.connectionCount()
                await house.sweep(after: .seconds(3 * 3600))
                #expect(client.text == "")
                house.lab.release()
                try await eventually("it is answered") { client.text.hasSuffix("held") }
                client.send(house.wire("GET /hold"))
                try await eventually("the next one waits") { house.lab.heads.count == 2 }
                await house.sweep(after: EdgeLimits.responseHeadTimeout + .seconds(60))
                try await eventually("the limit is for upstreams that forgot") { client.text.contains("504 Gateway") }
            }
        }
    }

    @Test("100-continue is answered by the edge, and requests on one connection are answered in order")
    func continueAndPipelining() async throws {
        try await withHouse { house in
            try await house.withRawClient { client in
                client.send(house.wire("POST /upload", "Content-Length: 2\r\nExpect: 100-continue\r\n"))
                try await eventually("told to go on") { client.text.hasPrefix("HTTP/1.1 100 Continue\r\n\r\n") }
                client.send("ok" + house.wire("GET /1") + house.wire("HEAD /2") + house.wire("GET /head"))
                try await eventually("all answered") { client.text.contains("GET /head") }
                let statuses = client.text.components(of: "HTTP/1.1 ").map { $0.prefix(3) }
                #expect(statuses == ["100", "200", "200", "200", "200"])
            }
            #expect(house.lab.heads.map(\.target) == ["/upload", "/1", "/2", "/head"])
            #expect(house.lab.heads.first?.fields.contains("Expect") == false)
            #expect(house.lab.record.withLock { $0.connections } == 1, "the upstream's connection is used again")
        }
    }
}

/// A weak look at a connection, which does not retain it. Touched on the edge's loop only.
final class Glimpse: @unchecked Sendable {
    weak var connection: EdgeConnection?
}

extension House {
    /// Some connection of the first loop.
    func firstConnection() async -> Glimpse {
        let (glimpse, member) = (Glimpse(), edge.members[0])
        return await withCheckedContinuation { continuation in
            member.loop.post {
                glimpse.connection = member.connections.values.first
                continuation.resume(returning: glimpse)
            }
        }
    }

    func isAlive(_ glimpse: Glimpse) async -> Bool {
        await withCheckedContinuation { continuation in
            edge.members[0].loop.post { continuation.resume(returning: glimpse.connection != nil) }
        }
    }

    func connectionCount() async -> Int {
        var sum = 0
        for member in edge.members {
            sum += await withCheckedContinuation { continuation in
                member.loop.post { continuation.resume(returning: member.connections.count) }
            }
        }
        return sum
    }

    /// Makes the loops check their timeouts as if this much time had passed.
    func sweep(after time: Duration) async {
        for member in edge.members {
            await withCheckedContinuation { continuation in
                member.loop.post {
                    member.sweep(at: member.loop.now + time)
                    continuation.resume()
                }
            }
        }
    }

    /// Waits until a number has stayed the same for many turns of the edge's loops.
    func settled(_ value: () async -> Int) async throws {
        var last = await value()
        var turns = 0
        try await eventually("it stands still", within: .seconds(120)) {
            _ = await connectionCount()
            let now = await value()
            turns = now == last ? turns + 1 : 0
            last = now
            return turns == 50
        }
    }
}

extension String {
    /// The text after each occurrence of a separator.
    func components(of separator: String) -> [Substring] {
        var parts: [Substring] = []
        var rest = self[...]
        while let range = rest.firstRange(of: separator) {
            rest = rest[range.upperBound...]
            parts.append(rest)
        }
        return parts
    }
}
