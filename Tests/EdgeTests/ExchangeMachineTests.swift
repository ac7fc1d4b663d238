import Testing

@testable import Edge

struct ExchangeMachineTests {
    typealias Event = ExchangeMachine.Event
    typealias Actions = ExchangeMachine.Actions

    static let get = ExchangeMachine.Request(hasBody: false, isIdempotent: true, isWebSocket: false)
    static let post = ExchangeMachine.Request(hasBody: true, isIdempotent: false, isWebSocket: false)
    static let webSocket = ExchangeMachine.Request(hasBody: false, isIdempotent: true, isWebSocket: true)

    /// Feeds the events and returns the actions of the last one.
    @discardableResult
    private func run(_ machine: inout ExchangeMachine, _ events: Event...) -> Actions {
        var last: Actions = []
        for event in events { last = machine.handle(event) }
        return last
    }

    @Test("a request without a body goes there and its response back, and the upstream is kept")
    func plainExchange() {
        var machine = ExchangeMachine()
        #expect(run(&machine, .request(Self.get)) == .acquireUpstream)
        #expect(run(&machine, .requestEnd) == [])
        #expect(run(&machine, .upstreamReady) == [.sendRequestHead, .finishRequest])
        #expect(run(&machine, .responseHead) == .sendResponseHead)
        #expect(run(&machine, .responseBody) == .sendResponseBody)
        #expect(run(&machine, .responseEnd(isReusable: true)) == [.finishResponse, .releaseUpstream])
        #expect(machine.state == .idle)
    }

    @Test("a body waits in the client's socket until there is an upstream")
    func bodyWaits() {
        var machine = ExchangeMachine()
        #expect(run(&machine, .request(Self.post)) == [.pauseClient, .acquireUpstream])
        #expect(run(&machine, .upstreamReady) == [.sendRequestHead, .resumeClient])
        #expect(run(&machine, .requestBody) == .sendRequestBody)
        #expect(run(&machine, .requestEnd) == .finishRequest)
    }

    @Test("a full side holds back the other, once, and lets it go once")
    func backpressure() {
        var machine = ExchangeMachine()
        run(&machine, .request(Self.post), .upstreamReady, .requestBody)
        #expect(run(&machine, .upstreamSaturated) == .pauseClient)
        #expect(run(&machine, .upstreamSaturated) == [])
        #expect(run(&machine, .upstreamDrained) == .resumeClient)
        #expect(run(&machine, .upstreamDrained) == [])
        run(&machine, .requestEnd, .responseHead, .responseBody)
        #expect(run(&machine, .clientSaturated) == .pauseUpstream)
        #expect(run(&machine, .clientSaturated) == [])
        #expect(run(&machine, .clientDrained) == .resumeUpstream)
        #expect(run(&machine, .clientDrained) == [])
    }

    @Test("a response may come and end before its request has: the rest is for nobody")
    func earlyResponse() {
        var machine = ExchangeMachine()
        run(&machine, .request(Self.post), .upstreamReady, .requestBody, .upstreamSaturated)
        #expect(run(&machine, .responseHead) == .sendResponseHead)
        #expect(run(&machine, .responseEnd(isReusable: false)) == [.finishResponse, .closeUpstream])
        #expect(machine.state == .idle)
        #expect(!machine.isClientPaused)
        #expect(run(&machine, .requestBody, .requestEnd) == [])
    }

    @Test("informational responses pass, but not after the final one")
    func informational() {
        var machine = ExchangeMachine()
        run(&machine, .request(Self.get), .requestEnd, .upstreamReady)
        #expect(run(&machine, .responseInformational) == .sendInformational)
        #expect(run(&machine, .responseHead, .responseInformational) == [])
    }

    @Test("a safe failure is retried once, and only once")
    func retry() {
        var machine = ExchangeMachine()
        run(&machine, .request(Self.get), .requestEnd, .upstreamReady)
        let failed = Event.upstreamFailed(.badGateway, isRetrySafe: true)
        #expect(run(&machine, failed) == [.closeUpstream, .acquireNewUpstream])
        #expect(run(&machine, .upstreamReady) == [.sendRequestHead, .finishRequest])
        #expect(run(&machine, failed) == [.closeUpstream, .answerFailure])
        #expect(machine.failure == .badGateway)
        #expect(machine.state == .idle)
    }

    @Test("what could be done twice is not retried: no unsafe method, no body, no response begun")
    func noRetry() {
        let failed = Event.upstreamFailed(.badGateway, isRetrySafe: true)
        var unsafe = ExchangeMachine()
        let delete = ExchangeMachine.Request(hasBody: false, isIdempotent: false, isWebSocket: false)
        run(&unsafe, .request(delete), .requestEnd, .upstreamReady)
        #expect(run(&unsafe, failed) == [.closeUpstream, .answerFailure])

        var withBody = ExchangeMachine()
        let put = ExchangeMachine.Request(hasBody: true, isIdempotent: true, isWebSocket: false)
        run(&withBody, .request(put), .upstreamReady)
        #expect(run(&withBody, failed) == [.closeUpstream, .answerFailure])

        var answered = ExchangeMachine()
        run(&answered, .request(Self.get), .requestEnd, .upstreamReady, .responseHead)
        #expect(run(&answered, failed) == [.closeUpstream, .abortClient])
        #expect(answered.state == .closed)

        var notSafe = ExchangeMachine()
        run(&notSafe, .request(Self.get), .requestEnd, .upstreamReady)
        let broken = Event.upstreamFailed(.badGateway, isRetrySafe: false)
        #expect(run(&notSafe, broken) == [.closeUpstream, .answerFailure])
    }

    @Test("no upstream is answered, and a body that waited is for nobody")
    func unavailable() {
        var machine = ExchangeMachine()
        run(&machine, .request(Self.post))
        let actions = run(&machine, .upstreamFailed(.notAnswering, isRetrySafe: true))
        #expect(actions == [.closeUpstream, .answerFailure])
        #expect(machine.failure == .notAnswering)
    }

    @Test("a client that goes takes its upstream with it, at any moment")
    func clientCloses() {
        let stories: [[Event]] = [
            [.request(Self.post)], [.request(Self.get), .requestEnd, .upstreamReady],
            [.request(Self.get), .requestEnd, .upstreamReady, .responseHead, .responseBody],
            [.request(Self.webSocket), .requestEnd, .upstreamReady, .responseSwitch],
        ]
        for story in stories {
            var machine = ExchangeMachine()
            for event in story { _ = machine.handle(event) }
            #expect(run(&machine, .clientClosed) == .closeUpstream)
            #expect(run(&machine, .upstreamReady) == .closeUpstream, "one that comes too late is not kept")
            #expect(run(&machine, .responseBody, .responseEnd(isReusable: true)) == [])
        }
        var idle = ExchangeMachine()
        #expect(run(&idle, .clientClosed) == [])
    }

    @Test("an upgrade becomes a tunnel, with each direction ending by itself")
    func tunnel() {
        var machine = ExchangeMachine()
        run(&machine, .request(Self.webSocket), .requestEnd, .upstreamReady)
        #expect(run(&machine, .responseSwitch) == .upgradeClient)
        #expect(run(&machine, .upstreamSaturated) == .pauseClient)
        #expect(run(&machine, .upstreamDrained) == .resumeClient)
        #expect(!machine.isHalfOpen)
        #expect(run(&machine, .clientTunnelEnd) == .endTunnelToUpstream)
        #expect(machine.isHalfOpen)
        #expect(run(&machine, .clientSaturated) == .pauseUpstream)
        #expect(run(&machine, .clientDrained) == .resumeUpstream)
        var other = machine
        #expect(run(&machine, .upstreamTunnelEnd) == [.closeUpstream, .closeClient])
        #expect(machine.state == .closed)
        #expect(run(&other, .clientClosed) == .closeUpstream)
    }

    @Test("a tunnel that its upstream ends goes on in the other direction")
    func upstreamEndsFirst() {
        var machine = ExchangeMachine()
        run(&machine, .request(Self.webSocket), .requestEnd, .upstreamReady, .responseSwitch)
        #expect(run(&machine, .upstreamTunnelEnd) == .endTunnelToClient)
        #expect(run(&machine, .upstreamSaturated) == .pauseClient)
        #expect(run(&machine, .clientTunnelEnd) == [.closeUpstream, .closeClient])
    }

    @Test("a tunnel whose upstream breaks off is cut for the client too")
    func brokenTunnel() {
        var machine = ExchangeMachine()
        run(&machine, .request(Self.webSocket), .requestEnd, .upstreamReady, .responseSwitch)
        let broken = Event.upstreamFailed(.badGateway, isRetrySafe: true)
        #expect(run(&machine, broken) == [.closeUpstream, .abortClient])
    }

    @Test("a switch of protocols that nobody asked for is a bad gateway")
    func unaskedSwitch() {
        var machine = ExchangeMachine()
        run(&machine, .request(Self.get), .requestEnd, .upstreamReady)
        #expect(run(&machine, .responseSwitch) == [.closeUpstream, .answerFailure])
        #expect(machine.failure == .badGateway)
    }

    @Test("only the wait for a response's head has an end")
    func timeout() {
        var machine = ExchangeMachine()
        run(&machine, .request(Self.get), .requestEnd, .upstreamReady)
        var streaming = machine
        #expect(run(&machine, .responseHeadTimeout) == [.closeUpstream, .answerFailure])
        #expect(machine.failure == .timeout)
        run(&streaming, .responseHead)
        #expect(run(&streaming, .responseHeadTimeout) == [])
    }

    @Test("when the edge goes away, tunnels are told at once and requests may finish")
    func goingAway() {
        var tunnel = ExchangeMachine()
        run(&tunnel, .request(Self.webSocket), .requestEnd, .upstreamReady, .responseSwitch)
        #expect(run(&tunnel, .goingAway) == [.closeUpstream, .sayFarewell, .closeClient])
        var streaming = ExchangeMachine()
        run(&streaming, .request(Self.get), .requestEnd, .upstreamReady, .responseHead)
        #expect(run(&streaming, .goingAway) == [])
        #expect(run(&streaming, .responseEnd(isReusable: true)) == [.finishResponse, .releaseUpstream])
        #expect(run(&streaming, .goingAway) == .closeClient)
        #expect(run(&streaming, .goingAway) == [])
    }

    @Test("when the grace is over, everything is cut")
    func stop() {
        var streaming = ExchangeMachine()
        run(&streaming, .request(Self.get), .requestEnd, .upstreamReady, .responseHead)
        #expect(run(&streaming, .stop) == [.closeUpstream, .abortClient])
        #expect(run(&streaming, .responseBody, .responseEnd(isReusable: true)) == [])
        var idle = ExchangeMachine()
        #expect(run(&idle, .stop) == .abortClient)
    }
}
