import HTTPTransport
import HTTPWire
import TLS

// What the client sends.
extension EdgeExchange {
    func receive(_ head: RequestHead, framing: BodyFraming) {
        recordRequest(head)
        switch home.decide(head, names: connection?.certificateNames) {
        case .answer(let answer):
            let cure = head.surplusCookies.map {
                CookieCure.fields(
                    for: $0, host: head.host, path: head.pathBytes,
                    isByPerson: head.fields.isOpenedByPerson(trustsWebKit: false))
            }
            self.answer(answer, isNavigation: head.isNavigation, more: cure)
        case .portal(let scope, let portal):
            requestBytes = home.takeBuffer()
            RequestRewriting.writeForPortal(
                head, framing: framing, scope: scope, portal: portal?.name, client: client, into: &requestBytes)
            begin(RequestFacts(head, framing: framing, upgrade: false), to: nil)
        case .lab(_, isWebSocket: true) where framing != .none && framing != .length(0):
            answer(.upgradeWithBody, isNavigation: false)
        case .lab(let route, let isWebSocket):
            var isUse = false
            if let activity = route.activity,
                ActivityRules.counts(head, kind: route.kind, isEmbedded: route.portal?.frames.admitsSites == true),
                !activity.repeats(ActivityRules.beatName(head), at: home.loop.now)
            {
                isUse = true
                home.note(activity)
            }
            if isWebSocket {
                clientFrames = ClientFrameMeter(TunnelKind(head, kind: route.kind))
                grant = head.accessGrant
            }
            requestBytes = home.takeBuffer()
            RequestRewriting.writeForLab(
                head, framing: framing, route: route, client: client, isWebSocket: isWebSocket, into: &requestBytes)
            begin(
                RequestFacts(head, framing: framing, upgrade: isWebSocket), to: route, isUse: isUse,
                isInRoot: route.activity != nil && OwnPaths.isInRoot(head.targetBytes),
                isNavigation: !isWebSocket && head.isNavigation)
        }
    }

    private func begin(
        _ facts: RequestFacts, to route: RouteTable.Entry?, isUse: Bool = false, isInRoot: Bool = false,
        isNavigation: Bool = false
    ) {
        record.answerer = route == nil ? .portal : .lab
        request = Request(
            route: route, facts: facts, isUse: isUse, isInRoot: isInRoot, isNavigation: isNavigation)
        let hasBody = facts.framing != .none && facts.framing != .length(0)
        handle(
            .request(
                ExchangeMachine.Request(
                    hasBody: hasBody, isIdempotent: facts.isIdempotent, isWebSocket: facts.upgrade)))
    }

    func receiveBody(_ bytes: UnsafeRawBufferPointer) {
        record.receivedBytes += bytes.count
        // An upload may take longer than a lab's idle timeout.
        if request?.isUse == true, let activity = request?.route?.activity { home.note(activity) }
        handle(.requestBody, bytes: bytes)
    }

    func receiveTunnel(_ bytes: UnsafeRawBufferPointer) {
        guard case .tunnel = machine.state, let upstream else { return }
        if let activity = request?.route?.activity, clientFrames.sees(bytes, at: home.loop.now) { home.note(activity) }
        record.receivedBytes += bytes.count
        upstream.writeTunnel(bytes)
        if upstream.isSaturated { handle(.upstreamSaturated) }
    }

    /// The client's request was malformed, and has been refused already.
    func clientDidFail(_ fault: ServerFault) {
        recordFault(fault)
        handle(.clientClosed)
    }
}

extension RequestHead {
    /// The digest of the token in the access cookie.
    fileprivate var accessGrant: Digest32? {
        var grant: Digest32?
        fields.forEachCookie(named: Edge.cookieName) { grant = SHA256.digest($0) }
        return grant
    }

    /// The host of the Host field, in lower case and without port.
    fileprivate var host: String? { fields.withFirst("Host") { Authority.parse($0)?.host } }
}

extension EdgeExchange: HTTP2StreamDelegate {
    func stream(_ stream: HTTP2Stream, didReceive head: RequestHead, framing: BodyFraming) {
        receive(head, framing: framing)
    }

    func stream(_ stream: HTTP2Stream, didReceiveBody bytes: UnsafeRawBufferPointer) { receiveBody(bytes) }

    func streamDidReceiveEnd(_ stream: HTTP2Stream) { handle(.requestEnd) }

    func streamDidDrain(_ stream: HTTP2Stream) { handle(.clientDrained) }

    func stream(_ stream: HTTP2Stream, didReadTunnel bytes: UnsafeRawBufferPointer) { receiveTunnel(bytes) }

    func streamDidEndTunnel(_ stream: HTTP2Stream) { handle(.clientTunnelEnd) }

    func stream(_ stream: HTTP2Stream, didFail fault: ServerFault) { clientDidFail(fault) }

    func streamDidClose(_ stream: HTTP2Stream) { clientDidClose() }
}
