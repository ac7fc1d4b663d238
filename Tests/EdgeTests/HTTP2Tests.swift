import HTTPTransport
import HTTPWire
import Testing

@testable import Edge

/// Browsers with HTTP/2: the same rules apply as for HTTP/1.1.
struct HTTP2Tests {
    @Test("a request by HTTP/2 reaches the lab as one of HTTP/1.1, with the edge's words and without the cookie")
    func requests() async throws {
        try await withHouse { house in
            try await house.withHTTP2 { client async throws in
                let answer = try await client.get("/head?a=1")
                #expect(answer.status == 200)
                #expect(answer.fields["x-up"] == ["1"])
                #expect(answer.fields["content-length"] == [String(answer.count)])
                #expect(answer.fields["strict-transport-security"]?.count == 1)
                let head = try #require(house.lab.heads.first)
                #expect(head.method == "GET" && head.target == "/head?a=1" && head.version == .http11)
                #expect(head.fields.first("Host") == "abcd.labs.test")
                #expect(!head.fields.contains("Via"))
                #expect(head.fields.first("Authorization") == "token lab-token")
                #expect(!head.fields.contains("Cookie"))
                #expect(head.fields.all("X-Forwarded-Proto") == ["https"])
            }
            let metrics = await house.edge.metrics()
            #expect(metrics.requests(by: .http2) == 1)
            #expect(metrics.responses(by: .lab, statusClass: 2) == 1)
        }
    }

    @Test("cookie crumbs are joined, and only ours is taken out")
    func crumbs() async throws {
        try await withHouse { house in
            try await house.withHTTP2 { client async throws in
                let id = await client.request("GET", "/head", [("cookie", "a=1"), ("cookie", "b=2")])
                #expect(try await client.finished(id).text.contains("Cookie: a=1; b=2\n"))
            }
        }
    }

    @Test("nobody gets in without the cookie, foreign hosts are told so, and one connection reaches the portal too")
    func decisions() async throws {
        try await withHouse { house in
            try await house.withHTTP2 { client async throws in
                #expect(try await client.get("/head", cookie: nil).status == 403)
                #expect(try await client.get("/head", cookie: "wrong").status == 403)
                #expect(try await client.get("/head", host: "other.example").status == 421)
                #expect(try await client.get("/head", host: "spare.test").status == 404)
                let portal = try await client.get("/head", host: "portal.test")
                #expect(portal.status == 200 && portal.text.contains("X-Carrel-Scope: portal\n"))
                #expect(house.lab.heads.isEmpty)
            }
        }
    }

    @Test("many requests at once are answered each with its own, in whatever order they end")
    func concurrency() async throws {
        try await withHouse { house in
            try await house.withHTTP2 { client async throws in
                let slow = await client.request("GET", "/hold")
                var ids: [Int32: Int] = [:]
                for number in 0..<100 { ids[await client.request("GET", "/head?\(number)")] = number }
                for (id, number) in ids {
                    #expect(try await client.finished(id).text.hasPrefix("GET /head?\(number)\n"))
                }
                #expect(!client.answer(slow).hasEnded)
                house.lab.release()
                #expect(try await client.finished(slow).text == "held")
                #expect(client.record { $0.goAways.isEmpty && !$0.isClosed })
            }
        }
    }

    @Test("a body goes up whole, framed by its length or without one; an empty one is announced as empty")
    func uploads() async throws {
        try await withHouse { house in
            try await house.withHTTP2 { client async throws in
                let chunked = await client.request("POST", "/upload", body: .init(bytes: Upstream.block))
                #expect(try await client.finished(chunked).text.hasPrefix("65536 "))
                #expect(house.lab.heads.last?.fields.first("Transfer-Encoding") == "chunked")
                let known = await client.request(
                    "POST", "/upload", [("content-length", "5")], body: .init(bytes: Array("hello".utf8)))
                #expect(try await client.finished(known).text.hasPrefix("5 "))
                #expect(house.lab.heads.last?.fields.first("Content-Length") == "5")
                let empty = await client.request("POST", "/upload")
                #expect(try await client.finished(empty).text.hasPrefix("0 "))
                #expect(house.lab.heads.last?.fields.first("Content-Length") == "0")
            }
        }
    }

    @Test("HEAD and 204 have no body, and a head may tell the length that GET would have")
    func withoutBody() async throws {
        try await withHouse { house in
            try await house.withHTTP2 { client async throws in
                let head = try await client.finished(client.request("HEAD", "/head"))
                #expect(head.status == 200 && head.count == 0 && head.fields["content-length"] != nil)
                let options = await client.request("OPTIONS", "/x", [("max-forwards", "0")])
                let answer = try await client.finished(options)
                #expect(answer.status == 204 && answer.count == 0)
            }
        }
    }

    @Test("100-continue is answered when the upstream can take the body, and a refusal comes instead of it")
    func continuing() async throws {
        try await withHouse { house in
            try await house.withHTTP2 { client async throws in
                let id = await client.request(
                    "POST", "/upload", [("expect", "100-continue")], body: .init(isLast: false))
                try await eventually("told to go on") { client.answer(id).informational == [100] }
                client.send(Array("ok".utf8), on: id, isLast: true)
                #expect(try await client.finished(id).text.hasPrefix("2 "))
                #expect(house.lab.heads.last?.fields.contains("Expect") == false)
                let refused = await client.request(
                    "POST", "/upload", cookie: nil, [("expect", "100-continue")], body: .init(isLast: false))
                let answer = try await client.finished(refused)
                #expect(answer.status == 403 && answer.informational.isEmpty)
            }
        }
    }

    @Test("an answer before the end of the body is whole, and the rest of the body is declined")
    func early() async throws {
        try await withHouse { house in
            try await house.withHTTP2 { client async throws in
                let id = await client.request(
                    "POST", "/refuse", body: .init(bytes: Array("x".utf8), isLast: false))
                let answer = try await client.finished(id)
                #expect(answer.status == 413 && answer.text == "too large")
                try await eventually("declined without an error") { client.answer(id).closed == 0 }
                #expect(try await client.get("/head").status == 200)
            }
        }
    }

    @Test("an upstream that breaks off resets its stream only; one that dies before it answers gets a 503")
    func cuts() async throws {
        try await withHouse { house in
            try await house.withHTTP2 { client async throws in
                let cut = await client.request("GET", "/cut")
                try await eventually("its head came") { client.answer(cut).count == 3 }
                house.lab.release()
                try await eventually("it is reset") { client.answer(cut).closed == 2 }
                #expect(!client.answer(cut).hasEnded)
                #expect(try await client.get("/die").status == 503)
                #expect(try await client.get("/head").status == 200)
            }
        }
    }

    @Test("a request that the client gives up is given up at the upstream")
    func resets() async throws {
        try await withHouse { house in
            try await house.withHTTP2 { client async throws in
                let id = await client.request("GET", "/hold")
                try await eventually("it waits") { house.lab.heads.count == 1 }
                client.reset(id)
                try await eventually("the upstream's connection goes") {
                    house.lab.record.withLock { $0.open } == 0
                }
                #expect(try await client.get("/head").status == 200)
            }
            #expect(await house.edge.metrics().number(of: .left) == 1)
        }
    }

    @Test("what HTTP/2 forbids is refused on its stream; what the edge forbids is answered")
    func malformed() async throws {
        try await withHouse { house in
            try await house.withHTTP2 { client async throws in
                let fields = [
                    (":method", "GET"), (":scheme", "https"), (":authority", "abcd.labs.test"), (":path", "/head"),
                ]
                for field in [
                    ("connection", "close"), ("transfer-encoding", "chunked"), ("upgrade", "websocket"),
                    ("te", "gzip"), ("a", "b\r\nc: d"), (":late", "1"),
                ] {
                    let id = await client.request(exactly: fields + [field])
                    try await eventually("\(field.0) is refused") { client.answer(id).closed == 1 }
                }
                let conflict = await client.request("GET", "/head", [("host", "portal.test")])
                #expect(try await client.finished(conflict).status == 400)
                let same = await client.request("GET", "/head", [("host", "ABCD.labs.test")])
                #expect(try await client.finished(same).status == 200)
                let long = await client.request("GET", "/" + String(repeating: "a", count: 17_000))
                #expect(try await client.finished(long).status == 414)
                let connect = await client.request(exactly: [(":method", "CONNECT"), (":authority", "abcd.labs.test")])
                #expect(try await client.finished(connect).status == 501)
                #expect(house.lab.heads.count == 1)
            }
            #expect(await house.edge.metrics().number(of: .malformed) >= 7)
        }
    }

    @Test("where HTTP/2 is switched off, a client that can do both speaks HTTP/1.1")
    func switchedOff() async throws {
        func withoutHTTP2(_ configuration: inout EdgeConfiguration) { configuration.http2 = false }
        try await withHouse(change: withoutHTTP2) { house async throws in
            #expect(try await house.send("GET", "abcd.labs.test", "/head").status == 200)
            let metrics = await house.edge.metrics()
            #expect(metrics.requests(by: .http2) == 0 && metrics.requests(by: .http11) == 1)
        }
    }
}
