import Testing

@testable import HTTPWire

/// The strictness that the edge promises, one test per rule, by the name of the rule.
struct EdgeRulesTests {
    private func request(_ fields: String, version: String = "1.1", body: String = "") -> String {
        "POST / HTTP/\(version)\r\nHost: a\r\n\(fields)\r\n\(body)"
    }

    @Test("Bare CR: reject")
    func bareCarriageReturn() {
        #expect(refusal(of: request("X: a\rb\r\n")) == .bareCarriageReturn)
        #expect(refusal(of: request("X\r: a\r\n")) == .bareCarriageReturn)
        #expect(refusal(of: "GET / HTTP/1.1\r\nHost: a\r\n\r\r\n")?.status == 400)
        #expect(refusal(of: "GET /\r HTTP/1.1\r\nHost: a\r\n\r\n")?.status == 400)
    }

    @Test("Bare LF in a header block: reject")
    func bareLineFeed() {
        #expect(refusal(of: "GET / HTTP/1.1\nHost: a\r\n\r\n") == .bareLineFeed)
        #expect(refusal(of: request("X: a\n")) == .bareLineFeed)
        #expect(refusal(of: "GET / HTTP/1.1\r\nHost: a\r\n\n") == .bareLineFeed)
    }

    @Test("Whitespace before the first header: 400")
    func whitespaceBeforeFirstField() {
        #expect(refusal(of: "GET / HTTP/1.1\r\n Host: a\r\n\r\n") == .whitespaceBeforeFirstField)
        #expect(responseRefusal(of: "HTTP/1.1 200 OK\r\n X: a\r\n\r\n") == .whitespaceBeforeFirstField)
    }

    @Test("Space before the colon: 400")
    func whitespaceBeforeColon() {
        #expect(refusal(of: request("Content-Length : 0\r\n")) == .whitespaceBeforeColon)
        #expect(refusal(of: request("X\t: 0\r\n")) == .whitespaceBeforeColon)
        // In a response only where it is about the message's end: elsewhere it is taken out.
        for field in ["Content-Length : 0", "Transfer-Encoding\t: chunked", "content_length : 0"] {
            #expect(responseRefusal(of: "HTTP/1.1 200 OK\r\n\(field)\r\n\r\n") == .whitespaceBeforeColon)
        }
    }

    @Test("obs-fold: 400, and 502 in responses")
    func foldedField() {
        #expect(refusal(of: request("X: a\r\n b\r\n")) == .foldedField)
        #expect(refusal(of: request("X: a\r\n\tb\r\n"))?.status == 400)
        #expect(responseRefusal(of: "HTTP/1.1 200 OK\r\nX: a\r\n b\r\n\r\n") == .foldedField)
    }

    @Test("Bare LF in chunked framing: reject")
    func bareLineFeedInChunks() {
        let chunked = "Transfer-Encoding: chunked\r\n"
        for body in ["1\na\r\n0\r\n\r\n", "1\r\na\n0\r\n\r\n", "1;x\na\r\n0\r\n\r\n", "0\r\n\n", "0\r\nX: y\n\r\n"] {
            #expect(refusal(of: request(chunked, body: body)) == .bareLineFeed, "\(body.debugDescription)")
        }
    }

    @Test("Missing, duplicate or invalid Host: 400")
    func host() {
        #expect(refusal(of: "GET / HTTP/1.1\r\n\r\n") == .missingHost)
        #expect(refusal(of: "GET / HTTP/1.0\r\n\r\n") == nil)
        #expect(refusal(of: request("host: a\r\n")) == .duplicateHost)
        for host in ["", "a b", "a/b", "u@a", "a:0", "a:99999", "a:", "a..b", "-a", "[::1", "[x::]", "a%2eb", "a,b"] {
            let error = refusal(of: "GET / HTTP/1.1\r\nHost: \(host)\r\n\r\n")
            #expect(error == .invalidHost, "\(host)")
            #expect(error?.status == 400)
        }
    }

    @Test("Absolute-form overrides Host; regenerate it")
    func absoluteForm() {
        func read(_ line: String) -> (String?, String?) {
            guard case .request(let head, _, _) = readRequests("\(line) HTTP/1.1\r\nX: 1\r\nHost: a\r\n\r\n").first
            else {
                return (nil, nil)
            }
            return (head.target, head.fields.first("Host"))
        }
        #expect(read("GET http://b.example:81/p?q") == ("/p?q", "b.example:81"))
        #expect(read("GET HTTPS://b.example") == ("/", "b.example"))
        #expect(read("GET http://b.example?q") == ("/?q", "b.example"))
        #expect(read("OPTIONS http://b.example") == ("*", "b.example"))
        #expect(read("GET http://u:p@b.example/") == (nil, nil))
        #expect(read("GET http:///p") == (nil, nil))
        #expect(refusal(of: "GET http://b/ HTTP/1.1\r\n\r\n") == .missingHost)
    }

    @Test("Over-long target 414, headers 431")
    func limits() {
        let long = String(repeating: "a", count: 70_000)
        #expect(refusal(of: "GET /\(long.prefix(17_000)) HTTP/1.1\r\nHost: a\r\n\r\n")?.status == 414)
        #expect(refusal(of: "GET /\(long)")?.status == 414)
        #expect(refusal(of: request("X: \(long)\r\n"))?.status == 431)
        #expect(refusal(of: request("X: \(long)"))?.status == 431)
        #expect(refusal(of: request(String(repeating: "X: y\r\n", count: 127))) == nil)
        #expect(refusal(of: request(String(repeating: "X: y\r\n", count: 128))) == .tooManyFields)
        #expect(refusal(of: request(String(repeating: "X: y\r\n", count: 128)))?.status == 431)
        #expect(refusal(of: "\(long.prefix(33)) / HTTP/1.1\r\nHost: a\r\n\r\n")?.status == 501)
        #expect(refusal(of: "\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n") == .tooManyEmptyLines)
    }

    @Test("TE + CL: 400 and close")
    func transferEncodingWithContentLength() {
        let body = "0\r\n\r\n"
        let fields = ["Content-Length: 5\r\n", "Transfer-Encoding: chunked\r\n"]
        #expect(refusal(of: request(fields[0] + fields[1], body: body)) == .contentLengthWithTransferEncoding)
        #expect(refusal(of: request(fields[1] + fields[0], body: body)) == .contentLengthWithTransferEncoding)
        #expect(
            responseRefusal(of: "HTTP/1.1 200 OK\r\n\(fields[0])\(fields[1])\r\n0\r\n\r\n")
                == .contentLengthWithTransferEncoding)
    }

    @Test("TE not ending in chunked: 400; unknown coding: 501; HTTP/1.0 with TE: close")
    func transferEncodings() {
        func error(_ coding: String, version: String = "1.1") -> HTTPParseError? {
            refusal(of: request("Transfer-Encoding: \(coding)\r\n", version: version, body: "0\r\n\r\n"))
        }
        #expect(error("Chunked") == nil)
        #expect(error("gzip") == .transferEncodingNotChunked)
        #expect(error("chunked, gzip")?.status == 400)
        #expect(error("chunked, chunked")?.status == 400)
        #expect(error("chunked,")?.status == 400)
        #expect(error("")?.status == 400)
        #expect(error("gzip, chunked")?.status == 501)
        #expect(error("xchunked")?.status == 501)
        #expect(error("identity")?.status == 501)
        #expect(error("\"chunked\"")?.status == 501)
        #expect(error("chunked;q=1")?.status == 501)
        #expect(error("chunked\r\nTransfer-Encoding: identity")?.status == 501)
        #expect(error("chunked\r\nTransfer-Encoding: chunked")?.status == 400)
        #expect(error("chunked", version: "1.0") == .transferEncodingInOldVersion)
    }

    @Test("Invalid or differing CL: 400 and close")
    func contentLengths() {
        for value in ["", "-1", "+1", "0x1", "1, 1", "1,2", "9223372036854775808", "99999999999999999999", "1_0"] {
            #expect(refusal(of: request("Content-Length: \(value)\r\n")) == .invalidContentLength, "\(value)")
        }
        #expect(refusal(of: request("Content-Length: 1\r\nContent-Length: 2\r\n")) == .duplicateContentLength)
        #expect(refusal(of: request("Content-Length: 1\r\ncontent-length: 1\r\n"))?.status == 400)
        #expect(responseRefusal(of: "HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n") == .invalidContentLength)
    }

    @Test("Chunk-size overflow guarded, extensions capped and ignored, trailers never merged into headers")
    func chunks() {
        func read(_ body: String, limits: HTTPLimits = HTTPLimits()) -> [Heard] {
            Array(readRequests(request("Transfer-Encoding: chunked\r\n", body: body), limits: limits).dropFirst())
        }
        #expect(read("FFFFFFFFFFFFFFFF\r\n") == [.error(.chunkTooLarge)])
        #expect(read("0000000000000001\r\n") == [.error(.chunkTooLarge)])
        #expect(read("5;a=b;c=\"d\"\r\nhello\r\n0;e\r\n\r\n") == [.body("hello"), .end])
        #expect(read("1;" + String(repeating: "x", count: 17_000) + "\r\n") == [.error(.chunkExtensionsTooLarge)])
        let flood = String(repeating: "1;" + String(repeating: "x", count: 1000) + "\r\na\r\n", count: 20)
        #expect(read(flood).last == .error(.chunkExtensionsTooLarge))
        #expect(read("0\r\nHost: evil\r\nContent-Length: 3\r\n\r\n") == [.end])
        #expect(read("0\r\nX: " + String(repeating: "x", count: 17_000) + "\r\n\r\n") == [.error(.trailersTooLarge)])
        #expect(read("0\r\n bad\r\n\r\n").last == .error(.whitespaceBeforeFirstField))
        for bad in ["\r\n", "g\r\n", " 1\r\n", "1 \r\n", "-1\r\n", "0x1\r\n", "1\r\nab\r\n", "1;\u{1}\r\n", ";x\r\n"] {
            #expect(read(bad).last == .error(.invalidChunk), "\(bad.debugDescription)")
        }
        #expect(read("1\rx") == [.error(.bareCarriageReturn)])
        #expect(read("1\r\na\rx") == [.body("a"), .error(.bareCarriageReturn)])
    }

    @Test("GET with Trailer: reads like any other")
    func getWithTrailer() {
        let heard = readRequests("GET / HTTP/1.1\r\nHost: a\r\nTrailer: X\r\nTE: trailers\r\n\r\n")
        #expect(heard.count == 2 && heard.last == .end)
    }

    @Test("Upgrade is ignored on HTTP/1.0, and without being named by Connection")
    func upgradeOnOldVersion() {
        func asks(_ version: HTTPVersion, _ connection: String) -> Bool {
            RequestHead(
                method: "GET", target: "/", version: version,
                fields: ["Upgrade": "websocket", "Connection": connection]
            ).asksForUpgrade
        }
        #expect(asks(.http11, "keep-alive, Upgrade"))
        #expect(!asks(.http10, "Upgrade"))
        #expect(!asks(.http11, "keep-alive"))
    }

    @Test("Max-Forwards honoured")
    func maxForwards() {
        func maxForwards(_ method: String, _ value: String) -> RequestHead.MaxForwards {
            RequestHead(method: method, target: "*", fields: ["Max-Forwards": value]).maxForwards
        }
        #expect(maxForwards("OPTIONS", "0") == .answerHere)
        #expect(maxForwards("OPTIONS", "3") == .forward(2))
        #expect(maxForwards("TRACE", "0") == .answerHere)
        #expect(maxForwards("GET", "0") == .unlimited)
        #expect(maxForwards("OPTIONS", "x") == .unlimited)
    }
}
