import EventLoop
import HTTPTransport
import HTTPWire
import Synchronization

@testable import Edge

/// An upstream that records the requests, and answers every complete one with 200.
final class RecordingUpstream: Sendable {
    struct Seen: Sendable {
        var method: String
        var target: String
        var host: String?
        var body: [UInt8] = []
        var isComplete = false
    }

    private let loop = Loop(name: "recorder")
    fileprivate let seen = Mutex<[Seen]>([])

    func listen() async throws -> UpstreamAddress {
        try await loop.listen { stream in
            let owner = RecordingConnection(self)
            var limits = HTTPLimits()
            // The edge adds fields to those that it forwards.
            limits.fieldCount *= 2
            HTTPServerConnection(channel: ByteChannel(stream: stream, tls: nil), limits: limits, delegate: owner)
                .start()
        }
    }

    /// - Returns: all recorded requests.
    func stop() async -> [Seen] {
        await loop.stop()
        return seen.withLock { $0 }
    }
}

private final class RecordingConnection: HTTPServerConnectionDelegate {
    private let home: RecordingUpstream
    private var index = 0

    init(_ home: RecordingUpstream) { self.home = home }

    func connection(_ connection: HTTPServerConnection, didReceive head: RequestHead, framing: BodyFraming) {
        let request = RecordingUpstream.Seen(method: head.method, target: head.target, host: head.fields.first("Host"))
        index = home.seen.withLock { seen in
            seen.append(request)
            return seen.count - 1
        }
    }

    func connection(_ connection: HTTPServerConnection, didReceiveBody bytes: UnsafeRawBufferPointer) {
        let piece = Array(bytes)
        home.seen.withLock { $0[index].body += piece }
    }

    func connectionDidReceiveEnd(_ connection: HTTPServerConnection) {
        home.seen.withLock { $0[index].isComplete = true }
        connection.respond(head: ResponseHead(status: 200), whole: Array("ok".utf8))
    }

    func connection(_ connection: HTTPServerConnection, didFail fault: ServerFault) {
        // The edge never forwards a malformed request, so no verdict expects this one.
        home.seen.withLock { $0.append(RecordingUpstream.Seen(method: "malformed", target: fault.reason)) }
    }

    func connectionDidDrain(_ connection: HTTPServerConnection) {}
    func connectionClientDidEnd(_ connection: HTTPServerConnection) { connection.close() }
    func connectionDidClose(_ connection: HTTPServerConnection, error: ChannelError?) {}
}

/// An upstream that answers with scripted bytes, and then closes; only a request for `/after` gets a real answer.
final class ScriptedUpstream: Sendable {
    private let loop = Loop(name: "script")
    private let script: [UInt8]
    private let isBytewise: Bool

    init(_ script: [UInt8], bytewise: Bool) {
        self.script = script
        isBytewise = bytewise
    }

    func listen() async throws -> UpstreamAddress {
        try await loop.listen { [script, isBytewise] stream in
            let owner = ScriptedConnection(script, isBytewise)
            let channel = ByteChannel(stream: stream, tls: nil)
            channel.delegate = owner
            channel.open()
        }
    }

    func stop() async { await loop.stop() }
}

private final class ScriptedConnection: ByteChannelDelegate {
    private let script: [UInt8]
    private let isBytewise: Bool
    private var request = ""

    init(_ script: [UInt8], _ isBytewise: Bool) {
        self.script = script
        self.isBytewise = isBytewise
    }

    func channel(_ channel: ByteChannel, didRead bytes: UnsafeRawBufferPointer) {
        request += String(decoding: bytes, as: UTF8.self)
        guard request.hasSuffix("\r\n\r\n") else { return }
        if request.hasPrefix("GET /after ") {
            request = ""
            return write(Array("HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\ngenuine".utf8), to: channel)
        }
        for start in stride(from: 0, to: script.count, by: isBytewise ? 1 : max(1, script.count)) {
            write(Array(script[start..<(isBytewise ? start + 1 : script.count)]), to: channel)
        }
        channel.finishWriting()
    }

    private func write(_ bytes: [UInt8], to channel: ByteChannel) {
        bytes.withUnsafeBytes { channel.write($0) }
    }

    func channelDidOpen(_ channel: ByteChannel) {}
    func channelDidEnd(_ channel: ByteChannel) { channel.close() }
    func channelDidDrain(_ channel: ByteChannel) {}
    func channelDidClose(_ channel: ByteChannel, error: ChannelError?) {}
}

extension Loop {
    /// Listens on a port of its own.
    fileprivate func listen(_ accept: @escaping @Sendable (Stream) -> Void) async throws -> UpstreamAddress {
        let bound = try await withCheckedThrowingContinuation { continuation in
            post {
                continuation.resume(
                    with: Result {
                        try Listener(on: self, address: .ip(address: "127.0.0.1", port: 0)) { accept($0) }.boundAddress
                    })
            }
        }
        guard case .ip(let host, let port) = bound else { throw StreamError(code: 0, operation: "no port") }
        return .tcp(host: host, port: port)
    }
}

extension House {
    /// An edge whose routes are hostnames.
    static func ofHostnames() async throws -> House {
        try await House(loops: 1, kind: .http) {
            $0.routing = .hostnames
            $0.hstsSeconds = 0
        }
    }

    /// Routes the corpus's hosts to this upstream from now on.
    func lead(to upstream: RecordingUpstream) async throws { lead(to: try await upstream.listen()) }
    func lead(to upstream: ScriptedUpstream) async throws { lead(to: try await upstream.listen()) }

    private func lead(to address: UpstreamAddress) {
        edge.apply(["a.labs.test", "b.labs.test"].map { .setHost(hostname: $0, upstream: address) })
    }
}
