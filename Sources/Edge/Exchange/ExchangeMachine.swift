/// The current exchange of one client connection: a request on its way to an upstream, and the response back. Pure:
/// events in, actions out; the driver moves the bytes.
///
/// Both directions stream at once, and each pauses its sender while the other end is full. The machine knows what is
/// allowed when, and nothing about the contents.
struct ExchangeMachine: Equatable {
    /// What the machine needs to know about a request.
    struct Request: Equatable {
        var hasBody: Bool
        var isIdempotent: Bool
        /// A valid WebSocket handshake: 101 may be the answer.
        var isWebSocket: Bool
    }

    enum Event: Equatable {
        // From the client.
        case request(Request)
        case requestBody
        case requestEnd
        case clientSaturated
        case clientDrained
        /// In a tunnel: the client has half-closed.
        case clientTunnelEnd
        case clientClosed
        // From the upstream.
        case upstreamReady
        case upstreamSaturated
        case upstreamDrained
        /// 1xx: the final response follows.
        case responseInformational
        case responseHead
        /// A validated 101.
        case responseSwitch
        case responseBody
        /// - Parameter isReusable: the connection can carry another request.
        case responseEnd(isReusable: Bool)
        /// In a tunnel: the upstream has half-closed.
        case upstreamTunnelEnd
        /// There is no connection, the connection broke off, or the response was malformed.
        /// - Parameter isRetrySafe: sending the same head once more cannot take effect twice.
        case upstreamFailed(EdgeAnswer, isRetrySafe: Bool)
        // From the clock.
        case responseHeadTimeout
        /// The edge accepts nothing new; exchanges in progress may finish.
        case goingAway
        /// The grace is over.
        case stop
    }

    enum State: Equatable {
        /// No exchange in progress. Exits to `connecting` by `request`.
        case idle
        /// An upstream connection has been requested. Exits to `exchanging`, or to `idle` with an answer of our own.
        case connecting(Request, requestEnded: Bool, hasRetried: Bool)
        /// Exits to `idle` when the response is complete (the client connection reads and discards what is left of the
        /// request), to `tunnel` by 101.
        case exchanging(Exchanging)
        /// Bytes both ways. Exits to `closed` when both directions have ended, one side breaks off, or the edge goes away.
        case tunnel(clientEnded: Bool, upstreamEnded: Bool)
        case closed
    }

    struct Exchanging: Equatable {
        var request: Request
        var requestEnded: Bool
        var hasRetried: Bool
        var hasSentBody = false
        /// The response's head has been sent to the client.
        var hasResponse = false
    }

    /// What the driver does, lowest bit first. Bytes accompany the event that they belong to.
    struct Actions: OptionSet, Hashable {
        let rawValue: UInt32

        /// Close the upstream connection. This comes first, so that nothing more is heard of it.
        static let closeUpstream = Actions(rawValue: 1 << 0)
        /// Return the upstream connection to the pool. This comes before the response is finished, which may bring the
        /// next request immediately.
        static let releaseUpstream = Actions(rawValue: 1 << 1)
        static let sendRequestHead = Actions(rawValue: 1 << 2)
        static let sendRequestBody = Actions(rawValue: 1 << 3)
        static let finishRequest = Actions(rawValue: 1 << 4)
        static let pauseClient = Actions(rawValue: 1 << 5)
        static let resumeClient = Actions(rawValue: 1 << 6)
        static let pauseUpstream = Actions(rawValue: 1 << 7)
        static let resumeUpstream = Actions(rawValue: 1 << 8)
        static let sendInformational = Actions(rawValue: 1 << 9)
        static let sendResponseHead = Actions(rawValue: 1 << 10)
        static let sendResponseBody = Actions(rawValue: 1 << 11)
        static let upgradeClient = Actions(rawValue: 1 << 12)
        static let endTunnelToUpstream = Actions(rawValue: 1 << 13)
        static let endTunnelToClient = Actions(rawValue: 1 << 14)
        /// Send the client of a tunnel a close frame (code 1001, going away).
        static let sayFarewell = Actions(rawValue: 1 << 15)
        static let finishResponse = Actions(rawValue: 1 << 16)
        /// Answer with `failure`.
        static let answerFailure = Actions(rawValue: 1 << 17)
        /// Close the client's connection when all queued bytes have been sent.
        static let closeClient = Actions(rawValue: 1 << 18)
        /// Close the client's connection immediately: a response is truncated, and must not be taken for complete.
        static let abortClient = Actions(rawValue: 1 << 19)
        /// Request a connection from the pool, new or reused. This comes last, because one may be available
        /// immediately.
        static let acquireUpstream = Actions(rawValue: 1 << 20)
        /// Request a new connection, because a reused one has just failed.
        static let acquireNewUpstream = Actions(rawValue: 1 << 21)

        // Groups of actions, in the same order.
        static let onUpstream: Actions = [
            .closeUpstream, .releaseUpstream, .sendRequestHead, .sendRequestBody, .finishRequest,
        ]
        static let pauses: Actions = [.pauseClient, .resumeClient, .pauseUpstream, .resumeUpstream]
        static let onResponse: Actions = [.sendInformational, .sendResponseHead, .sendResponseBody, .upgradeClient]
        static let endings: Actions = [
            .endTunnelToUpstream, .endTunnelToClient, .sayFarewell, .finishResponse, .answerFailure, .closeClient,
            .abortClient,
        ]
    }

    // Written only by this machine's files.
    var state = State.idle
    /// The answer that `answerFailure` sends.
    var failure = EdgeAnswer.badGateway

    /// Reading from the client is paused.
    var isClientPaused = false
    /// Reading from the upstream is paused.
    var isUpstreamPaused = false

    /// The tunnel is half-closed: one direction has ended, and the other has not.
    var isHalfOpen: Bool {
        if case .tunnel(let clientEnded, let upstreamEnded) = state { clientEnded || upstreamEnded } else { false }
    }

    mutating func handle(_ event: Event) -> Actions {
        switch event {
        case .request(let request): begin(request)
        case .requestBody: requestBody()
        case .requestEnd: requestEnd()
        case .upstreamReady: upstreamReady()
        case .responseInformational: informational()
        case .responseHead: responseHead()
        case .responseSwitch: responseSwitch()
        case .responseBody: responseBody()
        case .responseEnd(let isReusable): responseEnd(isReusable: isReusable)
        case .upstreamFailed(let answer, let isRetrySafe): upstreamFailed(answer, isRetrySafe: isRetrySafe)
        case .clientClosed: clientClosed()
        case .clientSaturated, .clientDrained, .upstreamSaturated, .upstreamDrained: pressure(event)
        case .clientTunnelEnd, .upstreamTunnelEnd: tunnelEnd(event)
        case .responseHeadTimeout: timeout()
        case .goingAway: goingAway()
        case .stop: stop()
        }
    }
}
