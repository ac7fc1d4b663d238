import Testing

@testable import HTTPWire

struct WebSocketTests {
    /// Headers, and payloads unmasked and put together.
    private func read(_ bytes: [UInt8], cuts: [Int] = []) throws(WebSocketError) -> [(WebSocketFrame, [UInt8])] {
        var reader = WebSocketFrameReader()
        var frames: [(WebSocketFrame, [UInt8])] = []
        let edges = [0] + cuts + [bytes.count]
        for (start, end) in zip(edges, edges.dropFirst()) {
            let piece = Array(bytes[start..<end])
            var position = 0
            reading: while true {
                let event = try piece.withUnsafeBufferPointer { (input) throws(WebSocketError) in
                    try reader.next(in: UnsafeRawBufferPointer(input), at: &position)
                }
                switch event {
                case .needMore: break reading
                case .frame(let frame): frames.append((frame, []))
                case .payload(let range):
                    let (frame, before) = frames[frames.count - 1]
                    var part = Array(piece[range])
                    if let mask = frame.mask {
                        part.withUnsafeMutableBytes { WebSocketFrame.mask($0, key: mask, offset: Int64(before.count)) }
                    }
                    frames[frames.count - 1].1 = before + part
                }
            }
        }
        #expect(reader.isAtFrameStart)
        return frames
    }

    @Test("frames of every length form read back, masked or not, however they are cut")
    func roundTrip() throws {
        var bytes: [UInt8] = []
        let payloads = [0, 1, 125, 126, 127, 300].map { count in (0..<count).map { UInt8(truncatingIfNeeded: $0) } }
        for (index, payload) in payloads.enumerated() {
            let mask: UInt32? = index % 2 == 0 ? 0xA1B2_C3D4 : nil
            WebSocketFrame.encode(.binary, payload: payload, mask: mask, into: &bytes)
        }
        WebSocketFrame.encode(.ping, payload: [1, 2], mask: 0, into: &bytes)
        for cut in 0...bytes.count {
            let frames = try read(bytes, cuts: [cut])
            try #require(frames.map(\.1) == payloads + [[1, 2]])
            #expect(frames.last?.0.opcode == .ping)
        }
        #expect(try read(bytes, cuts: Array(1..<bytes.count)).map(\.1) == payloads + [[1, 2]])
    }

    @Test("a length of 64 bits is read without its payload being copied")
    func longFrame() throws {
        var bytes: [UInt8] = []
        let frame = WebSocketFrame(opcode: .text, isFinal: false, reservedBits: 4, payloadLength: 1 << 33, mask: 7)
        frame.writeHeader(into: &bytes)
        #expect(bytes.count == 14)
        var reader = WebSocketFrameReader()
        var position = 0
        let event = try bytes.withUnsafeBytes { try reader.next(in: $0, at: &position) }
        #expect(event == .frame(frame))
        #expect(!reader.isAtFrameStart)
    }

    @Test("bytes that are no frames are an error, and stay one")
    func malformed() {
        let inputs: [([UInt8], WebSocketError)] = [
            ([0x83, 0], .reservedOpcode), ([0x8B, 0], .reservedOpcode), ([0x89, 126, 0, 200], .controlFrameTooLong),
            ([0x09, 0], .controlFrameFragmented), ([0x82, 126, 0, 125], .invalidLength),
            ([0x82, 127, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF], .invalidLength),
            ([0x82, 127, 0xFF, 0, 0, 0, 0, 0, 0, 0], .invalidLength),
        ]
        for (bytes, error) in inputs {
            var reader = WebSocketFrameReader()
            for _ in 0..<2 {
                var position = 0
                #expect(throws: error) { try bytes.withUnsafeBytes { try reader.next(in: $0, at: &position) } }
            }
        }
    }

    @Test("the accept value is that of RFC 6455, section 1.3")
    func accept() {
        #expect(WebSocketHandshake.accept(forKey: "dGhlIHNhbXBsZSBub25jZQ==") == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")
        #expect(WebSocketHandshake.key(from: Array("the sample nonce".utf8)) == "dGhlIHNhbXBsZSBub25jZQ==")
    }

    @Test("SHA-1 gives the digests of FIPS 180 at every padding")
    func sha1() {
        func hex(_ text: String) -> String {
            SHA1.digest(Array(text.utf8)).map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
        }
        #expect(hex("") == "da39a3ee5e6b4b0d3255bfef95601890afd80709")
        #expect(hex("abc") == "a9993e364706816aba3e25717850c26c9cd0d89d")
        #expect(
            hex("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq")
                == "84983e441c3bd26ebaae4aa1f95129e5e54670f1")
        #expect(hex(String(repeating: "a", count: 1_000)) == "291e9a6c66994949b57ba5e650361e98fc36b1ba")
    }

    @Test("only a whole opening handshake is a WebSocket")
    func handshake() {
        let fields: HeaderFields = [
            "Host": "a", "Upgrade": "WebSocket", "Connection": "keep-alive, Upgrade",
            "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Version": "13",
        ]
        #expect(WebSocketHandshake.isValidRequest(RequestHead(method: "GET", target: "/", fields: fields)))
        #expect(!WebSocketHandshake.isValidRequest(RequestHead(method: "POST", target: "/", fields: fields)))
        #expect(
            !WebSocketHandshake.isValidRequest(
                RequestHead(method: "GET", target: "/", version: .http10, fields: fields)))
        let spoilt: [(String, String)] = [
            ("Upgrade", "h2c"), ("Connection", "close"), ("Sec-WebSocket-Key", "short"), ("Sec-WebSocket-Version", "8"),
        ]
        for (name, value) in spoilt {
            var other = fields
            other.replace(name, value)
            #expect(
                !WebSocketHandshake.isValidRequest(RequestHead(method: "GET", target: "/", fields: other)), "\(name)")
        }
        let answer = ResponseHead(
            status: 101,
            fields: [
                "Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Accept": "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=",
            ])
        #expect(WebSocketHandshake.isValidResponse(answer, toKey: "dGhlIHNhbXBsZSBub25jZQ=="))
        #expect(!WebSocketHandshake.isValidResponse(answer, toKey: "xGhlIHNhbXBsZSBub25jZQ=="))
    }

    @Test("a close frame carries its code and at most 123 bytes of reason")
    func closeFrame() {
        #expect(WebSocketFrame.closePayload(code: 1001) == [3, 233])
        #expect(WebSocketFrame.closePayload(code: 1000, reason: String(repeating: "x", count: 200)).count == 125)
    }
}
