import HTTPTransport
import HTTPWire

// What the client sends.
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
