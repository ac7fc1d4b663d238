import EventLoop
import HTTPTransport
import HTTPWire

/// One client's connection, and the exchange that is under way on it: it carries out what `DecisionList` and
/// `ExchangeMachine` say. Confined to its loop; the server connection holds it until the client has gone.
final class EdgeConnection {
    /// Where the current request goes.
    enum Destination {
        case portal
        case lab(RouteTable.Entry)
    }

    /// What is kept of the current request until its response has begun.
    struct Exchange {
        let destination: Destination
        let upstream: UpstreamAddress
        /// As the upstream gets it.
        let head: RequestHead
        let framing: BodyFraming
        let isWebSocket: Bool
        /// The Host field as the client sent it.
        let host: String
        let isNavigation: Bool
    }

    // It holds its connections, and they hold it, until they are closed.
    let home: EdgeLoop
    /// The client's address, without port.
    private let client: String
    private(set) var machine = ExchangeMachine()
    // Made with self as its owner, and there from `start` on.
    private(set) var server: HTTPServerConnection?
    private var upstream: HTTPClientConnection?
    private var exchange: Exchange?
    /// What the upstream answered, while that event is handled.
    private var response: (head: ResponseHead, framing: BodyFraming)?
    /// Counts the connections asked of the pool, so that one that comes too late is known.
    private var attempt = 0
    /// Since when the current limit runs: the wait for a response's head, or for the other end of a tunnel.
    private(set) var waitingSince: MonotonicTime?
    private var clientFrames = ClientFrameMeter()
    private var upstreamFrames = FrameBoundary()

    init(home: EdgeLoop, client: String) {
        self.home = home
        self.client = client
    }

    func start(_ channel: ByteChannel) {
        let server = HTTPServerConnection(channel: channel, delegate: self)
        self.server = server
        server.start()
    }

    // MARK: Events and actions

    func handle(_ event: ExchangeMachine.Event, bytes: UnsafeRawBufferPointer? = nil) {
        let actions = machine.handle(event)
        if !actions.isEmpty { perform(actions, bytes) }
    }

    /// Carries out the actions in the order of their bits. Some of them lead to the next event before they return; what
    /// stands after them is only what still fits then.
    private func perform(_ actions: ExchangeMachine.Actions, _ bytes: UnsafeRawBufferPointer?) {
        if actions.contains(.closeUpstream) { letUpstreamGo { $0.close() } }
        if actions.contains(.releaseUpstream) { letUpstreamGo { home.pool.release($0) } }
        if actions.contains(.sendRequestHead), let exchange {
            upstream?.send(exchange.head, framing: exchange.framing, upgrade: exchange.isWebSocket)
        }
        if actions.contains(.sendRequestBody), let bytes, let upstream {
            upstream.sendBody(bytes)
            if upstream.isSaturated { handle(.upstreamSaturated) }
        }
        if actions.contains(.finishRequest) {
            upstream?.finishRequest()
            waitingSince = home.loop.now
        }
        if actions.contains(.pauseClient) { server?.pauseReading() }
        if actions.contains(.resumeClient) { server?.resumeReading() }
        if actions.contains(.pauseUpstream) { upstream?.pauseReading() }
        if actions.contains(.resumeUpstream) { upstream?.resumeReading() }
        performResponse(actions, bytes)
        performEndings(actions)
        if actions.contains(.acquireUpstream) { acquireUpstream(reuse: true) }
        if actions.contains(.acquireNewUpstream) { acquireUpstream(reuse: false) }
    }

    private func performResponse(_ actions: ExchangeMachine.Actions, _ bytes: UnsafeRawBufferPointer?) {
        guard let server else { return }
        if actions.contains(.sendInformational), let response { server.inform(head: response.head) }
        if actions.contains(.sendResponseHead), let response {
            waitingSince = nil
            // Without a length the end of the connection would be the only end, and browsers could not use it again.
            let framing = response.framing == .untilClose ? .chunked : response.framing
            server.respond(head: rewritten(response.head), framing: framing, closing: home.isGoingAway)
        }
        if actions.contains(.sendResponseBody), let bytes {
            server.writeBody(bytes)
            if server.isSaturated { handle(.clientSaturated) }
        }
        if actions.contains(.upgradeClient), let response {
            waitingSince = nil
            server.upgrade(head: rewritten(response.head))
        }
    }

    private func performEndings(_ actions: ExchangeMachine.Actions) {
        guard let server else { return }
        if actions.contains(.endTunnelToUpstream) {
            upstream?.finishTunnel()
            waitingSince = home.loop.now
        }
        if actions.contains(.endTunnelToClient) {
            server.finishTunnel()
            waitingSince = home.loop.now
        }
        if actions.contains(.sayFarewell), let farewell = upstreamFrames.farewell {
            farewell.withUnsafeBytes { server.writeTunnel($0) }
        }
        if actions.contains(.finishResponse) {
            exchange = nil
            server.finish()
            // A response that began before the end was announced.
            if home.isGoingAway { handle(.goingAway) }
        }
        if actions.contains(.answerFailure) {
            waitingSince = nil
            let isNavigation = exchange?.isNavigation == true
            exchange = nil
            answer(machine.failure, isNavigation: isNavigation)
        }
        if actions.contains(.closeClient) {
            server.flush()
            server.channel.closeGracefully()
        }
        if actions.contains(.abortClient) { server.close() }
    }

    private func answer(_ answer: EdgeAnswer, isNavigation: Bool) {
        let (head, body) = answer.response(isNavigation: isNavigation)
        server?.respond(head: head, whole: body)
        if home.isGoingAway { handle(.goingAway) }
    }

    private func rewritten(_ head: ResponseHead) -> ResponseHead {
        guard let exchange, case .lab(let route) = exchange.destination else {
            return ResponseRewriting.fromPortal(head)
        }
        return ResponseRewriting.fromLab(
            head, host: exchange.host, upstream: route.upstream, isWebSocket: head.status == 101)
    }

    // MARK: The upstream

    private func acquireUpstream(reuse: Bool) {
        guard let exchange else { return }
        attempt += 1
        let attempt = attempt
        home.pool.acquire(exchange.upstream, reuse: reuse) { [weak self, pool = home.pool] result in
            guard let self, self.attempt == attempt, case .connecting = machine.state else {
                // Asked for by an exchange that has ended since.
                if case .success(let connection) = result { pool.release(connection) }
                return
            }
            switch result {
            case .success(let connection):
                upstream = connection
                connection.delegate = self
                handle(.upstreamReady)
            case .failure:
                handle(.upstreamFailed(notAnswering, isRetrySafe: false))
            }
        }
    }

    private var notAnswering: EdgeAnswer {
        if case .portal = exchange?.destination { .portalNotAnswering } else { .notAnswering }
    }

    private func letUpstreamGo(_ body: (HTTPClientConnection) -> Void) {
        guard let connection = upstream else { return }
        upstream = nil
        connection.delegate = nil
        body(connection)
    }

    /// The answer to a client whose upstream broke off.
    private func answer(to error: HTTPClientError) -> EdgeAnswer {
        switch error.kind {
        case .connect, .tls: return notAnswering
        case .timeout: return .timeout
        case .protocol: return .badGateway
        // The engine's port forwarder accepts for a lab that does not listen yet, and closes. What may have been done
        // all the same is not called "not answering", which asks to try again.
        case .closed: return exchange?.head.isIdempotent == true ? notAnswering : .badGateway
        }
    }

    /// Looks whether a limit has passed. Called by the loop from time to time.
    func sweep(at now: MonotonicTime) {
        guard let since = waitingSince else { return }
        if machine.isHalfOpen {
            if now - since >= EdgeLimits.halfOpenTimeout { handle(.stop) }
        } else if now - since >= EdgeLimits.responseHeadTimeout {
            handle(.responseHeadTimeout)
        }
    }
}

// MARK: - From the client

extension EdgeConnection: HTTPServerConnectionDelegate {
    func connection(_ connection: HTTPServerConnection, didReceive head: RequestHead, framing: BodyFraming) {
        switch home.decide(head) {
        case .answer(let answer):
            self.answer(answer, isNavigation: head.isNavigation)
        case .portal(let scope):
            let forwarded = RequestRewriting.forPortal(head, scope: scope, client: client)
            begin(head, as: forwarded, framing, to: .portal, at: home.portalUpstream, isWebSocket: false)
        case .lab(let route, let isWebSocket):
            if ActivityRules.counts(head, kind: route.kind) { home.note(route.activity) }
            let forwarded = RequestRewriting.forLab(head, route: route, client: client, isWebSocket: isWebSocket)
            begin(head, as: forwarded, framing, to: .lab(route), at: route.upstream, isWebSocket: isWebSocket)
        }
    }

    private func begin(
        _ head: RequestHead, as forwarded: RequestHead, _ framing: BodyFraming, to destination: Destination,
        at upstream: UpstreamAddress, isWebSocket: Bool
    ) {
        exchange = Exchange(
            destination: destination, upstream: upstream, head: forwarded, framing: framing, isWebSocket: isWebSocket,
            host: head.fields.first("Host") ?? "", isNavigation: head.isNavigation)
        let hasBody = framing != .none && framing != .length(0)
        handle(
            .request(
                ExchangeMachine.Request(
                    hasBody: hasBody, isIdempotent: head.isIdempotent, isWebSocket: isWebSocket && !hasBody)))
    }

    func connection(_ connection: HTTPServerConnection, didReceiveBody bytes: UnsafeRawBufferPointer) {
        handle(.requestBody, bytes: bytes)
    }

    func connectionDidReceiveEnd(_ connection: HTTPServerConnection) { handle(.requestEnd) }

    func connectionDidDrain(_ connection: HTTPServerConnection) { handle(.clientDrained) }

    /// Whoever closes its side while it waits has gone: a silent long poll would be held for nobody.
    func connectionClientDidEnd(_ connection: HTTPServerConnection) { connection.close() }

    func connection(_ connection: HTTPServerConnection, didReadTunnel bytes: UnsafeRawBufferPointer) {
        guard case .tunnel = machine.state, let upstream else { return }
        if case .lab(let route) = exchange?.destination, clientFrames.sees(bytes) { home.note(route.activity) }
        upstream.writeTunnel(bytes)
        if upstream.isSaturated { handle(.upstreamSaturated) }
    }

    func connectionDidEndTunnel(_ connection: HTTPServerConnection) { handle(.clientTunnelEnd) }

    func connection(_ connection: HTTPServerConnection, didFail fault: ServerFault) { handle(.clientClosed) }

    func connectionDidClose(_ connection: HTTPServerConnection, error: ChannelError?) {
        handle(.clientClosed)
        server = nil
        home.remove(self)
    }
}

// MARK: - From the upstream

extension EdgeConnection: HTTPClientConnectionDelegate {
    func connection(_ connection: HTTPClientConnection, didReceiveInformational head: ResponseHead) {
        response = (head, .none)
        handle(.responseInformational)
        response = nil
    }

    func connection(_ connection: HTTPClientConnection, didReceive head: ResponseHead, framing: BodyFraming) {
        response = (head, framing)
        defer { response = nil }
        guard head.status == 101 else { return handle(.responseHead) }
        let key = exchange?.head.fields.first("Sec-WebSocket-Key") ?? ""
        if WebSocketHandshake.isValidResponse(head, toKey: key) {
            handle(.responseSwitch)
        } else {
            handle(.upstreamFailed(.badGateway, isRetrySafe: false))
        }
    }

    func connection(_ connection: HTTPClientConnection, didReceiveBody bytes: UnsafeRawBufferPointer) {
        handle(.responseBody, bytes: bytes)
    }

    func connectionDidReceiveEnd(_ connection: HTTPClientConnection) {
        handle(.responseEnd(isReusable: connection.isReusable))
    }

    func connection(_ connection: HTTPClientConnection, didReadTunnel bytes: UnsafeRawBufferPointer) {
        guard case .tunnel = machine.state, let server else { return }
        upstreamFrames.pass(bytes)
        server.writeTunnel(bytes)
        if server.isSaturated { handle(.clientSaturated) }
    }

    func connectionDidEndTunnel(_ connection: HTTPClientConnection) { handle(.upstreamTunnelEnd) }

    func connectionDidDrain(_ connection: HTTPClientConnection) { handle(.upstreamDrained) }

    func connection(_ connection: HTTPClientConnection, didFail error: HTTPClientError) {
        handle(.upstreamFailed(answer(to: error), isRetrySafe: error.isRetrySafe))
    }
}
