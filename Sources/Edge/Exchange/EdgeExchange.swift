import EventLoop
import HTTPTransport
import HTTPWire
import TLS

/// A request of a client and its response; it carries out what `DecisionList` and `ExchangeMachine` decide. Confined to
/// its loop. An HTTP/1.1 connection has one exchange, for one request after another; an HTTP/2 stream has its own. It
/// is reused when its stream is over.
final class EdgeExchange {
    /// What is kept of the current request until its response has begun; the head is in `requestBytes`.
    struct Request {
        /// `nil` for the portal.
        let route: RouteTable.Entry?
        let facts: RequestFacts
        /// The request counts as use of the lab.
        var isUse = false
        /// The target may be the script of a service worker whose scope is the whole hostname.
        var isInRoot = false
        /// It opens a page of a lab.
        var isNavigation = false
    }

    /// The upstream's response. It is forwarded, and not kept.
    struct Response {
        let head: ResponseHead
        let framing: BodyFraming
    }

    let home: EdgeLoop
    // Where exclusivity is unchecked, nothing called while a value is changed or read accesses the same value again.
    // Set from `begin` until the stream is over.
    /// The stream back to the client. It retains this object, and is retained by it.
    @exclusivity(unchecked) private(set) var stream: (any ServerStream)?
    @exclusivity(unchecked) private(set) var connection: EdgeConnection?
    /// The client's address, without port.
    @exclusivity(unchecked) private(set) var client = ""
    /// Its index in its connection's exchanges.
    @exclusivity(unchecked) var place = 0
    @exclusivity(unchecked) private(set) var machine = ExchangeMachine()
    @exclusivity(unchecked) var upstream: HTTPClientConnection?
    @exclusivity(unchecked) var request: Request?
    /// The head of the current request as it is sent to the upstream, until the response has begun.
    @exclusivity(unchecked) var requestBytes: [UInt8] = []
    /// Counts the connections requested from the pool, so that one that arrives too late is recognised.
    @exclusivity(unchecked) var attempt = 0
    /// When the current wait began: for a response's head, or for the other end of a half-closed tunnel.
    @exclusivity(unchecked) var waitingSince: MonotonicTime?
    /// The grant that opened the lab for the last WebSocket requested here.
    @exclusivity(unchecked) var grant: Digest32?
    @exclusivity(unchecked) var clientFrames = ClientFrameMeter()
    @exclusivity(unchecked) var upstreamFrames = FrameBoundary()
    @exclusivity(unchecked) var record = ExchangeRecord()

    init(home: EdgeLoop) { self.home = home }

    func begin(_ stream: any ServerStream, of connection: EdgeConnection, client: String, place: Int) {
        self.stream = stream
        self.connection = connection
        self.client = client
        self.place = place
    }

    /// The client has disconnected, or has its whole response; the exchange is ready for another stream.
    func clientDidClose() {
        recordClose()
        handle(.clientClosed)
        stream = nil
        machine = ExchangeMachine()
        request = nil
        letRequestGo()
        // A connection that the pool still delivers was meant for the client that has disconnected.
        attempt += 1
        waitingSince = nil
        clientFrames = ClientFrameMeter()
        upstreamFrames = FrameBoundary()
        let connection = connection
        self.connection = nil
        connection?.remove(self)
    }

    var isIdle: Bool { machine.state == .idle }
    var isTunnel: Bool { if case .tunnel = machine.state { true } else { false } }

    /// The route of the lab and the grant that opened it, if this is a WebSocket to a session's lab.
    var webSocketAccess: (route: RouteTable.Entry, grant: Digest32)? {
        guard let request, request.facts.upgrade, let route = request.route, let grant else { return nil }
        return (route, grant)
    }

    // MARK: Events and actions

    func handle(
        _ event: ExchangeMachine.Event, bytes: UnsafeRawBufferPointer? = nil, response: Response? = nil
    ) {
        let actions = machine.handle(event)
        if !actions.isEmpty { perform(actions, bytes, response) }
    }

    /// Carries out the actions in the order of their bits. Some of them cause the next event before they return; of the
    /// remaining actions, only those that are still valid are then carried out.
    private func perform(
        _ actions: ExchangeMachine.Actions, _ bytes: UnsafeRawBufferPointer?, _ response: Response?
    ) {
        if !actions.isDisjoint(with: .onUpstream) { performOnUpstream(actions, bytes) }
        if !actions.isDisjoint(with: .pauses) { performPauses(actions) }
        if !actions.isDisjoint(with: .onResponse) { performResponse(actions, bytes, response) }
        if !actions.isDisjoint(with: .endings) { performEndings(actions) }
        if actions.contains(.acquireUpstream) { acquireUpstream(reuse: true) }
        if actions.contains(.acquireNewUpstream) {
            home.metrics.retries += 1
            acquireUpstream(reuse: false)
        }
    }

    private func performOnUpstream(_ actions: ExchangeMachine.Actions, _ bytes: UnsafeRawBufferPointer?) {
        if actions.contains(.closeUpstream) { letUpstreamGo { $0.close() } }
        if actions.contains(.releaseUpstream) { letUpstreamGo { home.pool.release($0) } }
        if actions.contains(.sendRequestHead), let facts = request?.facts, let upstream {
            requestBytes.withUnsafeBytes { upstream.send(wire: $0, facts) }
        }
        if actions.contains(.sendRequestBody), let bytes, let upstream {
            upstream.sendBody(bytes)
            if upstream.isSaturated { handle(.upstreamSaturated) }
        }
        if actions.contains(.finishRequest) {
            upstream?.finishRequest()
            waitingSince = home.loop.now
        }
    }

    private func performPauses(_ actions: ExchangeMachine.Actions) {
        if actions.contains(.pauseClient) { stream?.pauseReading() }
        if actions.contains(.resumeClient) { stream?.resumeReading() }
        if actions.contains(.pauseUpstream) { upstream?.pauseReading() }
        if actions.contains(.resumeUpstream) { upstream?.resumeReading() }
    }

    private func performResponse(
        _ actions: ExchangeMachine.Actions, _ bytes: UnsafeRawBufferPointer?, _ response: Response?
    ) {
        guard let stream else { return }
        if let response {
            if actions.contains(.sendInformational) {
                // The header rules of the final response apply: a lab must not set by an early head what it may not set
                // by a late one.
                stream.inform(status: response.head.status) { write(response.head, framing: .none, into: &$0) }
            }
            if actions.contains(.sendResponseHead) { send(response, to: stream) }
            if actions.contains(.upgradeClient) {
                waitingSince = nil
                recordResponse(response.head.status)
                home.metrics.tunnels += 1
                stream.upgrade { write(response.head, framing: .none, into: &$0) }
                letRequestGo()
            }
        }
        if actions.contains(.sendResponseBody), let bytes {
            record.sentBytes += bytes.count
            stream.writeBody(bytes)
            if stream.isSaturated { handle(.clientSaturated) }
        }
    }

    private func send(_ response: Response, to stream: any ServerStream) {
        waitingSince = nil
        // Without a length, closing the connection would be the only end of the body, and browsers could not reuse it.
        let framing = response.framing == .untilClose ? .chunked : response.framing
        recordResponse(response.head.status)
        stream.respond(status: response.head.status, framing: framing, closing: home.isEnding) { output, framing in
            write(response.head, framing: framing, into: &output)
        }
        letRequestGo()
    }

    private func performEndings(_ actions: ExchangeMachine.Actions) {
        guard let stream else { return }
        if actions.contains(.endTunnelToUpstream) {
            upstream?.finishTunnel()
            waitingSince = home.loop.now
        }
        if actions.contains(.endTunnelToClient) {
            stream.finishTunnel()
            waitingSince = home.loop.now
        }
        if actions.contains(.sayFarewell), let farewell = upstreamFrames.farewell {
            farewell.withUnsafeBytes { stream.writeTunnel($0) }
        }
        if actions.contains(.finishResponse) {
            request = nil
            recordEnd()
            stream.finish()
            // This response began before the shutdown was announced.
            if home.isEnding { handle(.goingAway) }
        }
        if actions.contains(.answerFailure) {
            waitingSince = nil
            let isNavigation = requestHead?.isNavigation == true
            request = nil
            letRequestGo()
            answer(machine.failure, isNavigation: isNavigation)
        }
        if actions.contains(.closeClient) { stream.closeGracefully() }
        if actions.contains(.abortClient) {
            recordEnd(isCut: true)
            stream.close()
        }
    }

    /// - Parameter more: fields of this answer besides its own.
    func answer(_ answer: EdgeAnswer, isNavigation: Bool, more: HeaderFields? = nil) {
        var (head, body) = answer.response(isNavigation: isNavigation)
        for (name, value) in more ?? [:] { head.fields.append(name, value) }
        if home.hstsSeconds > 0 { head.fields.append("Strict-Transport-Security", "max-age=\(home.hstsSeconds)") }
        record.answerer = .edge
        record.sentBytes = body.count
        recordResponse(answer.status)
        recordEnd()
        stream?.respond(head: head, whole: body, closing: home.isEnding)
        if home.isEnding { handle(.goingAway) }
    }

    private func write(_ head: ResponseHead, framing: BodyFraming, into output: inout [UInt8]) {
        guard let route = request?.route else {
            ResponseRewriting.writeFromPortal(head, framing: framing, into: &output)
            return output.append(contentsOf: home.hsts)
        }
        ResponseRewriting.writeFromLab(
            head, framing: framing, host: { requestHead?.fields.first("Host") ?? "" }, upstream: route.upstream,
            isWebSocket: head.status == 101, isNavigation: home.ownsHostnames && request?.isNavigation == true,
            keepsHSTS: !home.ownsHostnames, frames: route.portal?.frames, into: &output)
        // Informational heads and tunnels are not cached.
        if route.activity != nil, head.status >= 200 { writeVary(into: &output) }
        output.append(contentsOf: home.hsts)
    }

    /// Adds a Vary field, so that a browser does not serve a response of a session's lab from its cache as something
    /// else, which the edge would not see: not as a worker's script, and not as a page, which would be shown after the
    /// lab has gone. It may stand beside the lab's own Vary field (RFC 9110, section 5.3). A page does not need
    /// `Sec-Fetch-Mode`, because it is revalidated in any case.
    private func writeVary(into output: inout [UInt8]) {
        switch (request?.isInRoot == true, request?.isNavigation == true) {
        case (true, true): output.appendLiteral("Vary: Service-Worker\r\n")
        case (true, false): output.appendLiteral("Vary: Service-Worker, Sec-Fetch-Mode\r\n")
        case (false, false): output.appendLiteral("Vary: Sec-Fetch-Mode\r\n")
        case (false, true): break
        }
    }

    /// The head of the current request, parsed again from the bytes for the upstream, because it is seldom needed.
    var requestHead: RequestHead? {
        requestBytes.withUnsafeBytes { bytes in
            var parser = RequestParser()
            var position = 0
            guard case .head? = try? parser.next(in: bytes, at: &position) else { return nil }
            return parser.head
        }
    }

    /// Gives the buffer back for other requests.
    private func letRequestGo() { home.giveBack(&requestBytes) }

    /// Checks whether a timeout has passed. Called by the loop periodically.
    func sweep(at now: MonotonicTime) {
        guard let since = waitingSince else { return }
        if machine.isHalfOpen {
            if now - since >= EdgeLimits.halfOpenTimeout { handle(.stop) }
        } else if now - since >= EdgeLimits.responseHeadTimeout {
            handle(.responseHeadTimeout)
        }
    }
}
