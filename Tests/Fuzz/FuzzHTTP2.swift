import CLibUV
import Dispatch
import Glibc
import Synchronization

@testable import EventLoop
@testable import HTTPTransport
@testable import HTTPWire

/// Whatever a client sends after the preface, its connection ends when it has ended, each stream is told so once, in
/// order, every request that is delivered can be forwarded, and what the client gets are whole frames.
func fuzzHTTP2(_ input: UnsafeRawBufferPointer) {
    let connection = FuzzedConnection()
    let answer = connection.talk(input)
    demand(FuzzedConnection.owners.load(ordering: .relaxed) == 0, "an owner was not told of its stream's end")
    var rest = answer[...]
    while rest.count >= 9 {
        let bytes = Array(rest.prefix(3)).map(Int.init)
        rest = rest.dropFirst(9 + (bytes[0] << 16 | bytes[1] << 8 | bytes[2]))
    }
    demand(rest.isEmpty, "a frame was cut: \(answer)")
}

/// Inputs to begin with: requests in many forms, and what else a client may send.
func seedsOfHTTP2() -> [[UInt8]] {
    func frame(_ type: UInt8, _ flags: UInt8 = 0, _ stream: UInt8 = 0, _ payload: [UInt8] = []) -> [UInt8] {
        [0, UInt8(payload.count >> 8), UInt8(payload.count & 255), type, flags, 0, 0, 0, stream] + payload
    }
    func literal(_ name: String, _ value: String) -> [UInt8] {
        [0, UInt8(name.utf8.count)] + Array(name.utf8) + [UInt8(value.utf8.count)] + Array(value.utf8)
    }
    // Of the static table (RFC 7541, appendix A): the methods GET and POST, the scheme https.
    let (get, post, https): ([UInt8], [UInt8], [UInt8]) = ([0x82], [0x83], [0x87])
    let authority: [UInt8] = [0x41, 6] + Array("a.test".utf8)
    func path(_ text: String) -> [UInt8] { [0x44, UInt8(text.utf8.count)] + Array(text.utf8) }
    let settings = frame(4)
    let socket =
        literal(":method", "CONNECT") + https + authority + path("/w") + literal(":protocol", "websocket")
    var seeds = "abcdef".map { settings + frame(1, 5, 1, get + https + authority + path("/\($0)")) }
    seeds += "abcdef".map { last in
        let head = post + https + authority + path("/\(last)") + literal("content-length", "4")
        return settings + frame(1, 4, 1, head) + frame(0, 0, 1, [1, 2]) + frame(0, 1, 1, [3, 4])
    }
    seeds.append(settings + frame(1, 4, 1, socket) + frame(0, 0, 1, [0x81, 0x80, 0, 0, 0, 0]) + frame(0, 1, 1))
    seeds.append(settings + frame(1, 0, 1, get + https) + frame(9, 0, 1, authority) + frame(9, 5, 1, path("/a")))
    seeds.append(settings + frame(1, 4, 1, post + https + authority + path("/b")) + frame(1, 5, 1, literal("x", "1")))
    seeds.append(
        settings + frame(1, 4, 1, post + https + authority + path("/c")) + frame(8, 0, 1, [0, 0, 1, 0])
            + frame(6, 0, 0, [0, 1, 2, 3, 4, 5, 6, 7]) + frame(2, 0, 1, [0, 0, 0, 0, 16])
            + frame(3, 0, 1, [0, 0, 0, 8]))
    seeds.append(
        frame(4, 0, 0, [0, 4, 0, 0, 0, 1]) + frame(1, 5, 1, get + https + authority + path("/f"))
            + frame(7, 0, 0, Array(repeating: 0, count: 8)))
    return seeds
}

/// One connection to a real server on a loop of its own thread. What the two threads share is behind `Mutex`, atomics and
/// the semaphore; the rest is the loop's.
private final class FuzzedConnection: HTTP2ServerConnectionDelegate, @unchecked Sendable {
    static let owners = Atomic<Int>(0)
    private static let loop = Loop(name: "fuzz")
    // The loop's.
    nonisolated(unsafe) private static let rooms = HTTP2Rooms()
    private static let preface = Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8)
    /// An end that takes longer is none.
    private static let patience = timeval(tv_sec: 10, tv_usec: 0)

    private let closed = DispatchSemaphore(value: 0)
    private var isClosed = false

    /// Sends the preface and the input, in two pieces, and ends; returns all that comes back.
    func talk(_ input: UnsafeRawBufferPointer) -> [UInt8] {
        var ends: [Int32] = [0, 0]
        demand(socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &ends) == 0, "no sockets")
        let (ours, theirs) = (ends[0], ends[1])
        defer { close(ours) }
        Self.loop.post { self.serve(theirs) }
        let place = cut(input)
        send(ours, UnsafeRawBufferPointer(rebasing: Self.preface.withUnsafeBytes { $0 }[...]))
        send(ours, UnsafeRawBufferPointer(rebasing: input[..<place]))
        send(ours, UnsafeRawBufferPointer(rebasing: input[place...]))
        shutdown(ours, Int32(SHUT_WR))
        var patience = Self.patience
        setsockopt(ours, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
        var answer: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = recv(ours, &piece, piece.count, 0)
            // libFuzzer's own clock.
            if count < 0, errno == EINTR { continue }
            demand(count >= 0 || errno == ECONNRESET, "the connection does not end")
            if count <= 0 { break }
            answer += piece[..<count]
        }
        demand(closed.wait(timeout: .now() + 10) == .success, "the owner was not told of the connection's end")
        return answer
    }

    private func send(_ descriptor: Int32, _ bytes: UnsafeRawBufferPointer) {
        guard !bytes.isEmpty else { return }
        // The server may have closed already.
        _ = Glibc.send(descriptor, bytes.baseAddress, bytes.count, Int32(MSG_NOSIGNAL))
    }

    private func serve(_ descriptor: Int32) {
        let block = StreamBlock.make(.pipe, on: Self.loop)
        demand(uv_pipe_open(StreamBlock.pipe(block), descriptor) == 0, "no stream")
        let stream = Stream(adopting: block, kind: .pipe, peer: nil, on: Self.loop)
        let channel = ByteChannel(stream: stream, tls: nil)
        let server = HTTP2ServerConnection(channel: channel, rooms: Self.rooms, delegate: self)
        server.start()
        channel.open()
    }

    func connection(_ connection: HTTP2ServerConnection, ownerOf stream: HTTP2Stream) -> any HTTP2StreamDelegate {
        demand(!isClosed, "a stream begins on a connection that is closed")
        return FuzzedStream()
    }

    func connectionDidRefuseStream(_ connection: HTTP2ServerConnection) {}
    func connection(_ connection: HTTP2ServerConnection, didFail fault: HTTP2Fault) {}

    func connectionDidClose(_ connection: HTTP2ServerConnection, error: ChannelError?) {
        demand(!isClosed, "a connection is closed twice")
        isClosed = true
        closed.signal()
    }
}

/// Answers a request as the last letter of its path says, and watches over the order in which it is told of things.
private final class FuzzedStream: HTTP2StreamDelegate {
    private enum Stage {
        case fresh, open, ended, tunnel, closed
    }

    private var stage = Stage.fresh
    private var manner: UInt8 = 0
    private var toSend = 0

    init() { FuzzedConnection.owners.add(1, ordering: .relaxed) }

    func stream(_ stream: HTTP2Stream, didReceive head: RequestHead, framing: BodyFraming) {
        demand(stage == .fresh, "a second head")
        stage = .open
        manner = (head.targetBytes.last ?? 0) % 6
        demand(head.fields.count(of: "Host") == 1 || head.method == "OPTIONS", "no host, or two")
        checkForwarding(of: head, framing, [])
        if stream.isWebSocket {
            stage = .tunnel
            return stream.upgrade { ResponseHead(status: 101).writeStart(into: &$0) }
        }
        switch manner {
        case 0: answer(stream, 3)
        case 1: stream.close()
        case 2: stream.pauseReading()
        case 3: begin(stream)
        default: break
        }
    }

    func stream(_ stream: HTTP2Stream, didReceiveBody bytes: UnsafeRawBufferPointer) {
        demand(stage == .open, "a body where none may be")
        if manner == 4 { answer(stream, 100_000) }
    }

    func streamDidReceiveEnd(_ stream: HTTP2Stream) {
        demand(stage == .open, "a second end")
        stage = .ended
        if manner == 3 { stream.finish() } else if manner > 3 { answer(stream, 100_000) }
    }

    private func begin(_ stream: HTTP2Stream) {
        stream.respond(status: 200, framing: .chunked, closing: false) { output, _ in
            ResponseHead(status: 200).writeStart(into: &output)
        }
    }

    private func answer(_ stream: HTTP2Stream, _ count: Int) {
        guard toSend == 0 else { return }
        toSend = count
        stream.respond(status: 200, framing: .length(Int64(count)), closing: false) { output, _ in
            ResponseHead(status: 200).writeStart(into: &output)
        }
        feed(stream)
    }

    private func feed(_ stream: HTTP2Stream) {
        let piece = [UInt8](repeating: 7, count: 16_384)
        while toSend > 0, !stream.isSaturated {
            let count = min(toSend, piece.count)
            toSend -= count
            piece.withUnsafeBytes { stream.writeBody(UnsafeRawBufferPointer(rebasing: $0[..<count])) }
            if toSend == 0 { stream.finish() }
        }
    }

    func streamDidDrain(_ stream: HTTP2Stream) { feed(stream) }

    func stream(_ stream: HTTP2Stream, didReadTunnel bytes: UnsafeRawBufferPointer) {
        demand(stage == .tunnel, "bytes of a tunnel that is not there")
        stream.writeTunnel(bytes)
    }

    func streamDidEndTunnel(_ stream: HTTP2Stream) {
        demand(stage == .tunnel, "the end of a tunnel that is not there")
        stream.finishTunnel()
    }

    func stream(_ stream: HTTP2Stream, didFail fault: ServerFault) {}

    func streamDidClose(_ stream: HTTP2Stream) {
        demand(stage != .closed, "a stream is closed twice")
        stage = .closed
        FuzzedConnection.owners.subtract(1, ordering: .relaxed)
    }
}
