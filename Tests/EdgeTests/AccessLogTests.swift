import EventLoop
import Foundation
import HTTPTransport
import HTTPWire
import Testing

@testable import Edge

/// The access log: what it contains, what it must not contain, and that no request waits for it.
struct AccessLogTests {
    private struct Line: Decodable {
        var time: String
        var client: String
        var method: String?
        var host: String?
        var path: String?
        var status: Int
        var by: String
        var received: Int
        var sent: Int
        var ms: Int
        var upstream: String?
        var cut: Bool?
    }

    private func logging(to log: AccessLog) -> (inout EdgeConfiguration) -> Void { { $0.accessLog = log } }

    private func withLog(_ body: (AccessLog, () throws -> [Line]) async throws -> Void) async throws {
        let path = NSTemporaryDirectory() + "carrel-access-\(UUID().uuidString).log"
        defer { for suffix in ["", ".1"] { try? FileManager.default.removeItem(atPath: path + suffix) } }
        let log = try AccessLog(path: path)
        try await body(log) {
            try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n").map {
                try JSONDecoder().decode(Line.self, from: Data($0.utf8))
            }
        }
        await log.close()
    }

    @Test("has a line of JSON for each exchange, without query, cookie and token")
    func lines() async throws {
        try await withLog { log, lines in
            try await withHouse(change: logging(to: log)) { house in
                _ = try await house.send(
                    "POST", "abcd.labs.test", "/api?token=geheim", ["Origin": "https://abcd.labs.test:\(house.port)"],
                    body: [1, 2, 3])
                _ = try await house.send("GET", "abcd.labs.test", "/a/b?code=geheim", cookie: "geheim")
                _ = try await house.send("GET", "portal.test", "/launch?signature=geheim")
                try await house.withRawClient { client in
                    client.send("nonsense geheim\r\n\r\n")
                    try await eventually("refused") { client.text.contains(" 400 ") }
                }
            }
            await log.close()
            let lines = try lines()
            #expect(lines.map(\.status) == [200, 403, 200, 400])
            #expect(lines.map(\.by) == ["lab", "edge", "portal", "edge"])
            #expect(lines.map(\.method) == ["POST", "GET", "GET", nil])
            #expect(lines.map(\.path) == ["/api", "/a/b", "/launch", nil])
            #expect(lines[0].host?.hasPrefix("abcd.labs.test:") == true)
            #expect(lines[0].received == 3 && lines[0].sent > 0 && lines[0].upstream == "new")
            #expect(lines.allSatisfy { $0.client == "127.0.0.1" && $0.ms >= 0 && $0.cut == nil })
            #expect(lines.allSatisfy { $0.time.count == 24 && $0.time.hasPrefix("20") && $0.time.hasSuffix("Z") })
            let text = try String(contentsOfFile: log.path, encoding: .utf8)
            #expect(!text.contains("geheim") && !text.contains("secret") && !text.contains("lab-token"))
        }
    }

    @Test("writes any bytes as valid JSON, and cuts what is long")
    func escaping() throws {
        var record = ExchangeRecord(status: 200)
        var head = RequestHead(method: "GET", target: "/\"\\\u{1}é" + String(repeating: "x", count: 5000))
        head.fields.append("Host", "h\"x")
        AccessLine.request(head, into: &record.request)
        var date = DateText()
        var line: [UInt8] = []
        AccessLine.write(
            record, client: "192.0.2.1", isCut: true, seconds: 1_795_423_645, milliseconds: 7, now: 0, date: &date,
            into: &line)
        let read = try JSONDecoder().decode(Line.self, from: Data(line))
        #expect(read.path?.count == AccessLine.pathBytes && read.path?.hasPrefix("/\"\\\u{1}Ã©x") == true)
        #expect(read.host == "h\"x" && read.cut == true)
        #expect(read.time == "2026-11-23T08:47:25.007Z")
    }

    @Test("has a tunnel's line when it is over, with the bytes of both directions")
    func tunnel() async throws {
        try await withLog { log, lines in
            try await withHouse(change: logging(to: log)) { house in
                let client = await house.client()
                let socket = try await client.upgrade(
                    house.request("GET", "abcd.labs.test", "/ws", ["Origin": "https://abcd.labs.test:\(house.port)"]),
                    to: house.address, timeout: .seconds(10))
                await socket.close()
                await client.close()
                try await eventually("it is over") { await house.edge.metrics().openConnections == 0 }
            }
            await log.close()
            let line = try #require(try lines().first)
            #expect(line.status == 101 && line.path == "/ws" && line.received > 0 && line.cut == nil)
        }
    }

    @Test("says of a client that left before its answer that there was none")
    func left() async throws {
        try await withLog { log, lines in
            try await withHouse(change: logging(to: log)) { house in
                try await house.withRawClient { client in
                    client.send(house.wire("GET /hold"))
                    try await eventually("asked") { !house.lab.heads.isEmpty }
                }
                try await eventually("gone") { await house.edge.metrics().number(of: .left) == 1 }
                try await house.withRawClient { client in
                    client.send(house.wire("GET /cut"))
                    try await eventually("begun") { client.text.hasSuffix("abc") }
                    house.lab.release()
                    try await eventually("cut") { client.record { $0.isClosed || $0.hasEnded } }
                }
            }
            await log.close()
            let lines = try lines()
            #expect(lines.map(\.path) == ["/hold", "/cut"] && lines.map(\.status) == [0, 200])
            #expect(lines.map(\.cut) == [true, true] && lines.map(\.sent) == [0, 3])
        }
    }

    @Test("goes on in a new file after the old one was moved away")
    func reopen() async throws {
        try await withLog { log, lines in
            try await withHouse(change: logging(to: log)) { house in
                _ = try await house.send("GET", "abcd.labs.test", "/before")
                try await eventually("written") { try lines().count == 1 }
                try FileManager.default.moveItem(atPath: log.path, toPath: log.path + ".1")
                try log.reopen()
                _ = try await house.send("GET", "abcd.labs.test", "/after")
            }
            await log.close()
            #expect(try lines().map(\.path) == ["/after"])
        }
    }

    @Test("loses lines, and counts them, rather than wait for a writer that is behind")
    func bounded() async throws {
        try await withLog { log, _ in
            try await withHouse { house in
                let member = house.edge.members[0]
                let gate = DispatchSemaphore(value: 0)
                log.loop.post { gate.wait() }
                let lost = await withCheckedContinuation { continuation in
                    member.loop.post {
                        let lines = LoopLog(log, home: member)
                        let before = member.metrics.droppedLogLines
                        for _ in 0..<10_000 {
                            lines.add(ExchangeRecord(status: 200), client: "192.0.2.1", isCut: false)
                        }
                        continuation.resume(returning: member.metrics.droppedLogLines - before)
                    }
                }
                #expect(lost > 1_000 && lost < 10_000)
                gate.signal()
            }
        }
    }

    @Test("that cannot be written to loses lines and says how many")
    func fullDisk() async throws {
        let log = try AccessLog(path: "/dev/full")
        log.write(Array("one\ntwo\n".utf8))
        #expect(log.failedLines == 2)
        await log.close()
        #expect(throws: StreamError.self) { try AccessLog(path: "/no/such/directory/access.log") }
    }
}
