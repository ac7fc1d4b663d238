import EventLoop
import HTTPTransport
import HTTPWire
import Synchronization
import TLS

/// Clients of an edge that repeat the same work, and count failures. On a loop of its own.
///
/// `@unchecked Sendable` because mutable state is touched on the loop alone, except for the counts, which have a mutex.
final class TakeoverLoad: @unchecked Sendable {
    enum Work: Sendable {
        /// Small requests, one at a time on one connection for as long as the edge allows.
        case requests
        /// A response that takes a while, on a connection of its own.
        case downloads
        /// A WebSocket with continuous traffic.
        case tunnel
    }

    struct Counts: Sendable {
        var connections = 0
        var resumed = 0
        var answers = 0
        var downloads = 0
        var messages = 0
        /// WebSockets that received a close frame with "going away".
        var farewells = 0
        /// Failures that must not occur.
        var refused: [String] = []
        var cut: [String] = []
    }

    static let downloadBytes = 1 << 20

    let loop = Loop(name: "takeover load")
    let port: Int
    private let counts = Mutex(Counts())
    fileprivate private(set) var isOver = false
    fileprivate private(set) var open = 0
    private var onEnd: (() -> Void)?

    init(port: Int) { self.port = port }

    var result: Counts { counts.withLock { $0 } }
    fileprivate func count(_ change: (inout Counts) -> Void) { counts.withLock { change(&$0) } }

    /// Each client has a hostname and TLS sessions of its own.
    func start(_ work: Work, hostname: String, trust: Trust) throws {
        let tls = try TLSClientContext(trust: trust, alpn: ["http/1.1"], keepsSessions: true)
        loop.post {
            self.open += 1
            LoadClient(self, work, hostname, tls).connect()
        }
    }

    /// Lets every client finish its current work.
    func stop() async {
        await withCheckedContinuation { continuation in
            loop.post {
                self.isOver = true
                if self.open == 0 { return continuation.resume() }
                self.onEnd = { continuation.resume() }
            }
        }
        await loop.stop()
    }

    fileprivate func ended() {
        open -= 1
        if open == 0 { onEnd?() }
    }
}

private final class LoadClient: ByteChannelDelegate {
    private let load: TakeoverLoad
    private let work: TakeoverLoad.Work
    private let hostname: String
    private let tls: TLSClientContext
    private var channel: ByteChannel?
    private var parser = ResponseParser()
    private var isAnswerDue = false
    private var saysClose = false
    private var isTunnel = false
    private var wasToldGoodbye = false
    private var received = 0

    init(_ load: TakeoverLoad, _ work: TakeoverLoad.Work, _ hostname: String, _ tls: TLSClientContext) {
        self.load = load
        self.work = work
        self.hostname = hostname
        self.tls = tls
    }

    func connect() {
        if load.isOver { return load.ended() }
        Stream.connect(to: .ip(address: "127.0.0.1", port: load.port), on: load.loop, timeout: .seconds(10)) { [self] in
            switch $0 {
            case .failure(let error):
                load.count { $0.refused.append(error.message) }
                load.ended()
            case .success(let stream):
                guard let engine = try? TLSConnection(client: tls, serverName: hostname) else { return load.ended() }
                let channel = ByteChannel(stream: stream, tls: engine)
                self.channel = channel
                channel.delegate = self
                channel.open()
            }
        }
    }

    func channelDidOpen(_ channel: ByteChannel) {
        load.count {
            $0.connections += 1
            if channel.isResumed { $0.resumed += 1 }
        }
        parser = ResponseParser()
        isTunnel = false
        wasToldGoodbye = false
        send()
    }

    private func send() {
        let target = work == .requests ? "/small" : work == .downloads ? "/large" : "/ws"
        var head = "GET \(target) HTTP/1.1\r\nHost: \(hostname):\(load.port)\r\n"
        if work == .tunnel {
            head += "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
            head += "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
        }
        parser.expect(requestMethod: "GET", upgrade: work == .tunnel)
        isAnswerDue = true
        saysClose = false
        received = 0
        var text = head + "\r\n"
        text.withUTF8 { channel?.write(UnsafeRawBufferPointer($0)) }
    }

    func channel(_ channel: ByteChannel, didRead bytes: UnsafeRawBufferPointer) {
        if isTunnel { return readTunnel(bytes) }
        var position = 0
        while let event = try? parser.next(in: bytes, at: &position) {
            switch event {
            case .needMore: return
            case .informational: break
            case .head:
                saysClose = parser.head.fields.first("Connection") == "close"
                if parser.head.status == 101 {
                    isTunnel = true
                    return say()
                }
                if parser.head.status >= 500 { load.count { $0.cut.append("status \(parser.head.status)") } }
            case .body(let range): received += range.count
            case .end: return finishAnswer()
            }
        }
    }

    private func finishAnswer() {
        isAnswerDue = false
        let isWhole = work == .requests || received == TakeoverLoad.downloadBytes
        load.count {
            if work == .requests { $0.answers += 1 } else { $0.downloads += 1 }
            if !isWhole { $0.cut.append("a download of \(received) bytes") }
        }
        if saysClose || work == .downloads || load.isOver { channel?.closeGracefully() ?? () } else { send() }
    }

    // MARK: WebSocket

    /// A masked message of 2 bytes, which the upstream answers by an unmasked one.
    private func say() {
        [UInt8]([0x82, 0x82, 0, 0, 0, 0, 1, 2]).withUnsafeBytes { channel?.write($0) }
    }

    private func readTunnel(_ bytes: UnsafeRawBufferPointer) {
        received += bytes.count
        if bytes.first == 0x88 {
            wasToldGoodbye = bytes.count == 4 && bytes[2] == 0x03 && bytes[3] == 0xE9
            return
        }
        load.count { $0.messages += 1 }
        if load.isOver { return channel?.closeGracefully() ?? () }
        _ = load.loop.schedule(after: .milliseconds(20)) { [self] in say() }
    }

    /// In order, because OpenSSL otherwise forgets the session.
    func channelDidEnd(_ channel: ByteChannel) { channel.closeGracefully() }
    func channelDidDrain(_ channel: ByteChannel) {}

    func channelDidClose(_ channel: ByteChannel, error: ChannelError?) {
        self.channel = nil
        let why = error?.message ?? "closed"
        load.count {
            if isTunnel {
                if wasToldGoodbye { $0.farewells += 1 } else if !load.isOver { $0.cut.append("a WebSocket: \(why)") }
            } else if isAnswerDue {
                $0.cut.append("\(work) after \(received) bytes: \(why)")
            } else if !saysClose, work == .requests, !load.isOver {
                $0.cut.append("a connection without a word: \(why)")
            }
        }
        connect()
    }
}

/// The upstream of that edge. On a loop of its own.
final class TakeoverUpstream: @unchecked Sendable {
    let loop = Loop(name: "takeover upstream")

    /// - Returns: its port.
    func listen() async throws -> Int {
        try await withCheckedThrowingContinuation { continuation in
            loop.post {
                continuation.resume(
                    with: Result {
                        let listener = try Listener(on: self.loop, address: .ip(address: "127.0.0.1", port: 0)) {
                            HTTPServerConnection(
                                channel: ByteChannel(stream: $0, tls: nil), delegate: LoadUpstreamConnection()
                            ).start()
                        }
                        guard case .ip(_, let port) = listener.boundAddress else { return 0 }
                        return port
                    })
            }
        }
    }
}

private final class LoadUpstreamConnection: HTTPServerConnectionDelegate {
    private static let pieces = 64
    private static let piece = [UInt8](repeating: 7, count: TakeoverLoad.downloadBytes / pieces)

    func connection(_ connection: HTTPServerConnection, didReceive head: RequestHead, framing: BodyFraming) {
        switch head.target {
        case "/ws":
            let key = head.fields.first("Sec-WebSocket-Key") ?? ""
            let fields: HeaderFields = [
                "Connection": "Upgrade", "Upgrade": "websocket",
                "Sec-WebSocket-Accept": WebSocketHandshake.accept(forKey: key),
            ]
            connection.upgrade(head: ResponseHead(status: 101, fields: fields))
        case "/large":
            connection.respond(
                head: ResponseHead(status: 200), framing: .length(Int64(TakeoverLoad.downloadBytes)))
            feed(connection, left: Self.pieces)
        default:
            connection.respond(head: ResponseHead(status: 200), whole: Array("small".utf8))
        }
    }

    /// Takes a second and a half for the whole response, so that a takeover happens during it.
    private func feed(_ connection: HTTPServerConnection, left: Int) {
        if left == 0 { return connection.finish() }
        Self.piece.withUnsafeBytes { connection.writeBody($0) }
        _ = connection.loop.schedule(after: .milliseconds(20)) { [self] in feed(connection, left: left - 1) }
    }

    func connection(_ connection: HTTPServerConnection, didReadTunnel bytes: UnsafeRawBufferPointer) {
        [UInt8]([0x82, 2, 1, 2]).withUnsafeBytes { connection.writeTunnel($0) }
    }

    func connectionDidEndTunnel(_ connection: HTTPServerConnection) { connection.finishTunnel() }
    func connection(_ connection: HTTPServerConnection, didReceiveBody bytes: UnsafeRawBufferPointer) {}
    func connectionDidReceiveEnd(_ connection: HTTPServerConnection) {}
    func connectionDidDrain(_ connection: HTTPServerConnection) {}
    func connectionDidClose(_ connection: HTTPServerConnection, error: ChannelError?) {}
}
