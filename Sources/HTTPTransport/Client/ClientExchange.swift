import EventLoop
import HTTPWire

/// One request of the control plane's client and its response: acquires a connection, feeds the body under back
/// pressure, enforces the timeout, and retries once where that is safe. Confined to the loop of its pool.
///
/// It retains itself from `start()` until it has ended; `onEnd` is called exactly once.
final class ClientExchange {
    /// What to do with the connection after the response's head.
    enum HeadDecision {
        /// Continue reading; the body follows.
        case goOn
        /// The connection has a new delegate: the exchange is over without a call of `onEnd`.
        case handedOver
    }

    var onHead: (ResponseHead, HTTPClientConnection) -> HeadDecision = { _, _ in .goOn }
    var onBody: (UnsafeRawBufferPointer) -> Void = { _ in }
    var onEnd: (Result<Void, HTTPClientError>) -> Void = { _ in }

    private let request: HTTPClientRequest
    private let address: UpstreamAddress
    private let pool: UpstreamPool
    private let isUpgrade: Bool
    private var connection: HTTPClientConnection?
    private var sentBytes = 0
    private var hasHead = false
    private var hasRetried = false
    private var isOver = false
    private var timer: LoopTimer?
    private var ownReference: ClientExchange?

    init(_ request: HTTPClientRequest, to address: UpstreamAddress, pool: UpstreamPool, isUpgrade: Bool = false) {
        self.request = request
        self.address = address
        self.pool = pool
        self.isUpgrade = isUpgrade
    }

    private var operation: String { "\(request.method) \(request.path) to \(address)" }

    func start(timeout: Duration) {
        ownReference = self
        timer = pool.loop.schedule(after: timeout) { [weak self] in
            guard let self else { return }
            end(.failure(HTTPClientError(.timeout, "\(operation): no answer within \(timeout)")))
        }
        acquire(reuse: true)
    }

    /// Cancels the timeout, which covered only what has arrived by now.
    func liftTimeLimit() { timer?.cancel() }

    func cancel() {
        end(.failure(HTTPClientError(.closed, "\(operation): given up by the caller")))
    }

    func fail(_ what: String) {
        end(.failure(HTTPClientError(.protocol, "\(operation): \(what)")))
    }

    private func acquire(reuse: Bool) {
        pool.acquire(address, serverName: request.host, reuse: reuse) { result in
            switch result {
            case .failure(let error): self.end(.failure(error))
            case .success(let connection):
                guard !self.isOver else { return self.pool.release(connection) }
                self.send(on: connection)
            }
        }
    }

    // MARK: The request

    private func send(on connection: HTTPClientConnection) {
        self.connection = connection
        connection.delegate = self
        sentBytes = min(request.body.count, TransportLimits.bodyPieceBytes)
        request.body[..<sentBytes].withUnsafeBytes {
            connection.send(request.head, framing: request.framing, body: $0, upgrade: isUpgrade)
        }
        feed(connection)
    }

    private func feed(_ connection: HTTPClientConnection) {
        while sentBytes < request.body.count, !connection.isSaturated {
            let end = min(sentBytes + TransportLimits.bodyPieceBytes, request.body.count)
            request.body[sentBytes..<end].withUnsafeBytes { connection.sendBody($0) }
            sentBytes = end
        }
        if sentBytes == request.body.count { connection.finishRequest() }
    }

    // MARK: The end

    private func end(_ result: Result<Void, HTTPClientError>) {
        guard !isOver else { return }
        isOver = true
        timer?.cancel()
        let connection = connection
        self.connection = nil
        if let connection {
            if case .success = result { pool.release(connection) } else { connection.close() }
        }
        onEnd(result)
        forgetOwners()
    }

    private func handOver() {
        isOver = true
        timer?.cancel()
        connection = nil
        forgetOwners()
    }

    /// The closures retain continuations and streams, so they are released with the exchange.
    private func forgetOwners() {
        onHead = { _, _ in .goOn }
        onBody = { _ in }
        onEnd = { _ in }
        ownReference = nil
    }
}

extension ClientExchange: HTTPClientConnectionDelegate {
    func connection(_ connection: HTTPClientConnection, didReceiveInformational head: ResponseHead) {}

    func connection(_ connection: HTTPClientConnection, didReceive head: ResponseHead, framing: BodyFraming) {
        hasHead = true
        switch onHead(head, connection) {
        case .goOn: break
        case .handedOver: handOver()
        }
    }

    func connection(_ connection: HTTPClientConnection, didReceiveBody bytes: UnsafeRawBufferPointer) { onBody(bytes) }

    func connectionDidReceiveEnd(_ connection: HTTPClientConnection) { end(.success(())) }

    func connection(_ connection: HTTPClientConnection, didReadTunnel bytes: UnsafeRawBufferPointer) {}

    func connectionDidEndTunnel(_ connection: HTTPClientConnection) {}

    func connectionDidDrain(_ connection: HTTPClientConnection) { feed(connection) }

    func connection(_ connection: HTTPClientConnection, didFail error: HTTPClientError) {
        self.connection = nil
        guard error.isRetrySafe, !hasHead, !hasRetried, !isOver else { return end(.failure(error)) }
        hasRetried = true
        acquire(reuse: false)
    }
}
