import CNGHTTP2
import EventLoop
import HTTPTransport
import Synchronization
import TLS
import Testing

@testable import Edge

/// A client that uses nghttp2 for HTTP/2, and bytes of its own for misbehaviour. Each has a loop of its own.
///
/// Owns its session, which is deleted when its channel has closed.
final class HTTP2Client: ByteChannelDelegate, @unchecked Sendable {
    struct Answer: Sendable {
        var informational: [Int] = []
        var status = 0
        var fields: [String: [String]] = [:]
        /// The first bytes of the body.
        var body: [UInt8] = []
        var count = 0
        var hasEnded = false
        /// The error code with which the stream was closed.
        var closed: UInt32?

        var text: String { String(decoding: body, as: UTF8.self) }
    }

    struct Record: Sendable {
        var answers: [Int32: Answer] = [:]
        var settings: [Int32: UInt32] = [:]
        /// The last stream and the code of each GOAWAY.
        var goAways: [(last: Int32, code: UInt32)] = []
        var isOpen = false
        var isClosed = false
    }

    static let kept = 1 << 20

    let loop = Loop(name: "HTTP/2 client")
    private let state = Mutex(Record())
    // Touched on the loop only.
    private var channel: ByteChannel?
    private var session: OpaquePointer?
    /// The body to send on each stream.
    private var bodies: [Int32: Body] = [:]
    /// Received bytes whose window has not been reopened yet.
    private var untaken: [Int32: Int] = [:]
    private var takesBodies = true

    struct Body {
        var bytes: [UInt8] = []
        /// How many more times the bytes are sent, as a whole; a window may split them anywhere.
        var repeats = 0
        var sent = 0
        var isLast = true
    }

    func record<Value>(_ body: (inout Record) -> Value) -> Value { state.withLock { body(&$0) } }

    func answer(_ id: Int32) -> Answer { record { $0.answers[id] ?? Answer() } }

    // MARK: Connecting

    static func connect(to house: House, _ host: String = "abcd.labs.test") async throws -> HTTP2Client {
        let client = HTTP2Client()
        try house.connect(on: client.loop, to: host, alpn: ["h2"]) { client.opened($0) }
        try await eventually("connected") { client.record { $0.isOpen || $0.isClosed } }
        return client
    }

    private func opened(_ channel: ByteChannel?) {
        guard let channel else { return record { $0.isClosed = true } }
        self.channel = channel
        channel.delegate = self
        channel.open()
    }

    func channelDidOpen(_ channel: ByteChannel) {
        record { $0.isOpen = true }
        #expect(channel.negotiatedALPN == "h2")
        var callbacks: OpaquePointer?
        nghttp2_session_callbacks_new(&callbacks)
        Self.set(callbacks!)
        var options: OpaquePointer?
        nghttp2_option_new(&options)
        nghttp2_option_set_no_auto_window_update(options, 1)
        // Browsers send all their cookies, however many there are.
        nghttp2_option_set_max_send_header_block_length(options, 1 << 21)
        nghttp2_session_client_new2(&session, callbacks, Unmanaged.passUnretained(self).toOpaque(), options)
        nghttp2_option_del(options)
        nghttp2_session_callbacks_del(callbacks)
        nghttp2_submit_settings(session, 0, nil, 0)
        flush()
    }

    // MARK: Sending

    /// Sends a request on a new stream.
    func request(
        _ method: String, _ path: String, host: String = "abcd.labs.test", cookie: String? = "secret",
        _ fields: [(String, String)] = [], body: Body? = nil
    ) async -> Int32 {
        var all = [(":method", method), (":scheme", "https"), (":authority", host), (":path", path)]
        all += fields.filter { $0.0.hasPrefix(":") }
        if let cookie { all.append(("cookie", "__Host-carrel=\(cookie)")) }
        all += fields.filter { !$0.0.hasPrefix(":") }
        return await request(exactly: all, body: body)
    }

    func request(exactly fields: [(String, String)], body: Body? = nil) async -> Int32 {
        await withCheckedContinuation { continuation in
            loop.post { continuation.resume(returning: self.submit(fields, body)) }
        }
    }

    private func submit(_ fields: [(String, String)], _ body: Body?) -> Int32 {
        // The edge has closed the connection already.
        guard session != nil else { return -1 }
        var texts: [[UInt8]] = []
        for (name, value) in fields { texts += [Array(name.utf8), Array(value.utf8)] }
        var joined: [UInt8] = texts.reduce(into: []) { $0 += $1 } + [0]
        let id = joined.withUnsafeMutableBufferPointer { bytes in
            var offset = 0
            var pairs: [nghttp2_nv] = []
            for index in stride(from: 0, to: texts.count, by: 2) {
                let name = bytes.baseAddress! + offset
                let value = name + texts[index].count
                offset += texts[index].count + texts[index + 1].count
                pairs.append(
                    nghttp2_nv(
                        name: name, value: value, namelen: texts[index].count, valuelen: texts[index + 1].count,
                        flags: 0))
            }
            guard body != nil else {
                return nghttp2_submit_request(session, nil, pairs, pairs.count, nil, nil)
            }
            var source = nghttp2_data_provider(source: nghttp2_data_source(ptr: nil)) {
                _, id, room, most, flags, _, owner in
                HTTP2Client.at(owner).read(id, UnsafeMutableRawBufferPointer(start: room, count: most), flags!)
            }
            return nghttp2_submit_request(session, nil, pairs, pairs.count, &source, nil)
        }
        bodies[id] = body
        record { $0.answers[id] = Answer() }
        flush()
        return id
    }

    private func read(
        _ id: Int32, _ room: UnsafeMutableRawBufferPointer, _ flags: UnsafeMutablePointer<UInt32>
    ) -> Int {
        guard var body = bodies[id] else { return Int(NGHTTP2_ERR_CALLBACK_FAILURE.rawValue) }
        defer { bodies[id] = body }
        if body.bytes.isEmpty && !body.isLast { return Int(NGHTTP2_ERR_DEFERRED.rawValue) }
        let count = min(room.count, body.bytes.count - body.sent)
        room.copyBytes(from: body.bytes[body.sent..<body.sent + count])
        body.sent += count
        if body.sent == body.bytes.count {
            body.sent = 0
            if body.repeats > 0 { body.repeats -= 1 } else { body.bytes = [] }
        }
        if body.bytes.isEmpty && body.isLast { flags.pointee |= NGHTTP2_DATA_FLAG_EOF.rawValue }
        return count
    }

    /// Continues a body whose last bytes were not sent yet.
    func send(_ bytes: [UInt8], on id: Int32, isLast: Bool = false) {
        loop.post {
            self.bodies[id]?.bytes += bytes
            self.bodies[id]?.isLast = isLast
            guard self.session != nil else { return }
            nghttp2_session_resume_data(self.session, id)
            self.flush()
        }
    }

    /// How many more times the body of a stream will be sent.
    func repeatsLeft(_ id: Int32) async -> Int {
        await withCheckedContinuation { continuation in
            loop.post { continuation.resume(returning: self.bodies[id]?.repeats ?? 0) }
        }
    }

    func reset(_ id: Int32, code: UInt32 = 8) {
        loop.post {
            guard self.session != nil else { return }
            nghttp2_submit_rst_stream(self.session, 0, id, code)
            self.flush()
        }
    }

    /// Stops reopening windows from now on.
    func takeNothing() { loop.post { self.takesBodies = false } }

    /// Gives the streams and the connection the largest possible windows.
    func widenWindows() {
        loop.post {
            let setting = [nghttp2_settings_entry(settings_id: 4, value: UInt32(Int32.max))]
            nghttp2_submit_settings(self.session, 0, setting, 1)
            nghttp2_session_set_local_window_size(self.session, 0, 0, Int32.max)
            self.flush()
        }
    }

    func takeAll() {
        loop.post {
            self.takesBodies = true
            guard self.session != nil else { return }
            for (id, count) in self.untaken { nghttp2_session_consume(self.session, id, count) }
            self.untaken = [:]
            self.flush()
        }
    }

    /// Sends bytes that bypass the session, `times` times.
    func sendRaw(_ bytes: [UInt8], times: Int = 1) {
        loop.post {
            for _ in 0..<times { bytes.withUnsafeBytes { self.channel?.write($0) } }
        }
    }

    func pause() { loop.post { self.channel?.pauseReading() } }

    func stop() async { await loop.stop() }

    private func flush() {
        guard let session else { return }
        while true {
            var bytes: UnsafePointer<UInt8>?
            let count = nghttp2_session_mem_send(session, &bytes)
            guard count > 0 else { return }
            channel?.write(UnsafeRawBufferPointer(start: bytes, count: count))
        }
    }

    // MARK: Receiving

    func channel(_ channel: ByteChannel, didRead bytes: UnsafeRawBufferPointer) {
        nghttp2_session_mem_recv(session, bytes.bindMemory(to: UInt8.self).baseAddress, bytes.count)
        flush()
    }

    func channelDidEnd(_ channel: ByteChannel) { channel.close() }
    func channelDidDrain(_ channel: ByteChannel) {}

    func channelDidClose(_ channel: ByteChannel, error: ChannelError?) {
        self.channel = nil
        nghttp2_session_del(session)
        session = nil
        record { $0.isClosed = true }
    }

    private static func at(_ owner: UnsafeMutableRawPointer?) -> HTTP2Client {
        Unmanaged<HTTP2Client>.fromOpaque(owner!).takeUnretainedValue()
    }

    private static func set(_ callbacks: OpaquePointer) {
        nghttp2_session_callbacks_set_on_header_callback(callbacks) {
            _, frame, name, nameCount, value, valueCount, _, owner in
            let name = String(decoding: UnsafeRawBufferPointer(start: name, count: nameCount), as: UTF8.self)
            let value = String(decoding: UnsafeRawBufferPointer(start: value, count: valueCount), as: UTF8.self)
            HTTP2Client.at(owner).change(frame!.pointee.hd.stream_id) { answer in
                guard name == ":status" else { return answer.fields[name, default: []].append(value) }
                let status = Int(value) ?? 0
                if status < 200 { answer.informational.append(status) } else { answer.status = status }
            }
            return 0
        }
        nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks) { _, _, id, bytes, count, owner in
            HTTP2Client.at(owner).receive(id, UnsafeRawBufferPointer(start: bytes, count: count))
            return 0
        }
        nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks) { _, frame, owner in
            HTTP2Client.at(owner).receive(frame!)
            return 0
        }
        nghttp2_session_callbacks_set_on_stream_close_callback(callbacks) { _, id, code, owner in
            HTTP2Client.at(owner).change(id) { $0.closed = code }
            return 0
        }
    }

    private func change(_ id: Int32, _ body: (inout Answer) -> Void) {
        record { body(&$0.answers[id, default: Answer()]) }
    }

    private func receive(_ id: Int32, _ bytes: UnsafeRawBufferPointer) {
        change(id) { answer in
            answer.count += bytes.count
            answer.body += bytes.prefix(max(0, Self.kept - answer.body.count))
        }
        if takesBodies {
            nghttp2_session_consume(session, id, bytes.count)
        } else {
            untaken[id, default: 0] += bytes.count
        }
    }

    private func receive(_ frame: UnsafePointer<nghttp2_frame>) {
        let header = frame.pointee.hd
        switch Int(header.type) {
        case 0, 1: if header.flags & 1 != 0 { change(header.stream_id) { $0.hasEnded = true } }
        case 4:
            let settings = frame.pointee.settings
            record { record in
                for index in 0..<settings.niv {
                    record.settings[settings.iv[index].settings_id] = settings.iv[index].value
                }
            }
        case 7:
            let goAway = frame.pointee.goaway
            record { $0.goAways.append((goAway.last_stream_id, goAway.error_code)) }
        default: break
        }
    }
}

extension HTTP2Client {
    /// Waits for the end of a response.
    func finished(_ id: Int32) async throws -> Answer {
        try await eventually("stream \(id) is answered") { answer(id).hasEnded || answer(id).closed != nil }
        return answer(id)
    }

    func get(_ path: String, host: String = "abcd.labs.test", cookie: String? = "secret") async throws -> Answer {
        try await finished(await request("GET", path, host: host, cookie: cookie))
    }

    /// A hand-made frame.
    static func frame(type: UInt8, flags: UInt8 = 0, stream: UInt32 = 0, _ payload: [UInt8] = []) -> [UInt8] {
        let count = payload.count
        let id = (0..<4).map { UInt8(truncatingIfNeeded: stream >> (24 - 8 * UInt32($0))) }
        return [UInt8(count >> 16 & 255), UInt8(count >> 8 & 255), UInt8(count & 255), type, flags] + id + payload
    }
}

extension House {
    func withHTTP2(_ host: String = "abcd.labs.test", _ body: (HTTP2Client) async throws -> Void) async throws {
        let client = try await HTTP2Client.connect(to: self, host)
        do {
            try await body(client)
            await client.stop()
        } catch {
            await client.stop()
            throw error
        }
    }
}
