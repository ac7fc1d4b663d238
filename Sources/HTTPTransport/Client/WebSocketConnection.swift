import EventLoop
import HTTPWire

/// A WebSocket message, reassembled from its frames.
public enum WebSocketMessage: Hashable, Sendable {
    case text(String)
    case binary([UInt8])
}

/// The client side of a WebSocket, on the control loop. Pings are answered automatically; received messages are queued
/// up to `TransportLimits.waitingMessages`, and beyond that back pressure is applied to the peer.
///
/// Only one task may receive at a time. Dropping the connection closes it.
@ControlLoop
public final class WebSocketConnection {
    private let engine: WebSocketEngine

    init(_ engine: WebSocketEngine) { self.engine = engine }

    isolated deinit { engine.abandon() }

    /// The subprotocol that the peer chose from those offered; `nil` if it chose none.
    public var subprotocol: String? { engine.subprotocol }

    /// The code of the peer's close frame; 1005 if it had none. `nil` before.
    public var closeCode: UInt16? { engine.closeCode }

    /// Sends one message in one frame, and waits while the connection is saturated.
    public func send(_ message: WebSocketMessage) async throws(HTTPClientError) {
        switch message {
        case .text(let text): engine.send(.text, Array(text.utf8))
        case .binary(let bytes): engine.send(.binary, bytes)
        }
        let result = await withCheckedContinuation { continuation in
            engine.whenWritable { continuation.resume(returning: $0) }
        }
        try result.get()
    }

    /// The next message; `nil` after the peer's orderly close.
    ///
    /// - Parameter limit: how long to wait; at the limit it throws `.timeout` and the connection stays open.
    public func receive(within limit: Duration? = nil) async throws(HTTPClientError) -> WebSocketMessage? {
        let onLoop = SameLoop(engine)
        let result: Result<WebSocketMessage?, HTTPClientError> = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                engine.receive(within: limit) { continuation.resume(returning: $0) }
            }
        } onCancel: {
            ControlLoop.loop.post { onLoop.value.stopWaiting() }
        }
        return try result.get()
    }

    /// Sends a ping and waits for its pong.
    public func ping(within limit: Duration) async throws(HTTPClientError) {
        let result = await withCheckedContinuation { continuation in
            engine.ping(within: limit) { continuation.resume(returning: $0) }
        }
        try result.get()
    }

    /// Sends a close frame and waits for the peer's, at most `TransportLimits.webSocketCloseTimeout`; then the
    /// connection is closed in any case. Idempotent.
    public func close(code: UInt16 = 1000) async {
        await withCheckedContinuation { continuation in
            engine.close(code: code) { continuation.resume() }
        }
    }
}
