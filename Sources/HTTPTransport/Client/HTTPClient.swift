import EventLoop
import HTTPWire
import TLS

/// The HTTP/1.1 client of the control plane: engines, labs' readiness, tests, the command line. It lives on the control
/// loop and keeps connections alive between requests.
///
/// A request is sent a second time only when it is idempotent and a kept connection died before a byte of its answer.
/// Cancelling the calling task gives the request up and closes its connection.
@ControlLoop
public final class HTTPClient {
    private let pool: UpstreamPool

    /// - Parameter tls: when given, every TCP upstream is spoken to by TLS, and must prove the authority's host.
    public init(tls: TLSClientContext? = nil, limits: UpstreamPool.Limits = UpstreamPool.Limits()) {
        pool = UpstreamPool(on: ControlLoop.loop, tls: tls, limits: limits)
    }

    // Whoever drops it last may be on any thread, and its kept connections close on their loop only.
    isolated deinit {}

    /// Of the upstream that was connected to last by TLS: the end of its certificate, in seconds since 1970.
    public var peerCertificateExpiry: Int64? { pool.peerCertificateExpiry }

    /// Closes what is unused. What is under way goes on to its end.
    public func close() { pool.close() }

    /// One request and its whole answer, whatever the status.
    ///
    /// - Parameters:
    ///   - timeout: from now to the last byte of the answer.
    ///   - bodyLimit: bytes of the answer's body; a longer one is an error.
    public func send(
        _ request: HTTPClientRequest, to address: UpstreamAddress, timeout: Duration, bodyLimit: Int
    ) async throws(HTTPClientError) -> HTTPClientResponse {
        let exchange = ClientExchange(request, to: address, pool: pool)
        let result: Result<HTTPClientResponse, HTTPClientError> = await perform(exchange) { finish in
            var response = HTTPClientResponse(status: 0)
            exchange.onHead = { head, _ in
                response.status = head.status
                response.fields = head.fields
                return .goOn
            }
            exchange.onBody = { bytes in
                guard response.body.count + bytes.count <= bodyLimit else {
                    return exchange.fail("the answer is longer than \(bodyLimit) bytes")
                }
                response.body += bytes
            }
            exchange.onEnd = { result in finish(result.map { response }) }
            exchange.start(timeout: timeout)
        }
        return try result.get()
    }

    /// One request whose answer comes piece by piece, for as long as it lasts.
    ///
    /// The stream ends with the answer, and throws `HTTPClientError` when the connection breaks. Dropping it, or ending its
    /// task, closes the connection. Silence is not noticed: whoever needs to know keeps a heartbeat beside it.
    /// - Parameter timeout: from now to the head of the answer.
    public func stream(
        _ request: HTTPClientRequest, to address: UpstreamAddress, timeout: Duration
    ) async throws(HTTPClientError) -> (head: ResponseHead, body: AsyncThrowingStream<[UInt8], any Error>) {
        let exchange = ClientExchange(request, to: address, pool: pool)
        let (body, pieces) = AsyncThrowingStream.makeStream(
            of: [UInt8].self, bufferingPolicy: .bufferingOldest(TransportLimits.waitingPieces))
        let result: Result<ResponseHead, HTTPClientError> = await perform(exchange) { finish in
            exchange.onHead = { head, _ in
                exchange.liftTimeLimit()
                finish(.success(head))
                return .goOn
            }
            exchange.onBody = { bytes in
                guard case .dropped = pieces.yield(Array(bytes)) else { return }
                exchange.fail("its reader is \(TransportLimits.waitingPieces) pieces behind")
            }
            exchange.onEnd = { result in
                switch result {
                case .success: pieces.finish()
                case .failure(let error):
                    finish(.failure(error))
                    pieces.finish(throwing: error)
                }
            }
            exchange.start(timeout: timeout)
        }
        let head = try result.get()
        let onLoop = SameLoop(exchange)
        pieces.onTermination = { reason in
            guard case .cancelled = reason else { return }
            ControlLoop.loop.post { onLoop.value.cancel() }
        }
        return (head, body)
    }

    /// Opens a WebSocket (RFC 6455). An answer other than 101 is an error that bears its `status`.
    ///
    /// - Parameters:
    ///   - request: GET, with whatever fields are needed beyond those of the handshake (Cookie, Origin,
    ///     Sec-WebSocket-Protocol).
    ///   - timeout: from now to the answer.
    public func upgrade(
        _ request: HTTPClientRequest, to address: UpstreamAddress, timeout: Duration
    ) async throws(HTTPClientError) -> WebSocketConnection {
        let key = WebSocketHandshake.key(from: SecureRandom.bytes(16))
        var request = request
        for (name, value) in [
            ("Connection", "Upgrade"), ("Upgrade", "websocket"), ("Sec-WebSocket-Version", "13"),
            ("Sec-WebSocket-Key", key),
        ] {
            request.fields.append(name, value)
        }
        let exchange = ClientExchange(request, to: address, pool: pool, isUpgrade: true)
        let result: Result<SameLoop<WebSocketEngine>, HTTPClientError> = await perform(exchange) { finish in
            exchange.onHead = { head, connection in
                let subprotocol = head.fields.first("Sec-WebSocket-Protocol")
                guard WebSocketHandshake.isValidResponse(head, toKey: key), request.offers(subprotocol) else {
                    let what = head.status == 101 ? "an invalid WebSocket handshake" : "status \(head.status), not 101"
                    finish(
                        .failure(
                            HTTPClientError(
                                .protocol, "\(request.method) \(request.path) to \(address): \(what)",
                                status: head.status)))
                    exchange.cancel()
                    return .goOn
                }
                // At once: frames may stand right behind the head.
                finish(
                    .success(
                        SameLoop(
                            WebSocketEngine(
                                connection, subprotocol: subprotocol, operation: "WebSocket to \(address)"))))
                return .handedOver
            }
            exchange.onEnd = { result in
                if case .failure(let error) = result { finish(.failure(error)) }
            }
            exchange.start(timeout: timeout)
        }
        return WebSocketConnection(try result.get().value)
    }

    /// Waits for the first result; when the task is cancelled, the exchange is, and its failure is the result.
    private func perform<Value: Sendable>(
        _ exchange: ClientExchange,
        _ start: (@escaping (Result<Value, HTTPClientError>) -> Void) -> Void
    ) async -> Result<Value, HTTPClientError> {
        let onLoop = SameLoop(exchange)
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                var waiting: CheckedContinuation<Result<Value, HTTPClientError>, Never>? = continuation
                start { result in
                    waiting?.resume(returning: result)
                    waiting = nil
                }
            }
        } onCancel: {
            ControlLoop.loop.post { onLoop.value.cancel() }
        }
    }
}
