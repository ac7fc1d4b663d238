import EventLoop
import HTTPTransport
import HTTPWire

// The upstream of the current exchange: acquired from the pool, read from, and released.
extension EdgeExchange {
    func acquireUpstream(reuse: Bool) {
        guard request != nil else { return }
        let site = home.site(of: request?.route)
        if reuse, let connection = home.pool.reuse(site) { return use(connection) }
        attempt += 1
        let attempt = attempt
        home.pool.acquire(site, reuse: false) { [self, pool = home.pool] result in
            guard self.attempt == attempt, case .connecting = machine.state else {
                // The exchange that asked for this connection has ended since.
                if case .success(let connection) = result { pool.release(connection) }
                return
            }
            switch result {
            case .success(let connection): use(connection)
            case .failure(let error):
                home.metrics.count(EdgeMetrics.Failure(error))
                handle(.upstreamFailed(notAnswering, isRetrySafe: false))
            }
        }
    }

    private func use(_ connection: HTTPClientConnection) {
        upstream = connection
        record.usedUpstream = connection.isReused
        if connection.isReused { home.metrics.upstreamsReused += 1 } else { home.metrics.upstreamsNew += 1 }
        connection.delegate = self
        handle(.upstreamReady)
    }

    var notAnswering: EdgeAnswer { request?.route == nil ? .portalNotAnswering : .notAnswering }

    func letUpstreamGo(_ body: (HTTPClientConnection) -> Void) {
        guard let connection = upstream else { return }
        upstream = nil
        connection.delegate = nil
        body(connection)
    }

    /// The answer to the client when its upstream connection failed.
    func answer(to error: HTTPClientError) -> EdgeAnswer {
        switch error.kind {
        case .connect, .tls: return notAnswering
        case .timeout: return .timeout
        case .protocol: return .badGateway
        // The engine's port forwarder accepts connections for a lab that does not listen yet, and closes them. If the
        // request may have had an effect, the answer is not "not answering", because that invites a retry.
        case .closed: return request?.facts.isIdempotent == true ? notAnswering : .badGateway
        }
    }
}

extension EdgeExchange: HTTPClientConnectionDelegate {
    func connection(_ connection: HTTPClientConnection, didReceiveInformational head: ResponseHead) {
        handle(.responseInformational, response: Response(head: head, framing: .none))
    }

    func connection(_ connection: HTTPClientConnection, didReceive head: ResponseHead, framing: BodyFraming) {
        let response = Response(head: head, framing: framing)
        guard head.status == 101 else {
            guard !isWiderWorker(head) else { return handle(.upstreamFailed(.workerEnd, isRetrySafe: false)) }
            return handle(.responseHead, response: response)
        }
        let key = requestHead?.fields.first("Sec-WebSocket-Key") ?? ""
        if WebSocketHandshake.isValidResponse(head, toKey: key) {
            handle(.responseSwitch, response: response)
        } else {
            handle(.upstreamFailed(.badGateway, isRetrySafe: false))
        }
    }

    /// Whether this is the script of a service worker that asks for a scope wider than its folder. Some were registered
    /// before labs were kept from doing so; without the field they would stay, since the browser rejects the
    /// replacement script.
    private func isWiderWorker(_ head: ResponseHead) -> Bool {
        head.fields.contains("Service-Worker-Allowed") && request?.route?.activity != nil
            && requestHead?.fields.contains("Service-Worker") == true
    }

    func connection(_ connection: HTTPClientConnection, didReceiveBody bytes: UnsafeRawBufferPointer) {
        handle(.responseBody, bytes: bytes)
    }

    func connectionDidReceiveEnd(_ connection: HTTPClientConnection) {
        handle(.responseEnd(isReusable: connection.isReusable))
    }

    func connection(_ connection: HTTPClientConnection, didReadTunnel bytes: UnsafeRawBufferPointer) {
        guard case .tunnel = machine.state, let stream else { return }
        upstreamFrames.pass(bytes)
        record.sentBytes += bytes.count
        stream.writeTunnel(bytes)
        if stream.isSaturated { handle(.clientSaturated) }
    }

    func connectionDidEndTunnel(_ connection: HTTPClientConnection) { handle(.upstreamTunnelEnd) }

    func connectionDidDrain(_ connection: HTTPClientConnection) { handle(.upstreamDrained) }

    func connection(_ connection: HTTPClientConnection, didFail error: HTTPClientError) {
        home.metrics.count(EdgeMetrics.Failure(error))
        handle(.upstreamFailed(answer(to: error), isRetrySafe: error.isRetrySafe))
    }
}
