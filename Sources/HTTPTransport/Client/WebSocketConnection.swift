import EventLoop
import HTTPWire

/// A message of a WebSocket, put together from its frames.
public enum WebSocketMessage: Hashable, Sendable {
    case text(String)
    case binary([UInt8])
}

/// The client's side of a WebSocket, on the control loop. Pings of the other side are answered by itself; what is not
/// received yet waits, up to `TransportLimits.waitingMessages`, and then the other side has to wait.
///
/// One task receives at a time. Dropping it closes the connection.
@ControlLoop
public final class WebSocketConnection {
    private let engine: WebSocketEngine

    init(_ engine: WebSocketEngine) { self.engine = engine }

    isolated deinit { engine.abandon() }

    /// The one that the other side chose of those that were offered; `nil` where it chose none.
    public var subprotocol: String? { engine.subprotocol }

    /// What the other side gave as the reason of its close; 1005 where it gave none. `nil` before.
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

    /// The next message; `nil` after the other side has closed in good order.
    ///
    /// - Parameter limit: how long to wait for it; at the limit it throws `.timeout` and the connection lives on.
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

    /// Says goodbye and waits for the other side's, at most `TransportLimits.webSocketCloseTimeout`; then the connection
    /// is closed in any case. Harmless when it is closed already.
    public func close(code: UInt16 = 1000) async {
        await withCheckedContinuation { continuation in
            engine.close(code: code) { continuation.resume() }
        }
    }
}
