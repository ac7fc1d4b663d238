import Foundation
import Testing

@testable import LearnerClient

@Suite("A learner's browser") struct LearnerPartsTests {
    @Test("reads server-sent events however they are cut, and with any line end")
    func events() throws {
        let text = ": hello\r\n\r\nevent: session\rdata: {\"a\":1}\rdata:2\r\rdata: plain\nid: 7\n\nevent: empty\n\n"
        let expected = [
            EventStreamParser.Event(name: "session", data: "{\"a\":1}\n2"),
            EventStreamParser.Event(name: "message", data: "plain"),
        ]
        var whole = EventStreamParser()
        #expect(try whole.push(text.utf8) == expected)
        var cut = EventStreamParser()
        #expect(try text.utf8.flatMap { try cut.push([$0]) } == expected)
    }

    @Test("gives up on an event without end")
    func endless() {
        var parser = EventStreamParser()
        #expect(throws: EventStreamParser.TooLong()) {
            try parser.push(repeatElement(UInt8(ascii: "x"), count: EventStreamParser.limit + 1))
        }
    }

    @Test("keeps cookies by host and path, and sends the longer paths first")
    func cookies() {
        var jar = CookieJar()
        jar.set("a=1; Path=/; Secure", from: "lab.test")
        jar.set("b=2=3; Path=/api", from: "lab.test")
        jar.set("c=4; Domain=.test", from: "lab.test")
        #expect(jar.header(host: "lab.test", path: "/api/x") == "b=2=3; a=1; c=4")
        #expect(jar.header(host: "lab.test", path: "/apix") == "a=1; c=4")
        #expect(jar.header(host: "other.test", path: "/") == "c=4")
        #expect(jar.header(host: "elsewhere", path: "/") == nil)
        jar.set("a=5", from: "lab.test")
        jar.set("c=; Max-Age=0; Domain=test", from: "lab.test")
        #expect(jar.header(host: "lab.test", path: "/") == "a=5")
    }

    @Test(
        "refuses the cookies that browsers refuse",
        arguments: [
            "__Host-a=1; Path=/", "__Host-a=1; Secure; Path=/x", "__Host-a=1; Secure; Path=/; Domain=lab.test",
            "a=1; Domain=other.test", "nothing", "=1",
        ])
    func refused(header: String) {
        var jar = CookieJar()
        jar.set(header, from: "lab.test")
        #expect(jar.cookies.isEmpty)
    }

    @Test("speaks both kernel protocols", arguments: [KernelProtocol.json, .v1])
    func kernelMessages(kernel: KernelProtocol) throws {
        let request = KernelMessage.execute("print('ä')", id: "id-1", session: "s")
        let bytes = try kernel.encode(request)
        #expect(try kernel.decode(bytes) == request)
        let text = String(decoding: bytes, as: UTF8.self)
        #expect(text.contains("\"msg_type\":\"execute_request\"") && text.contains("\"allow_stdin\":false"))
    }

    @Test("reads what Jupyter sends")
    func jupyter() throws {
        let result = """
            {"channel":"iopub","buffers":[],"metadata":{"x":{"y":1}},"header":{"msg_id":"2","msg_type":"execute_result","username":"u",
            "session":"s","date":"2026-01-01T00:00:00Z","version":"5.4"},"parent_header":{"msg_id":"1","msg_type":"execute_request"},
            "content":{"execution_count":1,"metadata":{},"data":{"text/plain":"45","application/json":{"a":[1]}}}}
            """
        let message = try KernelProtocol.json.decode(Array(result.utf8))
        #expect(message.parent == "1")
        #expect(message.content.data?["text/plain"]?.value == "45")
        #expect(message.content.data?["application/json"]?.value == nil)
    }

    @Test("refuses binary messages whose offsets point outside")
    func offsets() throws {
        let good = try KernelProtocol.v1.encode(.execute("1", id: "i", session: "s"))
        for index in [0, 1, 6, 8, 15, 16, 48, 55] {
            var bad = good
            bad[index] ^= 0x80
            #expect(throws: KernelProtocol.Malformed.self) { try KernelProtocol.v1.decode(bad) }
        }
        for length in 0..<56 {
            #expect(throws: KernelProtocol.Malformed.self) { try KernelProtocol.v1.decode(Array(good.prefix(length))) }
        }
    }

    @Test("splits the time by the step that was under way")
    func stopwatch() {
        let start = ContinuousClock.now
        var watch = LearnerStopwatch(now: start)
        watch.enter(.queue, now: start + .milliseconds(10))
        watch.enter(.ready, now: start + .milliseconds(30))
        watch.enter(.queue, now: start + .milliseconds(60))
        watch.enter(.page, now: start + .milliseconds(65))
        watch.finish(now: start + .milliseconds(70))
        #expect(watch.times == LearnerTimes(session: 10, queue: 25, ready: 30, page: 5))
        #expect(watch.times.total == 70)
    }
}
