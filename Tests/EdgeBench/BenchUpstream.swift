import EventLoop
import HTTPTransport
import HTTPWire

/// What stands behind the proxies: `/1k`, `/1m` and `/bytes/N` answer so many bytes, a POST is read and answered (one to
/// `/slowly` at the pace of a slow peer), `/ws` echoes WebSocket messages of `Message.bytes`. On a loop of its own.
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
    private var isSlow = false
    private var read = 0
    private var began = MonotonicTime(nanoseconds: 0)

    func connection(_ connection: HTTPServerConnection, didReceive head: RequestHead, framing: BodyFraming) {
        let path = head.targetBytes
        answersAtEnd = head.method == "POST"
        isSlow = answersAtEnd && path.elementsEqual("/slowly".utf8)
        (read, began) = (0, connection.loop.now)
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
        let text = String(decoding: path, as: UTF8.self)
        let asked = text.hasPrefix("/bytes/") ? Int(text.dropFirst(7)) : nil
        guard let large = path.elementsEqual("/1m".utf8) ? Self.large.count : asked else {
            connection.respond(head: Self.head, framing: .length(Int64(Self.small.count)))
            Self.small.withUnsafeBytes { connection.writeBody($0) }
            return connection.finish()
        }
        connection.respond(head: Self.head, framing: .length(Int64(large)))
        waiting = large
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

    func connection(_ connection: HTTPServerConnection, didReceiveBody bytes: UnsafeRawBufferPointer) {
        guard isSlow else { return }
        read += bytes.count
        let due = began + .nanoseconds(Int64(read) * 1_000_000_000 / Int64(SoakRun.slowRate))
        guard due > connection.loop.now else { return }
        connection.pauseReading()
        _ = connection.loop.schedule(after: max(SoakRun.pace, due - connection.loop.now)) {
            connection.resumeReading()
        }
    }

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
