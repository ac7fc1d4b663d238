import EventLoop
import HTTPWire
import TLS
import Testing

@testable import HTTPTransport

@Suite("A client's WebSocket", .timeLimit(.minutes(1)))
@ControlLoop
struct WebSocketTests {
    let client = HTTPClient()

    /// Answers the handshake, then gives each frame, unmasked, to `onFrame`.
    private func upstream(
        tls: TLSServerContext? = nil, greeting: [UInt8] = [],
        onFrame: @escaping (ByteChannel, WebSocketFrame, [UInt8]) -> Void
    ) throws -> ScriptedUpstream {
        var reader = WebSocketFrameReader()
        var frame: WebSocketFrame?
        var payload: [UInt8] = []
        return try ScriptedUpstream(
            tls: tls,
            onTunnel: { channel, bytes in
                var position = 0
                while let event = try? reader.next(in: bytes, at: &position), event != .needMore {
                    switch event {
                    case .needMore: break
                    case .frame(let header): frame = header
                    case .payload(let range): payload += bytes[range]
                    }
                    guard let complete = frame, payload.count == complete.payloadLength else { continue }
                    payload.withUnsafeMutableBytes { WebSocketFrame.mask($0, key: complete.mask ?? 0) }
                    let plain = payload
                    (frame, payload) = (nil, [])
                    onFrame(channel, complete, plain)
                }
            },
            { request, channel in
                let key = request.head.fields.first("Sec-WebSocket-Key") ?? ""
                let head = """
                    HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
                    Sec-WebSocket-Accept: \(WebSocketHandshake.accept(forKey: key))\r\n\r\n
                    """
                // In one write: the first frames stand right behind the head.
                (Array(head.utf8) + greeting).withUnsafeBytes { channel.write($0) }
            })
    }

    private func open(_ upstream: ScriptedUpstream, client: HTTPClient? = nil) async throws -> WebSocketConnection {
        try await (client ?? self.client).upgrade(
            upstream.request("GET", "/socket"), to: upstream.address, timeout: .seconds(20))
    }

    @Test("messages of every size go there and back, masked, plain and with TLS", arguments: [false, true])
    func echo(secure: Bool) async throws {
        let upstream = try upstream(tls: secure ? TestAuthority.server() : nil) { channel, frame, payload in
            #expect(frame.mask != nil)
            channel.send(frame.opcode, payload)
        }
        let client = secure ? HTTPClient(tls: try TestAuthority.client()) : client
        let socket = try await open(upstream, client: client)
        for size in [0, 1, 125, 126, 65_535, 65_536, 2_000_000] {
            let bytes = SecureRandom.bytes(size)
            try await socket.send(.binary(bytes))
            #expect(try await socket.receive() == .binary(bytes))
        }
        try await socket.send(.text("Grüße"))
        #expect(try await socket.receive() == .text("Grüße"))
        await socket.close()
    }

    @Test("frames that stand right behind the handshake are not lost")
    func earlyFrames() async throws {
        var greeting: [UInt8] = []
        WebSocketFrame.encode(.text, payload: Array("welcome".utf8), mask: nil, into: &greeting)
        let socket = try await open(upstream(greeting: greeting) { _, _, _ in })
        #expect(try await socket.receive() == .text("welcome"))
    }

    @Test("fragments make one message, with control frames in between; pings are answered, pongs awaited")
    func controlFrames() async throws {
        let pongs = Box<[[UInt8]]>([])
        let upstream = try upstream { channel, frame, payload in
            switch frame.opcode {
            case .text:
                channel.send(.text, Array("one ".utf8), isFinal: false)
                channel.send(.ping, [1, 2, 3])
                channel.send(.continuation, Array("two".utf8))
            case .ping: channel.send(.pong, payload)
            case .pong: pongs.value.append(payload)
            default: break
            }
        }
        let socket = try await open(upstream)
        try await socket.send(.text("go"))
        #expect(try await socket.receive() == .text("one two"))
        try await socket.ping(within: .seconds(20))
        #expect(pongs.value == [[1, 2, 3]])
    }

    @Test("a close of the other side ends the messages, with its code")
    func closedByPeer() async throws {
        let answers = Box<[UInt8]>([])
        let upstream = try upstream { channel, frame, payload in
            if frame.opcode == .close { answers.value = payload } else { channel.send(.close, [0x03, 0xe9]) }
        }
        let socket = try await open(upstream)
        #expect(socket.closeCode == nil)
        try await socket.send(.text("bye"))
        #expect(try await socket.receive() == nil)
        #expect(try await socket.receive() == nil)
        #expect(socket.closeCode == 1001)
        await upstream.until { upstream.closed == 1 }
        #expect(answers.value == [0x03, 0xe9])
        await #expect(throws: HTTPClientError.self) { try await socket.send(.text("too late")) }
    }

    @Test("our own close waits for the other side's")
    func closing() async throws {
        let codes = Box<[[UInt8]]>([])
        let upstream = try upstream { channel, frame, payload in
            guard frame.opcode == .close else { return }
            codes.value.append(payload)
            channel.send(.close, payload)
        }
        let socket = try await open(upstream)
        await socket.close(code: 1001)
        #expect(codes.value == [[0x03, 0xe9]])
        await socket.close()
        await upstream.until { upstream.closed == 1 }
    }

    @Test(
        "what RFC 6455 forbids is refused with the right code",
        arguments: [
            ([0xc1, 0x00], 1002), ([0x81, 0x81, 0, 0, 0, 0, 0x41], 1002), ([0x80, 0x00], 1002), ([0x83, 0x00], 1002),
            ([0x01, 0x00, 0x81, 0x00], 1002), ([0x81, 0x01, 0xff], 1007), ([0x09, 0x00], 1002),
            ([0x82, 0x7f, 0, 0, 0, 0, 0x10, 0, 0, 0], 1009),
        ] as [([UInt8], Int)])
    func violations(bytes: [UInt8], code: Int) async throws {
        let codes = Box<[Int]>([])
        let upstream = try upstream(greeting: bytes) { _, frame, payload in
            if frame.opcode == .close { codes.value.append(Int(payload[0]) << 8 | Int(payload[1])) }
        }
        let socket = try await open(upstream)
        let error = await #expect(throws: HTTPClientError.self) { _ = try await socket.receive() }
        #expect(error?.kind == .protocol)
        await upstream.until { upstream.closed == 1 }
        #expect(codes.value == [code])
    }

    @Test("messages that nobody receives make the other side wait, and all of them arrive later")
    func backpressure() async throws {
        let count = 1000
        let upstream = try upstream { channel, frame, _ in
            guard frame.opcode == .text else { return }
            for number in 0..<count {
                channel.send(.text, Array("\(number)".utf8) + [UInt8](repeating: 32, count: 5000))
            }
        }
        let socket = try await open(upstream)
        try await socket.send(.text("go"))
        for number in 0..<count {
            guard case .text(let text)? = try await socket.receive() else { break }
            #expect(text.hasPrefix("\(number) "))
        }
    }

    @Test("a limit of waiting ends the wait and not the connection; a break is an error, not a close")
    func limits() async throws {
        let upstream = try upstream { channel, frame, payload in
            if payload == Array("break".utf8) { channel.close() } else { channel.send(frame.opcode, payload) }
        }
        let socket = try await open(upstream)
        let late = await #expect(throws: HTTPClientError.self) {
            _ = try await socket.receive(within: .milliseconds(20))
        }
        #expect(late?.kind == .timeout)
        try await socket.send(.text("still here"))
        #expect(try await socket.receive(within: .seconds(20)) == .text("still here"))
        try await socket.send(.text("break"))
        let broken = await #expect(throws: HTTPClientError.self) { _ = try await socket.receive() }
        #expect(broken?.kind == .closed)
    }

    @Test("an upgrade that is refused is an error with the status; a forged handshake is none at all")
    func refused() async throws {
        let upstream = try ScriptedUpstream { request, channel in
            if request.head.target == "/forged" {
                channel.write(
                    text: """
                        HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
                        Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n
                        """)
            } else {
                channel.write(text: "HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno")
            }
        }
        for (target, status) in [("/", 403), ("/forged", 101)] {
            let error = await #expect(throws: HTTPClientError.self) {
                _ = try await client.upgrade(
                    upstream.request("GET", target), to: upstream.address, timeout: .seconds(20))
            }
            #expect(error?.status == status)
        }
    }

    @Test("dropping it closes the connection")
    func dropping() async throws {
        let upstream = try upstream { _, _, _ in }
        _ = try await open(upstream)
        await upstream.until { upstream.closed == 1 }
    }
}

extension ByteChannel {
    func send(_ opcode: WebSocketFrame.Opcode, _ payload: [UInt8], isFinal: Bool = true) {
        var bytes: [UInt8] = []
        WebSocketFrame.encode(opcode, isFinal: isFinal, payload: payload, mask: nil, into: &bytes)
        bytes.withUnsafeBytes { write($0) }
    }
}
