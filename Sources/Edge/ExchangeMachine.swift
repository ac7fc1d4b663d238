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
    }

    private(set) var state = State.idle
    /// What `answerFailure` answers.
    private(set) var failure = EdgeAnswer.badGateway

    /// The client has been told to stop sending.
    private(set) var isClientPaused = false
    /// The upstream has been told to stop sending.
    private(set) var isUpstreamPaused = false

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

// MARK: - The request

extension ExchangeMachine {
    private mutating func begin(_ request: Request) -> Actions {
        guard case .idle = state else { preconditionFailure("a request came before the last one was answered") }
        state = .connecting(request, requestEnded: false, hasRetried: false)
        guard request.hasBody else { return .acquireUpstream }
        // The body waits in the client's socket, not here.
        isClientPaused = true
        return [.pauseClient, .acquireUpstream]
    }

    private mutating func upstreamReady() -> Actions {
        guard case .connecting(let request, let requestEnded, let hasRetried) = state else { return .closeUpstream }
        state = .exchanging(Exchanging(request: request, requestEnded: requestEnded, hasRetried: hasRetried))
        var actions: Actions = .sendRequestHead
        if requestEnded { actions.insert(.finishRequest) }
        if isClientPaused {
            isClientPaused = false
            actions.insert(.resumeClient)
        }
        return actions
    }

    private mutating func requestBody() -> Actions {
        switch state {
        case .exchanging(var exchange):
            exchange.hasSentBody = true
            state = .exchanging(exchange)
            return .sendRequestBody
        case .closed, .idle, .tunnel:
            return []
        case .connecting:
            preconditionFailure("a body came from a client that was told to wait")
        }
    }

    private mutating func requestEnd() -> Actions {
        switch state {
        case .connecting(let request, _, let hasRetried):
            state = .connecting(request, requestEnded: true, hasRetried: hasRetried)
            return []
        case .exchanging(var exchange):
            exchange.requestEnded = true
            state = .exchanging(exchange)
            return .finishRequest
        case .idle, .tunnel, .closed:
            return []
        }
    }
}

// MARK: - The response

extension ExchangeMachine {
    private mutating func informational() -> Actions {
        guard case .exchanging(let exchange) = state, !exchange.hasResponse else { return [] }
        return .sendInformational
    }

    private mutating func responseHead() -> Actions {
        guard case .exchanging(var exchange) = state else { return [] }
        exchange.hasResponse = true
        state = .exchanging(exchange)
        return .sendResponseHead
    }

    private mutating func responseBody() -> Actions {
        guard case .exchanging = state else { return [] }
        return .sendResponseBody
    }

    private mutating func responseEnd(isReusable: Bool) -> Actions {
        guard case .exchanging = state else { return [] }
        settle()
        return [.finishResponse, isReusable ? .releaseUpstream : .closeUpstream]
    }

    /// The exchange is over. A pause of the client ends with its request; a pause of the upstream with its connection's.
    private mutating func settle() {
        state = .idle
        isUpstreamPaused = false
        isClientPaused = false
    }

    private mutating func upstreamFailed(_ answer: EdgeAnswer, isRetrySafe: Bool) -> Actions {
        switch state {
        case .connecting:
            return fail(with: answer)
        case .exchanging(let exchange):
            if exchange.hasResponse {
                state = .closed
                return [.closeUpstream, .abortClient]
            }
            let mayRetry = isRetrySafe && !exchange.hasRetried && exchange.request.isIdempotent
            if mayRetry, !exchange.request.hasBody, !exchange.hasSentBody {
                state = .connecting(exchange.request, requestEnded: exchange.requestEnded, hasRetried: true)
                return [.closeUpstream, .acquireNewUpstream]
            }
            return fail(with: answer)
        case .tunnel:
            state = .closed
            return [.closeUpstream, .abortClient]
        case .idle, .closed:
            return []
        }
    }

    private mutating func fail(with answer: EdgeAnswer) -> Actions {
        failure = answer
        settle()
        return [.closeUpstream, .answerFailure]
    }

    private mutating func timeout() -> Actions {
        guard case .exchanging(let exchange) = state, !exchange.hasResponse else { return [] }
        return fail(with: .timeout)
    }
}

// MARK: - The tunnel, backpressure, endings

extension ExchangeMachine {
    private mutating func responseSwitch() -> Actions {
        guard case .exchanging(let exchange) = state else { return [] }
        guard exchange.request.isWebSocket, exchange.requestEnded else {
            return fail(with: .badGateway)
        }
        state = .tunnel(clientEnded: false, upstreamEnded: false)
        return .upgradeClient
    }

    private mutating func tunnelEnd(_ event: Event) -> Actions {
        guard case .tunnel(var clientEnded, var upstreamEnded) = state else { return [] }
        var actions: Actions = []
        if event == .clientTunnelEnd, !clientEnded {
            clientEnded = true
            actions = .endTunnelToUpstream
        } else if event == .upstreamTunnelEnd, !upstreamEnded {
            upstreamEnded = true
            actions = .endTunnelToClient
        }
        if clientEnded && upstreamEnded {
            state = .closed
            return [.closeUpstream, .closeClient]
        }
        state = .tunnel(clientEnded: clientEnded, upstreamEnded: upstreamEnded)
        return actions
    }

    /// The side that is full holds back the other.
    private mutating func pressure(_ event: Event) -> Actions {
        switch state {
        case .exchanging, .tunnel: break
        case .idle, .connecting, .closed: return []
        }
        switch event {
        case .upstreamSaturated where !isClientPaused:
            isClientPaused = true
            return .pauseClient
        case .upstreamDrained where isClientPaused:
            isClientPaused = false
            return .resumeClient
        case .clientSaturated where !isUpstreamPaused:
            isUpstreamPaused = true
            return .pauseUpstream
        case .clientDrained where isUpstreamPaused:
            isUpstreamPaused = false
            return .resumeUpstream
        default:
            return []
        }
    }

    private mutating func clientClosed() -> Actions {
        defer { state = .closed }
        switch state {
        case .connecting, .exchanging, .tunnel: return .closeUpstream
        case .idle, .closed: return []
        }
    }

    /// A browser opens its WebSockets again by itself, so they do not hold up the end; a request does.
    private mutating func goingAway() -> Actions {
        switch state {
        case .idle:
            state = .closed
            return .closeClient
        case .tunnel:
            state = .closed
            return [.closeUpstream, .sayFarewell, .closeClient]
        case .connecting, .exchanging, .closed:
            return []
        }
    }

    private mutating func stop() -> Actions {
        defer { state = .closed }
        switch state {
        case .connecting, .exchanging, .tunnel: return [.closeUpstream, .abortClient]
        case .idle, .closed: return .abortClient
        }
    }
}
