import EventLoop
import HTTPTransport
import HTTPWire
import Synchronization
import TLS

/// A real upstream on a loop of its own. The path of the request selects what it does:
///
/// - `/head`: answers with the request as received, one field per line
/// - `/upload`: reads the body, answers with its length and SHA-256; `/upload-slowly` begins to read only when released
/// - `/download/N`: N bytes, chunked
/// - `/hold`: answers when released
/// - `/events`: begins an answer without an end; each release sends a piece of it
/// - `/cut`: announces 100 bytes, sends 3, closes
/// - `/die`: closes without a byte; `/die-next`: answers, and closes at the next request of this connection
/// - `/refuse`: 413 before the body
/// - `/ws`: a WebSocket that sends `hello` with its handshake and echoes every message
/// - `/ws-bad`: a 101 that does not answer the key
/// - `/files/fields`: answers with the field that `X-Answer` asks for
/// - `/cookies`: sets cookies for the whole domain and with our name
final class Upstream: Sendable {
    struct Record {
        var heads: [RequestHead] = []
        var connections = 0
        var open = 0
        var received = 0
        var sent = 0
        /// A download is paused until the client reads.
        var isSaturated = false
        var tunnelEnds = 0
    }

    /// The block of which a download consists.
    static let block = (0..<65_536).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 8) }

    let loop = Loop(name: "upstream")
    let record = Mutex(Record())
    /// Touched on the loop only.
    nonisolated(unsafe) private var listener: Listener?
    nonisolated(unsafe) fileprivate var held: [() -> Void] = []

    var heads: [RequestHead] { record.withLock { $0.heads } }

    /// - Returns: the address on which it listens.
    func listen(on address: SocketAddress = .ip(address: "127.0.0.1", port: 0)) async throws -> UpstreamAddress {
        let bound = try await withCheckedThrowingContinuation { continuation in
            loop.post {
                continuation.resume(
                    with: Result {
                        let listener = try Listener(on: self.loop, address: address) { stream in
                            let connection = UpstreamConnection(self)
                            HTTPServerConnection(
                                channel: ByteChannel(stream: stream, tls: nil), delegate: connection
                            ).start()
                        }
                        self.listener = listener
                        return listener.boundAddress
                    })
            }
        }
        switch bound {
        case .ip(let host, let port): return .tcp(host: host, port: port)
        case .unix(let path): return .unix(path: path)
        }
    }

    func release() {
        loop.post {
            let held = self.held
            self.held = []
            for release in held { release() }
        }
    }

    func stop() async { await loop.stop() }
}

private final class UpstreamConnection: HTTPServerConnectionDelegate {
    private let home: Upstream
    private var head = RequestHead(method: "", target: "")
    private var received = 0
    private var hasher = SHA256Hasher()
    private var toSend = 0
    private var diesNext = false
    private var frames = WebSocketFrameReader()
    private var message: (frame: WebSocketFrame, payload: [UInt8])?

    init(_ home: Upstream) {
        self.home = home
        home.record.withLock {
            $0.connections += 1
            $0.open += 1
        }
    }

    private var path: String { String(decoding: head.pathBytes, as: UTF8.self) }

    func connection(_ connection: HTTPServerConnection, didReceive head: RequestHead, framing: BodyFraming) {
        self.head = head
        home.record.withLock { $0.heads.append(head) }
        received = 0
        if diesNext { return connection.close() }
        switch path {
        case "/die": connection.close()
        case "/refuse": connection.respond(head: ResponseHead(status: 413), whole: Array("too large".utf8))
        case "/cut":
            connection.respond(head: ResponseHead(status: 200), framing: .length(100))
            connection.writeBody(bytes("abc"))
            connection.flush()
            home.held.append { connection.close() }
        case "/upload-slowly":
            connection.pauseReading()
            home.held.append { connection.resumeReading() }
        default: break
        }
    }

    func connection(_ connection: HTTPServerConnection, didReceiveBody bytes: UnsafeRawBufferPointer) {
        received += bytes.count
        hasher.update(bytes)
        home.record.withLock { $0.received += bytes.count }
    }

    func connectionDidReceiveEnd(_ connection: HTTPServerConnection) {
        switch path {
        case "/head":
            var text = "\(head.method) \(head.target)\n"
            for (name, value) in head.fields { text += "\(name): \(value)\n" }
            connection.respond(head: ResponseHead(status: 200, fields: ["X-Up": "1"]), whole: Array(text.utf8))
        case "/upload", "/upload-slowly":
            connection.respond(
                head: ResponseHead(status: 200), whole: Array("\(received) \(hasher.finish())".utf8))
        case "/hold":
            home.held.append { connection.respond(head: ResponseHead(status: 200), whole: Array("held".utf8)) }
        case "/events":
            connection.respond(head: ResponseHead(status: 200), framing: .chunked)
            connection.flush()
            holdPiece(connection)
        case "/die-next":
            diesNext = true
            connection.respond(head: ResponseHead(status: 200), whole: Array("alive".utf8))
        case "/cut": break
        case "/cookies":
            let fields: HeaderFields = [
                "Set-Cookie": "a=1; Domain=.labs.test", "set-cookie": "__Host-carrel=stolen; Secure; Path=/",
            ]
            connection.respond(head: ResponseHead(status: 200, fields: fields), whole: [])
        case "/hsts":
            connection.respond(
                head: ResponseHead(status: 200, fields: ["Strict-Transport-Security": "max-age=0; includeSubDomains"]),
                whole: [])
        case "/ws": openWebSocket(connection)
        case "/ws-bad":
            connection.upgrade(
                head: ResponseHead(
                    status: 101,
                    fields: ["Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Accept": "wrong"]))
        case "/files/fields":
            var answer = ResponseHead(status: 200)
            let asked = (head.fields.first("X-Answer") ?? "").split(separator: ": ", maxSplits: 1).map(String.init)
            if asked.count == 2 { answer.fields.append(asked[0], asked[1]) }
            connection.respond(head: answer, whole: Array("ok".utf8))
        case let path where path.hasPrefix("/download/"):
            toSend = Int(path.dropFirst("/download/".count)) ?? 0
            connection.respond(head: ResponseHead(status: 200), framing: .chunked)
            feed(connection)
        default:
            connection.respond(head: ResponseHead(status: 200), whole: Array("ok".utf8))
        }
    }

    private func holdPiece(_ connection: HTTPServerConnection) {
        home.held.append { [self] in
            connection.writeBody(bytes("piece;"))
            connection.flush()
            holdPiece(connection)
        }
    }

    private func feed(_ connection: HTTPServerConnection) {
        while toSend > 0, !connection.isSaturated {
            let count = min(toSend, Upstream.block.count)
            Upstream.block.withUnsafeBytes { connection.writeBody(UnsafeRawBufferPointer(rebasing: $0[..<count])) }
            toSend -= count
            home.record.withLock { $0.sent += count }
        }
        home.record.withLock { $0.isSaturated = toSend > 0 }
        if toSend == 0 { connection.finish() }
    }

    func connectionDidDrain(_ connection: HTTPServerConnection) {
        if toSend > 0 { feed(connection) }
    }

    func connectionClientDidEnd(_ connection: HTTPServerConnection) { connection.close() }

    // MARK: WebSocket

    private func openWebSocket(_ connection: HTTPServerConnection) {
        let key = head.fields.first("Sec-WebSocket-Key") ?? ""
        connection.upgrade(
            head: ResponseHead(
                status: 101,
                fields: [
                    "Connection": "Upgrade", "Upgrade": "websocket",
                    "Sec-WebSocket-Accept": WebSocketHandshake.accept(forKey: key),
                ]))
        send(.text, Array("hello".utf8), connection)
    }

    private func send(_ opcode: WebSocketFrame.Opcode, _ payload: [UInt8], _ connection: HTTPServerConnection) {
        var bytes: [UInt8] = []
        WebSocketFrame.encode(opcode, payload: payload, mask: nil, into: &bytes)
        bytes.withUnsafeBytes { connection.writeTunnel($0) }
    }

    func connection(_ connection: HTTPServerConnection, didReadTunnel bytes: UnsafeRawBufferPointer) {
        var position = 0
        while let event = try? frames.next(in: bytes, at: &position), event != .needMore {
            if case .frame(let frame) = event { message = (frame, []) }
            if case .payload(let range) = event { message?.payload += bytes[range] }
            guard let frame = message?.frame, var payload = message?.payload, payload.count == frame.payloadLength
            else { continue }
            payload.withUnsafeMutableBytes { WebSocketFrame.mask($0, key: frame.mask ?? 0) }
            send(frame.opcode == .ping ? .pong : frame.opcode, payload, connection)
            if frame.opcode == .close { connection.finishTunnel() }
            message = nil
        }
    }

    func connectionDidEndTunnel(_ connection: HTTPServerConnection) {
        home.record.withLock { $0.tunnelEnds += 1 }
        connection.close()
    }

    func connectionDidClose(_ connection: HTTPServerConnection, error: ChannelError?) {
        home.record.withLock { $0.open -= 1 }
    }

    private func bytes(_ text: StaticString) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount)
    }
}
