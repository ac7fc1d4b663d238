/// One client connection's current exchange: a request on its way to an upstream, and the response back. Pure: events in,
/// actions out; the driver moves the bytes.
///
/// Both directions stream at once and each holds back its sender while the other end is full. The machine knows what is
/// allowed when, and nothing about what is said.
struct ExchangeMachine: Equatable {
    /// What the machine must know of a request.
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
        /// In a tunnel: the client sends nothing more.
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
        /// In a tunnel: the upstream sends nothing more.
        case upstreamTunnelEnd
        /// No connection, or the connection broke off, or what came could not be read.
        /// - Parameter isRetrySafe: sending the same head once more cannot do anything twice.
        case upstreamFailed(EdgeAnswer, isRetrySafe: Bool)
        // From the clock.
        case responseHeadTimeout
        /// The edge takes in nothing new; what is under way may finish.
        case goingAway
        /// The grace is over.
        case stop
    }

    enum State: Equatable {
        /// Nothing under way. Exits to `connecting` by `request`.
        case idle
        /// An upstream connection is asked for. Exits to `exchanging`, or to `idle` with an answer of our own.
        case connecting(Request, requestEnded: Bool, hasRetried: Bool)
        /// Exits to `idle` when the response is complete (its connection reads and forgets what may be left of the request),
        /// to `tunnel` by 101.
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
        /// The response's head has gone to the client.
        var hasResponse = false
    }

    /// What the driver does, lowest bit first. Bytes come with the event that they belong to.
    struct Actions: OptionSet, Hashable {
        let rawValue: UInt32

        /// Let the upstream connection go, closed. First of all, so that nothing more is heard of it.
        static let closeUpstream = Actions(rawValue: 1 << 0)
        /// Give the upstream connection back to the pool, for other requests. Before the response is finished, which may
        /// bring the next request at once.
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
        /// Tell the client of a tunnel that this end goes away (close code 1001).
        static let sayFarewell = Actions(rawValue: 1 << 15)
        static let finishResponse = Actions(rawValue: 1 << 16)
        /// Answer with `failure`.
        static let answerFailure = Actions(rawValue: 1 << 17)
        /// Close the client's connection when all that was written has left.
        static let closeClient = Actions(rawValue: 1 << 18)
        /// Close the client's connection at once: a response is cut, and must not be taken for whole.
        static let abortClient = Actions(rawValue: 1 << 19)
        /// Ask the pool for a connection; no matter if new or used. Last of all, because one may be there at once.
        static let acquireUpstream = Actions(rawValue: 1 << 20)
        /// Ask for a new connection: a used one has just died.
        static let acquireNewUpstream = Actions(rawValue: 1 << 21)

        // What belongs together, in the same order.
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

    // Written by the files of this machine only.
    var state = State.idle
    /// What `answerFailure` answers.
    var failure = EdgeAnswer.badGateway

    /// The client has been told to stop sending.
    var isClientPaused = false
    /// The upstream has been told to stop sending.
    var isUpstreamPaused = false

    /// One direction of a tunnel has ended, and the other has not.
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
