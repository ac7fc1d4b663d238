import EventLoop
import HTTPWire

// The effect of each event. Nothing outside this file changes an exchange.
extension ServerExchange {
    mutating func handle(_ event: Event, at now: MonotonicTime) -> Actions {
        switch event {
        case .bytes: return headBegan(at: now)
        case .head(let facts): return received(facts, at: now)
        case .headDelivered: return headDelivered(at: now)
        case .body(let count): return receivedBody(count, at: now)
        case .end: return receivedEnd(at: now)
        case .malformed: return refuse()
        case .clientEnd(let inputLeft): return clientEnded(inputLeft: inputLeft)
        case .inform(let status): return inform(status)
        case .respond(let status, let framing, let wantsClose):
            return respond(status: status, framing: framing, wantsClose: wantsClose)
        case .write(let count): return write(count)
        case .finish: return finish(at: now)
        case .upgrade: return upgrade()
        case .finishTunnel: return finishTunnel()
        case .leave: return leave()
        case .pause:
            isPaused = true
            if case .exchange(.body, _) = state { wait = nil }
            return []
        case .resume: return resume(at: now)
        case .queue(let before, let after):
            noteQueue(before: before, after: after, at: now)
            return []
        case .time(let queued): return timeCame(queued: queued, at: now)
        }
    }

    /// The channel is closed.
    mutating func didClose() { _ = abort() }

    /// The owner leaves the connection, which closes when the queued bytes have been sent.
    mutating func leave() { _ = closeGracefully() }

    // MARK: The request

    private mutating func headBegan(at now: MonotonicTime) -> Actions {
        guard state == .idle else { return [] }
        state = .head
        // An absolute deadline: it does not move when a byte arrives now and then.
        wait = now + timeouts.head
        return []
    }

    private mutating func received(_ facts: Facts, at now: MonotonicTime) -> Actions {
        guard state == .idle || state == .head else { return [] }
        self.facts = facts
        keepsAlive = facts.keepsAlive
        owesContinue = facts.expectsContinue
        isPaused = false
        state = .exchange(.body, .awaited)
        wait = facts.hasBody ? now + timeouts.body : nil
        return .deliver
    }

    private mutating func headDelivered(at now: MonotonicTime) -> Actions {
        guard state == .exchange(.body, .awaited), owesContinue, !isPaused else { return [] }
        owesContinue = false
        wait = now + timeouts.body
        return .sendContinue
    }

    private mutating func receivedBody(_ count: Int, at now: MonotonicTime) -> Actions {
        owesContinue = false
        switch state {
        case .exchange(.body, _):
            wait = bodyDeadline(after: count, at: now)
            return .deliver
        case .exchange(.discarding(let left), let response):
            guard count <= left else { return closeGracefully() }
            state = .exchange(.discarding(left: left - count), response)
            return []
        case .exchange(.complete, _), .idle, .head, .tunnel, .closing, .closed:
            return []
        }
    }

    /// A piece of the body extends its deadline by the time that it takes at the minimum rate, and never further than
    /// `timeouts.body` from now.
    private func bodyDeadline(after count: Int, at now: MonotonicTime) -> MonotonicTime {
        let latest = now + timeouts.body
        return wait.map { min(latest, $0 + timeouts.earned(by: count, atMost: timeouts.body)) } ?? latest
    }

    private mutating func receivedEnd(at now: MonotonicTime) -> Actions {
        switch state {
        case .exchange(.body, let response):
            state = .exchange(.complete, response)
            wait = nil
            return .deliver
        case .exchange(.discarding, _):
            return nextRequest(at: now)
        case .exchange(.complete, _), .idle, .head, .tunnel, .closing, .closed:
            return []
        }
    }

    private mutating func resume(at now: MonotonicTime) -> Actions {
        guard isPaused else { return [] }
        isPaused = false
        switch state {
        case .exchange(.body, _):
            if facts.hasBody { wait = now + timeouts.body }
            return headDelivered(at: now).union(.readOn)
        case .tunnel:
            return .readOn
        case .exchange, .idle, .head, .closing, .closed:
            return []
        }
    }

    private mutating func clientEnded(inputLeft: Bool) -> Actions {
        switch state {
        case .idle, .head:
            return inputLeft ? [] : closeGracefully()
        case .exchange(.body, .awaited), .exchange(.body, .body), .exchange(.body, .finished):
            return inputLeft ? [] : abort()
        case .exchange(.discarding, _):
            return inputLeft ? [] : closeGracefully()
        case .tunnel:
            if inputLeft { return [] }
            let notice = noteClientEnd()
            return ownerHasEnded ? notice.union(closeGracefully()) : notice
        case .exchange(.complete, _):
            return noteClientEnd()
        case .closing, .closed:
            return []
        }
    }

    private mutating func noteClientEnd() -> Actions {
        if clientHasEnded { return [] }
        clientHasEnded = true
        return .notifyEnd
    }

    // MARK: The response

    private func inform(_ status: Int) -> Actions {
        // HTTP/1.0 has no informational responses; for 101 there is `upgrade`.
        guard awaitsResponse, !facts.isHTTP10, (102..<200).contains(status) else { return [] }
        return .writeHead
    }

    private mutating func respond(status: Int, framing asked: BodyFraming, wantsClose: Bool) -> Actions {
        guard case .exchange(let request, .awaited) = state else { return [] }
        framing = Self.framing(asked, status: status, facts: facts)
        // A client that still waits for 100 may or may not send its body now, so the next bytes would be ambiguous.
        keepsAlive = keepsAlive && !wantsClose && !owesContinue && framing != .untilClose
        let left: Int64? =
            switch framing {
            case .none: 0
            case .length(let length): length
            case .chunked, .untilClose: nil
            }
        state = .exchange(request, .body(left: left))
        return .writeHead
    }

    /// The framing that this client understands (RFC 9112, section 6.3).
    private static func framing(_ asked: BodyFraming, status: Int, facts: Facts) -> BodyFraming {
        if status < 200 || status == 204 || status == 304 { return .none }
        if facts.isHEAD { return asked == .untilClose ? .none : asked }
        switch asked {
        case .none: return .length(0)
        case .chunked: return facts.isHTTP10 ? .untilClose : .chunked
        case .length, .untilClose: return asked
        }
    }

    private mutating func write(_ count: Int) -> Actions {
        guard case .exchange(let request, .body(let left)) = state, sendsBody, count > 0 else { return [] }
        guard let left else { return .writeBody }
        // More than was announced would be parsed as the beginning of the next response.
        guard count <= left else { return abort() }
        state = .exchange(request, .body(left: left - Int64(count)))
        return .writeBody
    }

    private mutating func finish(at now: MonotonicTime) -> Actions {
        guard case .exchange(let request, .body(let left)) = state else { return [] }
        // Less than was announced: the client would wait for the rest.
        if let left, left > 0, !facts.isHEAD { return abort() }
        let ending: Actions = framing == .chunked && !facts.isHEAD ? .endBody : []
        guard keepsAlive else { return ending.union(closeGracefully()) }
        guard request == .complete else {
            state = .exchange(.discarding(left: TransportLimits.discardedBytes), .finished)
            isPaused = false
            wait = now + timeouts.discard
            return ending.union(.readOn)
        }
        return ending.union(nextRequest(at: now))
    }

    private mutating func nextRequest(at now: MonotonicTime) -> Actions {
        guard keepsAlive else { return closeGracefully() }
        state = .idle
        isPaused = false
        wait = now + timeouts.idle
        return .readOn
    }

    private mutating func upgrade() -> Actions {
        guard case .exchange(let request, .awaited) = state, request == .complete || !facts.hasBody else { return [] }
        state = .tunnel
        framing = .none
        isPaused = false
        wait = nil
        return [.writeHead, .readOn]
    }

    private mutating func finishTunnel() -> Actions {
        guard state == .tunnel, !ownerHasEnded else { return [] }
        ownerHasEnded = true
        return clientHasEnded ? closeGracefully() : .endWriting
    }

    // MARK: Failure and the end

    private mutating func leave() -> Actions {
        switch state {
        case .idle, .head, .exchange(_, .awaited), .exchange(_, .finished), .tunnel: return closeGracefully()
        // A partial response must not be taken for a complete one.
        case .exchange(_, .body): return abort()
        case .closing, .closed: return []
        }
    }

    /// Handles a client's fault: responds with an error, unless a response has begun.
    private mutating func refuse() -> Actions {
        switch state {
        case .idle, .head, .exchange(_, .awaited):
            keepsAlive = false
            return closeGracefully().union([.fail, .answerError])
        case .exchange(_, .body):
            return abort()
        case .exchange(_, .finished):
            return closeGracefully()
        case .tunnel, .closing, .closed:
            return []
        }
    }

    private mutating func closeGracefully() -> Actions {
        state = .closing
        wait = nil
        return .closeGracefully
    }

    private mutating func abort() -> Actions {
        state = .closed
        wait = nil
        stall = nil
        return .close
    }

    private mutating func noteQueue(before: Int, after: Int, at now: MonotonicTime) {
        stall = state == .closed ? nil : Stall.after(stall, before: before, after: after, at: now, timeouts)
    }

    private mutating func timeCame(queued: Int, at now: MonotonicTime) -> Actions {
        if let stall, stall.until <= now {
            noteQueue(before: queued, after: queued, at: now)
            if let after = self.stall, after.until <= now { return abort() }
        }
        guard let wait, wait <= now else { return [] }
        switch state {
        case .idle: return closeGracefully()
        case .head, .exchange(.body, _), .exchange(.discarding, _): return refuse()
        case .exchange(.complete, _), .tunnel, .closing, .closed: return []
        }
    }
}
