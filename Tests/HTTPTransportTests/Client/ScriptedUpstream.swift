import EventLoop
import HTTPWire
import TLS
import Testing

@testable import HTTPTransport

/// A server that answers as a test says, byte by byte. It lives on the control loop, as the client under test does.
@ControlLoop
final class ScriptedUpstream {
    struct Request: Sendable {
        /// Counts the connections from 0.
        var connection: Int
        var head: RequestHead
        var body: [UInt8]
    }

    /// What to do with a complete request.
    typealias Script = (Request, ByteChannel) -> Void
    /// What to do with bytes that follow a request for an upgrade.
    typealias Tunnel = (ByteChannel, UnsafeRawBufferPointer) -> Void

    private(set) var requests: [Request] = []
    private(set) var connections = 0
    private(set) var closed = 0
    private var pair: ChannelPair?
    private var waiting: [(condition: @ControlLoop () -> Bool, continuation: CheckedContinuation<Void, Never>)] = []

    init(tls: TLSServerContext? = nil, onTunnel: Tunnel? = nil, _ script: @escaping Script) throws {
        let me = OnControlLoop(self)
        pair = try ChannelPair(on: ControlLoop.loop, server: tls) { channel in
            let number = me.with { $0.begin() }
            let owner = ChannelOwner(channel)
            var parser = RequestParser()
            var body: [UInt8] = []
            var isTunnel = false
            owner.onRead = { channel, bytes in
                var position = 0
                while !isTunnel {
                    guard let event = try? parser.next(in: bytes, at: &position) else { return channel.close() }
                    switch event {
                    case .needMore: return
                    case .head: body = []
                    case .body(let range): body += bytes[range]
                    case .end:
                        let request = Request(connection: number ?? 0, head: parser.head, body: body)
                        isTunnel = onTunnel != nil && request.head.asksForUpgrade
                        me.with { $0.requests.append(request) }
                        script(request, channel)
                        me.with { $0.check() }
                    }
                }
                if position < bytes.count { onTunnel?(channel, UnsafeRawBufferPointer(rebasing: bytes[position...])) }
            }
            owner.onEnd = { $0.closeGracefully() }
            owner.onClose = { _ in
                me.with { upstream in
                    upstream.closed += 1
                    upstream.check()
                }
            }
            channel.open()
        }
    }

    isolated deinit { pair?.listener.close() }

    var port: Int {
        guard case .ip(_, let port) = pair?.listener.boundAddress else { return 0 }
        return port
    }

    var address: UpstreamAddress { .tcp(host: "127.0.0.1", port: port) }

    /// Listens no more; connections live on.
    func stopListening() { pair?.listener.close() }

    func request(_ method: String = "GET", _ target: String = "/", body: [UInt8] = []) -> HTTPClientRequest {
        HTTPClientRequest(method: method, target: target, authority: "localhost:\(port)", body: body)
    }

    /// Waits until the condition holds; it is checked after every request and close.
    func until(_ condition: @escaping @ControlLoop () -> Bool) async {
        if condition() { return }
        await withCheckedContinuation { waiting.append((condition, $0)) }
    }

    private func begin() -> Int {
        connections += 1
        return connections - 1
    }

    private func check() {
        let ready = waiting.filter { $0.condition() }
        waiting.removeAll { $0.condition() }
        for entry in ready { entry.continuation.resume() }
    }
}

/// Reaches something of the control loop from its callbacks, of which the compiler cannot know where they run.
///
/// `@unchecked Sendable` because `with` checks the thread before it touches anything.
struct OnControlLoop<Object: AnyObject & Sendable>: @unchecked Sendable {
    private weak var object: Object?

    init(_ object: Object) { self.object = object }

    @discardableResult
    func with<Value: Sendable>(_ body: @ControlLoop (Object) -> Value) -> Value? {
        guard let object else { return nil }
        return ControlLoop.assumeIsolated { body(object) }
    }
}

/// A variable that closures share.
final class Box<Value> {
    var value: Value
    init(_ value: Value) { self.value = value }
}

extension HTTPClientResponse {
    var text: String { String(decoding: body, as: UTF8.self) }
}

extension HTTPClient {
    func get(_ upstream: ScriptedUpstream, _ target: String = "/") async throws(HTTPClientError) -> HTTPClientResponse {
        try await ask(upstream, upstream.request("GET", target))
    }

    func ask(
        _ upstream: ScriptedUpstream, _ request: HTTPClientRequest, timeout: Duration = .seconds(20)
    ) async throws(HTTPClientError) -> HTTPClientResponse {
        try await send(request, to: upstream.address, timeout: timeout, bodyLimit: 1 << 24)
    }
}
