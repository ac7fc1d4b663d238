import Testing

@testable import HTTPWire

/// A corpus in which every state of the parsers is crossed by some cut.
struct SplitTests {
    static let requests = [
        "GET / HTTP/1.1\r\nHost: a.example\r\n\r\n",
        "GET /a?b=c HTTP/1.1\r\nHost: a.example\r\nCookie: a=b; c=d\r\nX-Empty:\r\n\r\nGET /2 HTTP/1.1\r\nHost: b\r\n\r\n",
        "\r\nPOST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n",
        "PUT /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5;x=\"y\"\r\nhello\r\n0001\r\n!\r\n0\r\nX: y\r\n\r\n"
            + "DELETE / HTTP/1.0\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\nok",
        "GET http://other.example:81/p?q HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nBad Name: x\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nX: a\rb\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\nX: b\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabcd\r\n0\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\nX : y\r\n\r\n",
    ]

    static let responses = [
        "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabcHTTP/1.1 204 No Content\r\n\r\n",
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 404 Not Found\r\n"
            + "Transfer-Encoding: chunked\r\n\r\na\r\n0123456789\r\n0\r\n\r\nHTTP/1.1 200\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\nuntil the end",
        "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort",
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\naHTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\nextra",
    ]

    @Test("a request reads the same however it is cut", arguments: requests)
    func requestsDoNotDependOnCuts(text: String) {
        let whole = readRequests(text)
        for cuts in everySplit(of: text) { #expect(readRequests(text, cuts: cuts) == whole, "cut at \(cuts)") }
    }

    @Test("a response reads the same however it is cut", arguments: responses)
    func responsesDoNotDependOnCuts(text: String) {
        let whole = readResponses(text, to: ["GET", "GET"])
        for cuts in everySplit(of: text) {
            #expect(readResponses(text, to: ["GET", "GET"], cuts: cuts) == whole, "cut at \(cuts)")
        }
    }

    @Test("a limit is hit at the same place however the input is cut")
    func limitsDoNotDependOnCuts() {
        var limits = HTTPLimits()
        limits.startLineBytes = 24
        limits.headerBlockBytes = 40
        limits.trailerBytes = 12
        limits.chunkExtensionBytes = 4
        let texts = [
            "GET /1234567 HTTP/1.1\r\nHost: a\r\n\r\n", "GET /123456789012345 HTTP/1.1\r\nHost: a\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: a\r\nX: 12345678901234567890\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: a\r\nX: 12345678901234567890123456789\r\n\r\n",
            "PUT / HTTP/1.1\r\nHost:a\r\nTransfer-Encoding:chunked\r\n\r\n1;abc\r\nx\r\n1;ab\r\nx\r\n0\r\n\r\n",
            "PUT / HTTP/1.1\r\nHost:a\r\nTransfer-Encoding:chunked\r\n\r\n0\r\nA: 1\r\nB: 23\r\n\r\n",
        ]
        for text in texts {
            let whole = readRequests(text, limits: limits)
            for cuts in everySplit(of: text) { #expect(readRequests(text, cuts: cuts, limits: limits) == whole) }
        }
    }
}
