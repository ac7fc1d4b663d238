import Testing

@testable import HTTPWire

@Suite("The head of an HTTP/2 request")
struct RequestAssemblerTests {
    private let usual = [(":method", "GET"), (":scheme", "https"), (":authority", "a.test:8443"), (":path", "/x?y=1")]

    private func assemble(
        _ fields: [(String, String)], endsHere: Bool = true, limits: HTTPLimits = HTTPLimits()
    ) throws(HTTPParseError) -> RequestAssembler {
        var assembler = RequestAssembler(limits: limits)
        try assemble(fields, endsHere: endsHere, with: &assembler)
        return assembler
    }

    private func assemble(
        _ fields: [(String, String)], endsHere: Bool = true, with assembler: inout RequestAssembler
    ) throws(HTTPParseError) {
        assembler.begin()
        for (name, value) in fields {
            Array(name.utf8).withUnsafeBytes { name in
                Array(value.utf8).withUnsafeBytes { assembler.add(name: name, value: $0) }
            }
        }
        try assembler.finish(endsHere: endsHere) { "dGhlIHNhbXBsZSBub25jZQ==" }
    }

    @Test("is that of HTTP/1.1: the authority is its Host, the crumbs of its cookie are one")
    func usualHead() throws {
        let assembler = try assemble(usual + [("cookie", "a=1"), ("accept", "*/*"), ("cookie", "b=2")])
        let wanted = RequestHead(
            method: "GET", target: "/x?y=1", version: .http2,
            fields: ["host": "a.test:8443", "accept": "*/*", "cookie": "a=1; b=2"])
        #expect(assembler.head == wanted)
        #expect(assembler.framing == .none && !assembler.isWebSocket && !assembler.expectsContinue)
    }

    @Test("knows nothing of the one before")
    func again() throws {
        var assembler = RequestAssembler()
        try assemble(
            usual + [("cookie", "a=1"), ("expect", "100-continue"), ("content-length", "3")], endsHere: false,
            with: &assembler)
        #expect(assembler.expectsContinue)
        #expect(throws: HTTPParseError.self) { try assemble([("x", "y")], with: &assembler) }
        try assemble(usual, with: &assembler)
        #expect(assembler.head.fields == ["host": "a.test:8443"])
        #expect(assembler.framing == .none && !assembler.expectsContinue)
    }

    @Test("says how long the body is, as far as it is known")
    func framing() throws {
        func framing(_ method: String, _ fields: [(String, String)] = [], endsHere: Bool) throws -> BodyFraming {
            try assemble([(":method", method)] + usual.dropFirst() + fields, endsHere: endsHere).framing
        }
        #expect(try framing("GET", endsHere: true) == .none)
        #expect(try framing("POST", endsHere: true) == .length(0))
        #expect(try framing("POST", endsHere: false) == .chunked)
        #expect(try framing("POST", [("content-length", "7")], endsHere: false) == .length(7))
        #expect(throws: HTTPParseError.invalidContentLength) {
            try framing("POST", [("content-length", "7")], endsHere: true)
        }
        #expect(throws: HTTPParseError.duplicateContentLength) {
            try framing("POST", [("content-length", "7"), ("content-length", "7")], endsHere: false)
        }
    }

    @Test("of an extended CONNECT for a WebSocket is a handshake with a key of our own")
    func webSocket() throws {
        let fields = [
            (":method", "CONNECT"), (":scheme", "https"), (":authority", "a.test"), (":path", "/ws"),
            (":protocol", "websocket"), ("sec-websocket-version", "13"), ("sec-websocket-key", "theirs"),
        ]
        let assembler = try assemble(fields, endsHere: false)
        #expect(assembler.isWebSocket && assembler.framing == .none)
        #expect(assembler.head.method == "GET")
        #expect(assembler.head.fields.all("Sec-WebSocket-Key") == ["dGhlIHNhbXBsZSBub25jZQ=="])
        #expect(WebSocketHandshake.isValidRequest(assembler.head))
        #expect(throws: HTTPParseError.unknownMethod) { try assemble(fields, endsHere: true) }
        #expect(throws: HTTPParseError.unknownMethod) {
            try assemble(fields.filter { $0.0 != ":protocol" } + [(":protocol", "connect-udp")], endsHere: false)
        }
        #expect(throws: HTTPParseError.unknownMethod) {
            try assemble([(":method", "CONNECT"), (":authority", "a.test:443")], endsHere: false)
        }
    }

    @Test(
        "that could be read in two ways is refused",
        arguments: [
            ([("host", "b.test")], HTTPParseError.conflictingHost),
            ([("connection", "close")], .connectionField),
            ([("keep-alive", "1")], .connectionField),
            ([("proxy-connection", "close")], .connectionField),
            ([("transfer-encoding", "chunked")], .connectionField),
            ([("upgrade", "h2c")], .connectionField),
            ([("te", "gzip")], .connectionField),
            ([("Upper", "case")], .invalidFieldName),
            ([("sp ace", "x")], .invalidFieldName),
            ([("", "x")], .invalidFieldName),
            ([(":unknown", "x")], .invalidFieldName),
            ([("x", "a\r\nb: c")], .invalidFieldValue),
            ([("x", "a\0")], .invalidFieldValue),
            ([("expect", "200-maybe")], .unknownExpectation),
        ])
    func refused(_ fields: [(String, String)], _ error: HTTPParseError) {
        #expect(throws: error) { try assemble(usual + fields) }
    }

    @Test("has a target and an authority that are valid")
    func targets() {
        func error(_ fields: [(String, String)]) -> HTTPParseError? {
            do throws(HTTPParseError) {
                _ = try assemble(fields)
                return nil
            } catch {
                return error
            }
        }
        let get = [(":method", "GET"), (":authority", "a.test")]
        for path in ["", "x", "http://b.test/", "/a b", "/a#b", "/\u{e9}", "*"] {
            #expect(error(get + [(":path", path)]) == .invalidTarget, "\(path)")
        }
        #expect(error([(":method", "OPTIONS"), (":authority", "a.test"), (":path", "*")]) == nil)
        #expect(error([(":method", "GET"), (":authority", "a@b"), (":path", "/")]) == .invalidHost)
        #expect(error([(":method", "GET"), (":path", "/"), ("host", "a.test")]) == nil)
        #expect(error([(":method", "GET"), (":path", "/")]) == .missingHost)
        #expect(error([(":method", "GET"), (":path", "/"), ("host", "a.test"), ("host", "b.test")]) == .duplicateHost)
        #expect(error(usual + [("te", "trailers"), ("host", "A.TEST:8443")]) == nil)
    }

    @Test("keeps to the limits of size and number")
    func limits() {
        var limits = HTTPLimits()
        limits.fieldCount = 3
        #expect(throws: HTTPParseError.tooManyFields) {
            try assemble(usual + [("a", "1"), ("b", "2"), ("c", "3")], limits: limits)
        }
        limits = HTTPLimits()
        limits.headerBlockBytes = 300
        #expect(throws: HTTPParseError.headerBlockTooLarge) {
            try assemble(usual + [("a", String(repeating: "x", count: 200))], limits: limits)
        }
        limits = HTTPLimits()
        limits.startLineBytes = 5
        #expect(throws: HTTPParseError.startLineTooLong) { try assemble(usual, limits: limits) }
        #expect(throws: HTTPParseError.unknownMethod) {
            try assemble([(":method", String(repeating: "A", count: 33))] + usual.dropFirst())
        }
    }
}
