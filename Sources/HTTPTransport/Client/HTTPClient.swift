import EventLoop
import HTTPWire
import TLS

/// The HTTP/1.1 client of the control plane, for engines, labs' readiness, tests and the command line. It runs on the
/// control loop and keeps connections alive between requests.
///
/// A request is retried only if it is idempotent and a kept-alive connection died before the first byte of its
/// response. Cancelling the calling task aborts the request and closes its connection.
@ControlLoop
public final class HTTPClient {
    private let pool: UpstreamPool

    /// - Parameter tls: if given, every TCP upstream is contacted over TLS and must prove the host of the authority.
    public init(tls: TLSClientContext? = nil, limits: UpstreamPool.Limits = UpstreamPool.Limits()) {
        pool = UpstreamPool(on: ControlLoop.loop, tls: tls, limits: limits)
    }

    // The last reference may be dropped on any thread, but the kept connections must be closed on their loop.
    isolated deinit {}

    /// The expiry of the certificate of the last upstream connected over TLS, in seconds since 1970.
    public var peerCertificateExpiry: Int64? { pool.peerCertificateExpiry }

    /// Closes idle connections. Requests in progress run to completion.
    public func close() { pool.close() }

    /// Sends one request and receives its complete response, whatever the status.
    ///
    /// - Parameters:
    ///   - timeout: from now to the last byte of the response.
    ///   - bodyLimit: maximum bytes of the response's body; a longer one is an error.
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

    /// Sends one request whose response is delivered piece by piece, for as long as it lasts.
    ///
    /// The stream ends with the response, and throws `HTTPClientError` if the connection breaks. Dropping the stream,
    /// or cancelling its task, closes the connection. A silent upstream is not detected: callers that need that must
    /// use a heartbeat.
    /// - Parameter timeout: from now to the head of the response.
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

    /// Opens a WebSocket (RFC 6455). A response other than 101 is an error that carries its `status`.
    ///
    /// - Parameters:
    ///   - request: GET, with any fields needed in addition to those of the handshake (Cookie, Origin,
    ///     Sec-WebSocket-Protocol).
    ///   - timeout: from now to the response.
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
                // Synchronously, because frames may follow the head immediately.
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

    /// Waits for the first result. Cancelling the task cancels the exchange, whose failure is then the result.
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
