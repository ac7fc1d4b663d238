import HTTPTransport
import HTTPWire

// What the client sends.
extension EdgeConnection: HTTPServerConnectionDelegate {
    func connection(_ connection: HTTPServerConnection, didReceive head: RequestHead, framing: BodyFraming) {
        recordRequest(head)
        switch home.decide(head) {
        case .answer(let answer):
            self.answer(answer, isNavigation: head.isNavigation)
        case .portal(let scope):
            requestBytes = home.takeBuffer()
            RequestRewriting.writeForPortal(head, framing: framing, scope: scope, client: client, into: &requestBytes)
            begin(RequestFacts(head, framing: framing, upgrade: false), to: nil)
        case .lab(let route, let isWebSocket):
            if let activity = route.activity, ActivityRules.counts(head, kind: route.kind) { home.note(activity) }
            requestBytes = home.takeBuffer()
            RequestRewriting.writeForLab(
                head, framing: framing, route: route, client: client, isWebSocket: isWebSocket, into: &requestBytes)
            begin(RequestFacts(head, framing: framing, upgrade: isWebSocket), to: route)
        }
    }

    private func begin(_ facts: RequestFacts, to route: RouteTable.Entry?) {
        record.answerer = route == nil ? .portal : .lab
        exchange = Exchange(route: route, facts: facts)
        let hasBody = facts.framing != .none && facts.framing != .length(0)
        handle(
            .request(
                ExchangeMachine.Request(
                    hasBody: hasBody, isIdempotent: facts.isIdempotent, isWebSocket: facts.upgrade && !hasBody)))
    }

    func connection(_ connection: HTTPServerConnection, didReceiveBody bytes: UnsafeRawBufferPointer) {
        record.receivedBytes += bytes.count
        handle(.requestBody, bytes: bytes)
    }

    func connectionDidReceiveEnd(_ connection: HTTPServerConnection) { handle(.requestEnd) }

    func connectionDidDrain(_ connection: HTTPServerConnection) { handle(.clientDrained) }

    /// Whoever closes its side while it waits has gone: a silent long poll would be held for nobody.
    func connectionClientDidEnd(_ connection: HTTPServerConnection) { connection.close() }

    func connection(_ connection: HTTPServerConnection, didReadTunnel bytes: UnsafeRawBufferPointer) {
        guard case .tunnel = machine.state, let upstream else { return }
        if let activity = exchange?.route?.activity, clientFrames.sees(bytes) { home.note(activity) }
        record.receivedBytes += bytes.count
        upstream.writeTunnel(bytes)
        if upstream.isSaturated { handle(.upstreamSaturated) }
    }

    func connectionDidEndTunnel(_ connection: HTTPServerConnection) { handle(.clientTunnelEnd) }

    func connection(_ connection: HTTPServerConnection, didFail fault: ServerFault) {
        recordFault(fault)
        handle(.clientClosed)
    }

    func connectionDidOpen(_ connection: HTTPServerConnection) {
        isHandshakeDone = true
        home.metrics.count(connection.channel.isResumed ? EdgeMetrics.Handshake.resumed : .full)
    }

    func connectionDidClose(_ connection: HTTPServerConnection, error: ChannelError?) {
        recordClose(connection.channel, error)
        handle(.clientClosed)
        server = nil
        home.remove(self)
    }
}
