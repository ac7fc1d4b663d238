import EventLoop
import HTTPTransport
import HTTPWire
import Synchronization
import TLS
import Testing

/// A client that sends raw bytes over TLS, and reads only when told to. Each has a loop of its own.
final class RawClient: ByteChannelDelegate, @unchecked Sendable {
    struct Record: Sendable {
        var isOpen = false
        /// The first bytes that were received, up to `kept`.
        var bytes: [UInt8] = []
        var count = 0
        var hasEnded = false
        var isClosed = false
        var error: ChannelError?
    }

    static let kept = 1 << 20

    let loop = Loop(name: "raw client")
    private let state = Mutex(Record())
    // Touched on the loop only.
    private var channel: ByteChannel?
    private var toSend: [UInt8] = []
    private var repeats = 0
    private var isPaused = false

    /// Connects and waits for the end of the TLS handshake.
    static func connect(
        to house: House, _ host: String = "abcd.labs.test", alpn: [String] = ["http/1.1"]
    ) async throws -> RawClient {
        let client = RawClient()
        try house.connect(on: client.loop, to: host, alpn: alpn) { client.opened($0) }
        try await eventually("connected") { client.record { $0.isOpen || $0.isClosed } }
        return client
    }

    private func opened(_ channel: ByteChannel?) {
        guard let channel else { return record { $0.isClosed = true } }
        self.channel = channel
        channel.delegate = self
        channel.open()
    }

    func record<Value>(_ body: (inout Record) -> Value) -> Value { state.withLock { body(&$0) } }

    var text: String { String(decoding: record { $0.bytes }, as: UTF8.self) }

    func send(_ text: String) { send(Array(text.utf8)) }

    func send(_ bytes: [UInt8]) {
        loop.post { bytes.withUnsafeBytes { self.channel?.write($0) } }
    }

    /// Sends a block repeatedly, as fast as the other side accepts it.
    func send(_ block: [UInt8], times: Int) {
        loop.post {
            self.toSend = block
            self.repeats = times
            self.feed()
        }
    }

    private func feed() {
        guard let channel else { return }
        while repeats > 0, !channel.isSaturated {
            toSend.withUnsafeBytes { channel.write($0) }
            repeats -= 1
        }
    }

    /// How many more times the block has to be sent.
    func remaining() async -> Int {
        await withCheckedContinuation { continuation in loop.post { continuation.resume(returning: self.repeats) } }
    }

    func pause() { loop.post { self.channel?.pauseReading() } }
    func resume() { loop.post { self.channel?.resumeReading() } }
    func finish() { loop.post { self.channel?.finishWriting() } }
    func close() { loop.post { self.channel?.close() } }

    func stop() async { await loop.stop() }

    func channelDidOpen(_ channel: ByteChannel) { record { $0.isOpen = true } }

    func channel(_ channel: ByteChannel, didRead bytes: UnsafeRawBufferPointer) {
        record { record in
            record.count += bytes.count
            if record.bytes.count < Self.kept { record.bytes += bytes.prefix(Self.kept - record.bytes.count) }
        }
    }

    func channelDidEnd(_ channel: ByteChannel) { record { $0.hasEnded = true } }
    func channelDidDrain(_ channel: ByteChannel) { feed() }

    func channelDidClose(_ channel: ByteChannel, error: ChannelError?) {
        record {
            $0.isClosed = true
            $0.error = error
        }
        self.channel = nil
    }
}

extension House {
    /// A request's head in wire form, with the cookie.
    func wire(_ line: String, _ fields: String = "", host: String = "abcd.labs.test") -> String {
        "\(line) HTTP/1.1\r\nHost: \(host):\(port)\r\nCookie: __Host-carrel=secret\r\n\(fields)\r\n"
    }

    func withRawClient(_ host: String = "abcd.labs.test", _ body: (RawClient) async throws -> Void) async throws {
        let client = try await RawClient.connect(to: self, host)
        do {
            try await body(client)
            await client.stop()
        } catch {
            await client.stop()
            throw error
        }
    }
}
