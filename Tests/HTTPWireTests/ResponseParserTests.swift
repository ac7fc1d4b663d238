import Testing

@testable import HTTPWire

struct ResponseParserTests {
    @Test("a response has its status, reason, fields and body")
    func plainResponse() {
        let heard = readResponses("HTTP/1.1 200 Very Fine\r\nContent-Length: 2\r\nServer: x\r\n\r\nok")
        let fields: HeaderFields = ["Content-Length": "2", "Server": "x"]
        let head = ResponseHead(status: 200, reason: "Very Fine", fields: fields)
        #expect(heard == [.response(head, .length(2), keepsAlive: true), .body("ok"), .end])
    }

    @Test("HEAD, 204 and 304 have no body, whatever their length says")
    func noBody() {
        for (method, status) in [("HEAD", 200), ("GET", 204), ("GET", 304)] {
            let text = "HTTP/1.1 \(status) X\r\nContent-Length: 10\r\n\r\n"
            let heard = readResponses(text, to: [method])
            // A 204 that announces a body may send it all the same.
            guard case .response(let head, .none, keepsAlive: status != 204) = heard.first else {
                Issue.record("\(heard)")
                continue
            }
            #expect(head.fields.first("Content-Length") == "10")
            #expect(heard.last == .end)
        }
        #expect(responseRefusal(of: "HTTP/1.1 100 X\r\nTransfer-Encoding: chunked\r\n\r\n") == .bodyNotAllowed)
    }

    @Test("without a length the body lasts until the connection ends, which cannot be used again")
    func untilClose() {
        let heard = readResponses("HTTP/1.1 200 OK\r\n\r\nabc")
        guard case .response(_, .untilClose, keepsAlive: false) = heard.first else {
            Issue.record("\(heard)")
            return
        }
        #expect(heard.dropFirst() == [.body("abc"), .end])
    }

    @Test("a connection that ends early is an error, and so is one that never answered")
    func truncation() {
        #expect(responseRefusal(of: "") == .truncated)
        #expect(responseRefusal(of: "HTTP/1.1 200") == .truncated)
        #expect(responseRefusal(of: "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nab") == .truncated)
        #expect(responseRefusal(of: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n") == .truncated)
    }

    @Test("101 only after the upstream's validated 101")
    func switchingProtocols() {
        let answer = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"
        #expect(responseRefusal(of: answer) == .unexpectedUpgrade)
        #expect(responseRefusal(of: "HTTP/1.1 101 X\r\n\r\n") == .unexpectedUpgrade)
        let heard = readResponses(answer + "\u{1}tunnel", upgrade: true)
        guard case .response(let head, .none, keepsAlive: false) = heard.first else {
            Issue.record("\(heard)")
            return
        }
        #expect(head.status == 101)
        #expect(heard.dropFirst() == [.rest("\u{1}tunnel")])
        let body = "HTTP/1.1 101 X\r\nUpgrade: a\r\nConnection: upgrade\r\nContent-Length: 1\r\n\r\n"
        #expect(readResponses(body, upgrade: true) == [.error(.unexpectedUpgrade)])
    }

    @Test("a refused upgrade is an ordinary response")
    func refusedUpgrade() {
        let heard = readResponses("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n", upgrade: true)
        #expect(heard.count == 2 && heard.last == .end)
    }

    @Test("nothing may come unasked, nor before it was asked for")
    func unexpectedBytes() {
        #expect(responseRefusal(of: "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nab") == .unexpectedBytes)
    }

    @Test("informational responses pass one by one, up to a limit")
    func informational() {
        let early = "HTTP/1.1 103 Early Hints\r\n\r\n"
        let final = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
        #expect(readResponses(String(repeating: early, count: 16) + final).last == .end)
        #expect(responseRefusal(of: String(repeating: early, count: 17) + final) == .tooManyInformationalResponses)
    }

    @Test("a status line must be one")
    func statusLines() {
        let lines: [(String, HTTPParseError)] = [
            ("HTTP/2.0 200 OK", .unsupportedVersion), ("HTTP/1.1 99 OK", .invalidStatus),
            ("HTTP/1.1 2000 OK", .invalidStatus),
            ("HTTP/1.1  200 O", .invalidStatus),
            ("ICY 200 OK", .invalidStartLine), ("HTTP/1.1 200 O\u{0}K", .invalidStartLine),
        ]
        for (line, error) in lines { #expect(responseRefusal(of: line + "\r\n\r\n") == error, "\(line)") }
        #expect(readResponses("HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n").last == .end)
        #expect(readResponses("HTTP/1.1 200 \r\nContent-Length: 0\r\n\r\n").last == .end)
    }

    @Test(
        "what is put right is taken once, and nothing more comes by that connection",
        arguments: [
            "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nok",
            "HTTP/1.1 200 OK\r\nContent-Length: 2, 2\r\n\r\nok",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked, chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
            "HTTP/1.1 200 OK\nContent-Length: 2\n\nok", "HTTP/1.1 200 OK\r\nX : y\r\nContent-Length: 2\r\n\r\nok",
            "HTTP/1.1 999 OK\r\nContent-Length: 2\r\n\r\nok", "HTTP/1.1 204 X\r\nTransfer-Encoding: chunked\r\n\r\n",
            "HTTP/1.1 204 X\r\nContent-Length: 2\r\n\r\n", "HTTP/1.1 304 X\r\nTransfer-Encoding: chunked\r\n\r\n",
            "HTTP/1.1 103 X\nLink: a\n\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
        ])
    func repairs(text: String) {
        let heard = readResponses(text)
        let head = heard.first {
            if case .response = $0 { true } else { false }
        }
        guard case .response(_, _, keepsAlive: false)? = head else {
            Issue.record("\(heard)")
            return
        }
        #expect(heard.last == .end)
    }

    @Test(
        "a length that is said again and again stands once among the fields, also where no body follows",
        arguments: ["Content-Length: 2\r\nX: y\r\ncontent-length: 2", "Content-Length: 2 , 02\r\nX: y"])
    func repeatedLengths(fields: String) {
        for (method, status) in [("GET", 200), ("HEAD", 200), ("GET", 304)] {
            let body = method == "GET" && status == 200 ? "ok" : ""
            let heard = readResponses("HTTP/1.1 \(status) X\r\n\(fields)\r\n\r\n\(body)", to: [method])
            guard case .response(let head, _, keepsAlive: false)? = heard.first else {
                Issue.record("\(heard)")
                continue
            }
            let once: HeaderFields = ["Content-Length": "2", "X": "y"]
            #expect(head.fields == once)
        }
    }

    @Test("the next response on a connection is not held to be repaired because the one before was")
    func repairsAreOver() {
        let early = "HTTP/1.1 103 X\r\n\r\n"
        let plain = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
        guard
            case .response(_, _, keepsAlive: true)? = readResponses(early + plain).first(where: {
                if case .response = $0 { true } else { false }
            })
        else {
            Issue.record("a plain response keeps its connection")
            return
        }
    }

    @Test("an HTTP/1.0 response closes unless it says otherwise, and may not be chunked")
    func oldVersion() {
        guard
            case .response(_, .length(0), keepsAlive: false) =
                readResponses("HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n").first,
            case .response(_, .length(0), keepsAlive: true) =
                readResponses("HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 0\r\n\r\n").first
        else {
            Issue.record("keep-alive of HTTP/1.0")
            return
        }
        #expect(
            responseRefusal(of: "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n")
                == .transferEncodingInOldVersion)
    }
}
