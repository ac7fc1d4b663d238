import EventLoop
import HTTPTransport
import HTTPWire

/// What stands behind the proxies: `/1k` and `/1m` answer so many bytes, a POST is read and answered, `/ws` echoes
/// WebSocket messages of `Message.bytes`. On a loop of its own.
final class BenchUpstream: @unchecked Sendable {
    // Touched on the loop alone.
    private let loop = Loop(name: "upstream")
    private var listener: Listener?

    func listen(port: Int) async throws {
        try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
            loop.post {
                continuation.resume(
                    with: Result {
                        self.listener = try Listener(on: self.loop, address: .ip(address: "127.0.0.1", port: port)) {
                            let owner = UpstreamConnection()
                            HTTPServerConnection(channel: ByteChannel(stream: $0, tls: nil), delegate: owner).start()
                        }
                    })
            }
        }
    }
}

/// WebSocket messages as the benchmark sends them: one size, whole in their frames.
enum Message {
    static let bytes = 128
    /// As a client sends it, masked.
    static let asked: [UInt8] = encoded(mask: 0x1234_5678)
    /// As a server sends it.
    static let echoed: [UInt8] = encoded(mask: nil)

    private static func encoded(mask: UInt32?) -> [UInt8] {
        var frame: [UInt8] = []
        WebSocketFrame.encode(.binary, payload: [UInt8](repeating: 7, count: bytes), mask: mask, into: &frame)
        return frame
    }
}

private final class UpstreamConnection: HTTPServerConnectionDelegate {
    static let small = [UInt8](repeating: 0x61, count: 1024)
    static let large = [UInt8](repeating: 0x62, count: 1 << 20)
    static let pieceBytes = 64 * 1024

    private var waiting = 0
    private var echoBytes = 0
    private var answersAtEnd = false

    func connection(_ connection: HTTPServerConnection, didReceive head: RequestHead, framing: BodyFraming) {
        let path = head.targetBytes
        answersAtEnd = head.method == "POST"
        if answersAtEnd { return }
        if path.elementsEqual("/ws".utf8) {
            let key = head.fields.first("Sec-WebSocket-Key") ?? ""
            return connection.upgrade(
                head: ResponseHead(
                    status: 101,
                    fields: [
                        "Connection": "Upgrade", "Upgrade": "websocket",
                        "Sec-WebSocket-Accept": WebSocketHandshake.accept(forKey: key),
                    ]))
        }
        let isLarge = path.elementsEqual("/1m".utf8)
        let body = isLarge ? Self.large : Self.small
        connection.respond(head: Self.head, framing: .length(Int64(body.count)))
        guard isLarge else {
            body.withUnsafeBytes { connection.writeBody($0) }
            return connection.finish()
        }
        waiting = body.count
        feed(connection)
    }

    private static let head = ResponseHead(
        status: 200,
        fields: ["Server": "bench", "Content-Type": "application/octet-stream", "Cache-Control": "no-cache"])

    private func feed(_ connection: HTTPServerConnection) {
        Self.large.withUnsafeBytes { bytes in
            while waiting > 0, !connection.isSaturated {
                let count = min(waiting, Self.pieceBytes)
                connection.writeBody(UnsafeRawBufferPointer(rebasing: bytes[..<count]))
                waiting -= count
            }
        }
        if waiting == 0 { connection.finish() }
    }

    func connection(_ connection: HTTPServerConnection, didReceiveBody bytes: UnsafeRawBufferPointer) {}

    func connectionDidReceiveEnd(_ connection: HTTPServerConnection) {
        if answersAtEnd { connection.respond(head: Self.head, whole: [UInt8]("ok\n".utf8)) }
    }

    func connectionDidDrain(_ connection: HTTPServerConnection) { if waiting > 0 { feed(connection) } }

    func connection(_ connection: HTTPServerConnection, didReadTunnel bytes: UnsafeRawBufferPointer) {
        echoBytes += bytes.count
        while echoBytes >= Message.asked.count {
            echoBytes -= Message.asked.count
            Message.echoed.withUnsafeBytes { connection.writeTunnel($0) }
        }
    }

    func connectionDidClose(_ connection: HTTPServerConnection, error: ChannelError?) {}
}
