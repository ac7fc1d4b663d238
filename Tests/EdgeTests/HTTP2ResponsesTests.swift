import HTTPTransport
import HTTPWire
import SmugglingCorpus
import Testing

@testable import Edge

/// Responses of upstreams other than our own server, to HTTP/2 clients.
@Suite(.serialized)
struct HTTP2ResponsesTests {
    private static let house = Task { try await House.ofHostnames() }

    /// The client's answer to a GET when the upstream answers with these bytes and closes.
    private func answer(_ script: String, method: String = "GET") async throws -> HTTP2Client.Answer {
        try await answer(Array(script.utf8), method: method)
    }

    private func answer(
        _ script: [UInt8], method: String = "GET", bytewise: Bool = false
    ) async throws -> HTTP2Client.Answer {
        let house = try await Self.house.value
        let upstream = ScriptedUpstream(script, bytewise: bytewise)
        try await house.lead(to: upstream)
        let client = try await HTTP2Client.connect(to: house, "a.labs.test")
        let id = await client.request(method, "/case", host: "a.labs.test", cookie: nil)
        try await eventually("answered") { client.answer(id).closed != nil || client.record { $0.isClosed } }
        let answer = client.answer(id)
        await client.stop()
        await upstream.stop()
        return answer
    }

    @Test("304 and 204 have no body by HTTP/2 either, and 304 keeps the length that it tells")
    func withoutBody() async throws {
        let notModified = try await answer("HTTP/1.1 304 Not Modified\r\nETag: \"a\"\r\nContent-Length: 5\r\n\r\n")
        #expect(notModified.status == 304 && notModified.count == 0 && notModified.closed == 0)
        #expect(notModified.fields["etag"] == ["\"a\""] && notModified.fields["content-length"] == ["5"])
        let empty = try await answer("HTTP/1.1 204 No Content\r\n\r\n")
        #expect(empty.status == 204 && empty.count == 0 && empty.closed == 0)
        #expect(empty.fields["content-length"] == nil)
    }

    @Test("early hints come before the answer, with their fields")
    func earlyHints() async throws {
        let answer = try await answer(
            "HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
        )
        #expect(answer.informational == [103])
        #expect(answer.fields["link"] == ["</a.css>; rel=preload"])
        #expect(answer.status == 200 && answer.text == "ok" && answer.closed == 0)
    }

    @Test("what a lab may not say in an answer it may not say in early hints either, by HTTP/2 or HTTP/1.1")
    func hostileHints() async throws {
        let script =
            "HTTP/1.1 103 Early Hints\r\nSet-Cookie: __Host-carrel=stolen; Secure; Path=/\r\nSet-Cookie: a=1; Domain=test\r\n"
            + "Alt-Svc: h3=\":443\"\r\nConnection: X-Hop\r\nX-Hop: 1\r\nContent-Length: 3\r\nLink: </a.css>\r\n\r\n"
            + "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
        let answer = try await answer(script)
        #expect(answer.informational == [103] && answer.status == 200 && answer.text == "ok" && answer.closed == 0)
        #expect(answer.fields["set-cookie"] == ["a=1"] && answer.fields["link"] == ["</a.css>"])
        #expect(answer.fields["alt-svc"] == nil && answer.fields["x-hop"] == nil)

        let house = try await Self.house.value
        let upstream = ScriptedUpstream(Array(script.utf8), bytewise: false)
        try await house.lead(to: upstream)
        let client = try await RawClient.connect(to: house, "a.labs.test")
        client.send("GET /case HTTP/1.1\r\nHost: a.labs.test\r\n\r\n")
        try await eventually("answered") { client.text.hasSuffix("\r\n\r\nok") }
        #expect(
            client.text.hasPrefix(
                "HTTP/1.1 103 Early Hints\r\nSet-Cookie: a=1\r\nLink: </a.css>\r\n\r\nHTTP/1.1 200 OK\r\n"),
            "\(client.text)")
        await client.stop()
        await upstream.stop()
    }

    @Test("a range comes with its fields; trailers of an answer end it and are not passed on")
    func rangesAndTrailers() async throws {
        let range = try await answer(
            "HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 1-2/4\r\nContent-Length: 2\r\n\r\nbc")
        #expect(range.status == 206 && range.text == "bc" && range.fields["content-range"] == ["bytes 1-2/4"])
        let trailers = try await answer(
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n2\r\nok\r\n0\r\nX-Sum: 1\r\n\r\n")
        #expect(trailers.text == "ok" && trailers.hasEnded && trailers.closed == 0)
        #expect(trailers.fields["x-sum"] == nil && trailers.fields["transfer-encoding"] == nil)
    }

    @Test("trailers of a request end it and are not passed on; what no trailer may be called ends the stream")
    func requestTrailers() async throws {
        try await withHouse { house in
            try await house.withHTTP2 { client async throws in
                let id = await client.request("POST", "/upload", body: .init(bytes: Array("body".utf8), isLast: false))
                try await eventually("the body came") { house.lab.record.withLock { $0.received } == 4 }
                // HEADERS with END_STREAM and END_HEADERS: `x-sum: 1`, a literal (RFC 7541, section 6.2.2).
                let field: [UInt8] = [0, 5] + Array("x-sum".utf8) + [1] + Array("1".utf8)
                client.sendRaw(HTTP2Client.frame(type: 1, flags: 5, stream: UInt32(id), field))
                #expect(try await client.finished(id).text.hasPrefix("4 "))
                #expect(house.lab.heads.last?.fields.contains("x-sum") == false)

                let bad = await client.request("POST", "/upload", body: .init(bytes: Array("body".utf8), isLast: false))
                let pseudo: [UInt8] = [0, 5] + Array(":path".utf8) + [1] + Array("/".utf8)
                client.sendRaw(HTTP2Client.frame(type: 1, flags: 5, stream: UInt32(bad), pseudo))
                try await eventually("reset") { client.answer(bad).closed == 1 }
                #expect(try await client.get("/head").status == 200)
            }
        }
    }

    @Test("a response of the corpus reaches a client of HTTP/2 whole or as an error", arguments: Corpus.responses)
    func corpus(_ input: CorpusCase) async throws {
        let answer = try await answer(input.bytes, method: input.method)
        // The library does not report these.
        var responses = answer.informational.filter { $0 != 100 }.map { RawClient.Response(status: $0) }
        if answer.status != 0 {
            let isComplete = answer.hasEnded && answer.closed == 0
            responses.append(RawClient.Response(status: answer.status, body: answer.body, isComplete: isComplete))
        }
        #expect(input.agrees(with: responses), "\(responses)")
    }
}
