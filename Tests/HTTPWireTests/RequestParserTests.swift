import Testing

@testable import HTTPWire

struct RequestParserTests {
    @Test("a request has its method, target, fields and no body")
    func plainRequest() {
        let heard = readRequests("GET /lab?reset HTTP/1.1\r\nHost: A.example\r\nAccept:  text/html \t\r\n\r\n")
        let fields: HeaderFields = ["Host": "A.example", "Accept": "text/html"]
        let head = RequestHead(method: "GET", target: "/lab?reset", fields: fields)
        #expect(heard == [.request(head, .none, keepsAlive: true), .end])
    }

    @Test("requests follow each other on one connection, each with its own body")
    func pipelining() {
        let heard = readRequests(
            "POST /1 HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\none"
                + "POST /2 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\ntwo\r\n0\r\n\r\n"
                + "GET /3 HTTP/1.1\r\nHost: a\r\n\r\n")
        let bodies = heard.compactMap { if case .body(let text) = $0 { text } else { nil } }
        let targets = heard.compactMap { if case .request(let head, _, _) = $0 { head.target } else { nil } }
        #expect(bodies == ["one", "two"])
        #expect(targets == ["/1", "/2", "/3"])
    }

    @Test("the parser stops after each event and leaves the rest of the input")
    func pullStyle() throws {
        var parser = RequestParser()
        let text = Array("GET /1 HTTP/1.1\r\nHost: a\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\n\r\n".utf8)
        var position = 0
        let events = try text.withUnsafeBytes { input in
            [try parser.next(in: input, at: &position), try parser.next(in: input, at: &position)]
        }
        #expect(events == [.head, .end])
        #expect(position == text.count / 2)
        #expect(parser.isIdle)
    }

    @Test("whether the connection stays open follows the version and the Connection field")
    func keepAlive() {
        func keepsAlive(_ version: String, _ connection: String) -> Bool? {
            let heard = readRequests("GET / HTTP/\(version)\r\nHost: a\r\n\(connection)\r\n")
            guard case .request(_, _, let keepsAlive) = heard.first else { return nil }
            return keepsAlive
        }
        #expect(keepsAlive("1.1", "") == true)
        #expect(keepsAlive("1.1", "Connection: foo, Close\r\n") == false)
        #expect(keepsAlive("1.0", "") == false)
        #expect(keepsAlive("1.0", "Connection: Keep-Alive\r\n") == true)
        #expect(keepsAlive("1.0", "Connection: keep-alive, close\r\n") == false)
    }

    @Test("100-continue is asked for only by HTTP/1.1 and only with a body")
    func expectContinue() throws {
        func expects(_ text: String) throws -> Bool {
            var parser = RequestParser()
            var position = 0
            _ = try Array(text.utf8).withUnsafeBytes { try parser.next(in: $0, at: &position) }
            return parser.expectsContinue
        }
        #expect(try expects("POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-Continue\r\nContent-Length: 1\r\n\r\n"))
        #expect(try !expects("POST / HTTP/1.0\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\n"))
        #expect(try !expects("GET / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n\r\n"))
        #expect(refusal(of: "GET / HTTP/1.1\r\nHost: a\r\nExpect: tea\r\n\r\n")?.status == 417)
    }

    @Test("after an error every further call throws it again")
    func errorsStay() {
        var parser = RequestParser()
        for text in ["GET / HTTP/3.0\r\n", "GET / HTTP/1.1\r\nHost: a\r\n\r\n"] {
            var position = 0
            #expect(throws: HTTPParseError.unsupportedVersion) {
                try Array(text.utf8).withUnsafeBytes { try parser.next(in: $0, at: &position) }
            }
        }
    }

    @Test("names that are not ASCII, and controls, are refused; obs-text in values passes")
    func bytesOfFields() {
        #expect(refusal(of: "GET / HTTP/1.1\r\nHost: a\r\nÜ: x\r\n\r\n") == .invalidFieldName)
        #expect(refusal(of: "GET / HTTP/1.1\r\nHost: a\r\nX: a\u{0}b\r\n\r\n") == .invalidFieldValue)
        #expect(refusal(of: "GET / HTTP/1.1\r\nHost: a\r\nX: a\u{7F}\r\n\r\n") == .invalidFieldValue)
        #expect(refusal(of: "GET / HTTP/1.1\r\nHost: a\r\nX: Zoë\r\n\r\n") == nil)
        #expect(refusal(of: "GET / HTTP/1.1\r\nHost: a\r\n: x\r\n\r\n") == .invalidFieldName)
        #expect(refusal(of: "GET / HTTP/1.1\r\nHost: a\r\nno colon\r\n\r\n") == .invalidFieldName)
    }

    @Test("a first line that is not exactly method, target and version is refused")
    func startLines() {
        let lines: [(String, HTTPParseError)] = [
            ("GET /", .invalidStartLine), ("GET  / HTTP/1.1", .invalidStartLine),
            ("GET / HTTP/1.1 ", .invalidStartLine),
            (" GET / HTTP/1.1", .invalidMethod), ("G(T / HTTP/1.1", .invalidMethod),
            ("GET / http/1.1", .invalidStartLine), ("GET /\tHTTP/1.1", .invalidStartLine),
            ("GET / HTTP/1.2", .unsupportedVersion), ("PRI * HTTP/2.0", .unsupportedVersion),
            ("GET /#x HTTP/1.1", .invalidTarget), ("GET /é HTTP/1.1", .invalidTarget),
            ("GET x HTTP/1.1", .invalidTarget), ("GET * HTTP/1.1", .invalidTarget),
            ("CONNECT a:1 HTTP/1.1", .unknownMethod), ("GET ftp://a/ HTTP/1.1", .invalidTarget),
            ("\u{16}\u{3}\u{1}", .invalidStartLine),
        ]
        for (line, error) in lines {
            #expect(refusal(of: line + "\r\nHost: a\r\n\r\n") == error, "\(line.debugDescription)")
        }
        #expect(refusal(of: "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n") == nil)
        #expect(refusal(of: "GET /a|b?{\"x\"} HTTP/1.1\r\nHost: a\r\n\r\n") == nil)
    }
}
