import EventLoop
import HTTPWire
import TLS
import Testing

@testable import HTTPTransport

@Suite("The control plane's HTTP client", .timeLimit(.minutes(1)))
@ControlLoop
struct HTTPClientTests {
    let client = HTTPClient()

    @Test("requests go one after the other over one kept connection, each with its answer")
    func keepAlive() async throws {
        let upstream = try ScriptedUpstream { request, channel in
            let text = "\(request.head.method) \(request.head.target) \(request.body.count)"
            channel.write(text: "HTTP/1.1 200 OK\r\nX-Kind: echo\r\nContent-Length: \(text.utf8.count)\r\n\r\n\(text)")
        }
        let first = try await client.get(upstream, "/one?two=3")
        #expect(first.status == 200)
        #expect(first.fields.first("x-kind") == "echo")
        #expect(first.text == "GET /one?two=3 0")
        let body = SecureRandom.bytes(3_000_000)
        #expect(try await client.ask(upstream, upstream.request("POST", "/up", body: body)).text == "POST /up 3000000")
        #expect(upstream.connections == 1)
        #expect(upstream.requests[1].body == body)
        #expect(upstream.requests[0].head.fields.all("Host") == ["localhost:\(upstream.port)"])
    }

    @Test(
        "the end of a body is found by length, chunks, the connection's end, and where none is allowed",
        arguments: [
            ("GET", "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc", "abc", false),
            (
                "GET", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\n\r\n", "abc",
                false
            ),
            ("GET", "HTTP/1.1 200 OK\r\n\r\nabc", "abc", true),
            ("HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n", "", false),
            ("GET", "HTTP/1.1 204 No Content\r\n\r\n", "", false),
            ("POST", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "", false),
            (
                "GET", "HTTP/1.1 103 Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc", "abc",
                false
            ),
            ("GET", "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 3\r\n\r\nabc", "abc", true),
        ])
    func framings(method: String, answer: String, body: String, ends: Bool) async throws {
        let upstream = try ScriptedUpstream { _, channel in
            channel.write(text: answer)
            if ends { channel.finishWriting() }
        }
        for round in 1...2 {
            #expect(try await client.ask(upstream, upstream.request(method)).text == body)
            #expect(upstream.connections == (ends ? round : 1))
        }
    }

    @Test("an idempotent request is sent again, once, when a kept connection dies before a byte of the answer")
    func retry() async throws {
        let upstream = try ScriptedUpstream { request, channel in
            if request.connection == 0, request.head.target == "/second" { return channel.close() }
            channel.write(text: "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n\(request.connection)")
        }
        #expect(try await client.get(upstream, "/first").text == "0")
        #expect(try await client.get(upstream, "/second").text == "1")
        #expect(upstream.requests.map(\.head.target) == ["/first", "/second", "/second"])
    }

    @Test(
        "nothing is sent again when it is not idempotent, an answer had begun, or the connection is fresh",
        arguments: [
            ("POST", "", true), ("GET", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab", true), ("GET", "H", true),
            ("GET", "", false),
        ])
    func noRetry(method: String, beginning: String, isKept: Bool) async throws {
        let upstream = try ScriptedUpstream { request, channel in
            guard request.head.target.hasPrefix("/broken") else {
                return channel.write(text: "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
            }
            channel.write(text: beginning)
            channel.finishWriting()
        }
        if isKept { _ = try await client.get(upstream) }
        let before = upstream.requests.count
        let error = await #expect(throws: HTTPClientError.self) {
            _ = try await client.ask(upstream, upstream.request(method, "/broken?secret=1"))
        }
        #expect(error?.kind == .closed)
        #expect(error?.isRetrySafe == false)
        #expect(error?.message.contains("\(method) to 127.0.0.1:\(upstream.port)") == true)
        #expect(error?.message.contains("secret") == false)
        #expect(upstream.requests.count == before + 1)
    }

    @Test("a second death in a row is the end of it")
    func retryOnce() async throws {
        let upstream = try ScriptedUpstream { request, channel in
            if request.head.target == "/broken" { return channel.close() }
            channel.write(text: "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        }
        _ = try await client.get(upstream)
        await #expect(throws: HTTPClientError.self) { _ = try await client.get(upstream, "/broken") }
        #expect(upstream.requests.count == 3)
    }

    @Test("nobody there, no such socket and no such name are errors that say so, safe to try again")
    func unreachable() async throws {
        let upstream = try ScriptedUpstream { _, _ in }
        let address = upstream.address
        upstream.stopListening()
        for (address, word) in [
            (address, "ECONNREFUSED"), (.unix(path: "/tmp/carrel-no-such-socket"), "ENOENT"),
            (.tcp(host: "no-such-host.invalid", port: 80), "no-such-host.invalid"),
        ] {
            let error = await #expect(throws: HTTPClientError.self) {
                let request = HTTPClientRequest(method: "GET", target: "/", authority: "localhost")
                _ = try await client.send(request, to: address, timeout: .seconds(20), bodyLimit: 100)
            }
            #expect(error?.kind == .connect || error?.kind == .timeout)
            #expect(error?.message.contains(word) == true)
            #expect(error?.isRetrySafe == true)
        }
    }

    @Test("an answer that does not come in time is a timeout, and the connection is not used again")
    func timeout() async throws {
        let upstream = try ScriptedUpstream { request, channel in
            if request.head.target != "/slow" { channel.write(text: "HTTP/1.1 204 No Content\r\n\r\n") }
        }
        _ = try await client.get(upstream)
        let error = await #expect(throws: HTTPClientError.self) {
            _ = try await client.ask(upstream, upstream.request("GET", "/slow"), timeout: .milliseconds(50))
        }
        #expect(error?.kind == .timeout)
        #expect(try await client.get(upstream).status == 204)
        #expect(upstream.connections == 2)
    }

    @Test("a cancelled task gives its request up, and the upstream sees the end")
    func cancellation() async throws {
        let upstream = try ScriptedUpstream { _, _ in }
        let asking = Task { try await client.get(upstream) }
        await upstream.until { upstream.requests.count == 1 }
        asking.cancel()
        let error = await #expect(throws: HTTPClientError.self) { _ = try await asking.value }
        #expect(error?.kind == .closed)
        await upstream.until { upstream.closed == 1 }
    }

    @Test(
        "an answer that is too long, malformed or cut is an error of its own kind",
        arguments: [
            (
                "HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\nhello world", HTTPClientError.Kind.protocol,
                "longer than 10"
            ),
            ("HTTP/1.1 200 OK\r\nX: a\r\n folded\r\n\r\n", .protocol, "folded"),
            ("220 mail.example ESMTP\r\n", .protocol, ""),
            ("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhell", .closed, "middle"),
            ("HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n", .protocol, "switched"),
        ])
    func badAnswers(answer: String, kind: HTTPClientError.Kind, words: String) async throws {
        let upstream = try ScriptedUpstream { _, channel in
            channel.write(text: answer)
            channel.finishWriting()
        }
        let error = await #expect(throws: HTTPClientError.self) {
            _ = try await client.send(
                upstream.request(), to: upstream.address, timeout: .seconds(20), bodyLimit: 10)
        }
        #expect(error?.kind == kind)
        #expect(words.isEmpty || error?.message.contains(words) == true, "\(error?.message ?? "")")
    }

    @Test("bytes that nobody asked for end a kept connection; the next request takes a new one")
    func strayBytes() async throws {
        let upstream = try ScriptedUpstream { request, channel in
            let stray = request.connection == 0 ? "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nforged" : ""
            channel.write(text: "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nreal\(stray)")
        }
        #expect(try await client.get(upstream).text == "real")
        #expect(try await client.get(upstream).text == "real")
        #expect(upstream.connections == 2)
    }

    @Test("an answer before the request's end is the answer, and the connection is not kept")
    func earlyAnswer() async throws {
        let listener = try Listener(on: ControlLoop.loop, address: .ip(address: "127.0.0.1", port: 0)) { stream in
            let channel = ByteChannel(stream: stream, tls: nil)
            let owner = ChannelOwner(channel)
            owner.onRead = { channel, _ in
                owner.onRead = { _, _ in }
                channel.write(text: "HTTP/1.1 413 Content Too Large\r\nContent-Length: 5\r\n\r\nlarge")
            }
            channel.open()
        }
        defer { listener.close() }
        guard case .ip(_, let port) = listener.boundAddress else { return }
        let request = HTTPClientRequest(
            method: "POST", target: "/", authority: "localhost", body: [UInt8](repeating: 1, count: 20_000_000))
        let response = try await client.send(
            request, to: .tcp(host: "127.0.0.1", port: port), timeout: .seconds(20), bodyLimit: 100)
        #expect(response.status == 413)
        #expect(response.text == "large")
    }

    @Test("an upstream that does not read is given up at the write-stall limit")
    func writeStall() async throws {
        let listener = try Listener(on: ControlLoop.loop, address: .ip(address: "127.0.0.1", port: 0)) { _ in }
        defer { listener.close() }
        guard case .ip(_, let port) = listener.boundAddress else { return }
        var limits = UpstreamPool.Limits()
        limits.writeStallTimeout = .milliseconds(50)
        let request = HTTPClientRequest(
            method: "POST", target: "/", authority: "localhost", body: [UInt8](repeating: 1, count: 20_000_000))
        let error = await #expect(throws: HTTPClientError.self) {
            _ = try await HTTPClient(limits: limits).send(
                request, to: .tcp(host: "127.0.0.1", port: port), timeout: .seconds(50), bodyLimit: 100)
        }
        #expect(error?.kind == .timeout)
        #expect(error?.message.contains("did not all leave") == true)
    }

    @Test("TLS: the authority's host must be proven, whatever address is connected to")
    func tls() async throws {
        let upstream = try ScriptedUpstream(tls: TestAuthority.server()) { _, channel in
            channel.write(text: "HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\nsecrets")
        }
        let secure = HTTPClient(tls: try TestAuthority.client())
        for authority in ["localhost:\(upstream.port)", "abc.labs.example", "127.0.0.1"] {
            let request = HTTPClientRequest(method: "GET", target: "/", authority: authority)
            #expect(try await secure.ask(upstream, request).text == "secrets")
            #expect(try await secure.ask(upstream, request).text == "secrets")
        }
        #expect(upstream.connections == 3)
        let bank = HTTPClientRequest(method: "GET", target: "/", authority: "bank.example")
        let error = await #expect(throws: HTTPClientError.self) { _ = try await secure.ask(upstream, bank) }
        #expect(error?.kind == .tls)
        #expect(error?.message.contains("bank.example") == true)
        #expect(upstream.requests.count == 6)
    }
}
