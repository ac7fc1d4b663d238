// A request on its way to the upstream, and the response back.
extension ExchangeMachine {
    mutating func begin(_ request: Request) -> Actions {
        guard case .idle = state else { preconditionFailure("a request came before the last one was answered") }
        state = .connecting(request, requestEnded: false, hasRetried: false)
        guard request.hasBody else { return .acquireUpstream }
        // The body stays in the client's socket and is not buffered here.
        isClientPaused = true
        return [.pauseClient, .acquireUpstream]
    }

    mutating func upstreamReady() -> Actions {
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

    mutating func requestBody() -> Actions {
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

    mutating func requestEnd() -> Actions {
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
    mutating func informational() -> Actions {
        guard case .exchanging(let exchange) = state, !exchange.hasResponse else { return [] }
        return .sendInformational
    }

    mutating func responseHead() -> Actions {
        guard case .exchanging(var exchange) = state else { return [] }
        exchange.hasResponse = true
        state = .exchanging(exchange)
        return .sendResponseHead
    }

    mutating func responseBody() -> Actions {
        guard case .exchanging = state else { return [] }
        return .sendResponseBody
    }

    mutating func responseEnd(isReusable: Bool) -> Actions {
        guard case .exchanging = state else { return [] }
        settle()
        return [.finishResponse, isReusable ? .releaseUpstream : .closeUpstream]
    }

    /// The exchange is over. A pause of the client ends with its request, a pause of the upstream with its connection.
    mutating func settle() {
        state = .idle
        isUpstreamPaused = false
        isClientPaused = false
    }

    mutating func upstreamFailed(_ answer: EdgeAnswer, isRetrySafe: Bool) -> Actions {
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

    mutating func fail(with answer: EdgeAnswer) -> Actions {
        failure = answer
        settle()
        return [.closeUpstream, .answerFailure]
    }

    mutating func timeout() -> Actions {
        guard case .exchanging(let exchange) = state, !exchange.hasResponse else { return [] }
        return fail(with: .timeout)
    }
}
