import EventLoop
import HTTPWire

/// What a server connection may do now: the rules of one HTTP/1.1 connection on the server's side, without any I/O.
///
/// Events and the time go in, actions come out; `HTTPServerConnection` carries them out. One exchange (a request and its
/// response) runs at a time. Its two halves go their own ways: a response may begin, and even end, before the request has.
struct ServerExchange: Equatable {
    enum State: Equatable {
        /// Between requests, nothing of the next one has come. Exits: `head`, `exchange`, `closing`.
        case idle
        /// A request's head has begun to come. Exits: `exchange`, `closing`.
        case head
        /// A request was delivered. Exits: `idle` when both halves are done, `tunnel`, `closing`, `closed`.
        case exchange(Request, Response)
        /// The protocol was switched: bytes pass as they are. Exits: `closing` when both sides have ended.
        case tunnel
        /// The last response is out; nothing that still comes counts. Exits: `closed`.
        case closing
        case closed
    }

    /// The request's half.
    enum Request: Equatable {
        /// More of it comes, if only its end.
        case body
        case complete
        /// The response is done; the rest is read and forgotten, up to so many bytes.
        case discarding(left: Int)
    }

    /// The response's half.
    enum Response: Equatable {
        case awaited
        /// The head was written; nil where the length is not known beforehand.
        case body(left: Int64?)
        case finished
    }

    /// What the connection has to know of a request's head.
    struct Facts: Equatable {
        var isHTTP10 = false
        var isHEAD = false
        var hasBody = false
        var keepsAlive = true
        var expectsContinue = false
    }

    enum Event: Equatable {
        /// Bytes came that do not complete a request's head.
        case bytes
        case head(Facts)
        /// The owner has seen the head, and may have answered.
        case headDelivered
        case body(Int)
        case end
        /// What came is no valid HTTP.
        case malformed
        /// The client will send nothing more. `inputLeft`: but some of what it sent is not parsed yet.
        case clientEnd(inputLeft: Bool)
        /// The owner sends an informational response.
        case inform(status: Int)
        /// The owner begins the response.
        case respond(status: Int, framing: BodyFraming, wantsClose: Bool)
        case write(Int)
        case finish
        case upgrade
        /// The owner ends its side of the tunnel.
        case finishTunnel
        case pause
        case resume
        /// A write: so many bytes waited for the client to take them, and wait now. Both zero when it took all.
        case queue(before: Int, after: Int)
        /// The time that `deadline` named may have come; so many bytes wait.
        case time(queued: Int)
    }

    /// What to do, in this order.
    struct Actions: OptionSet, Equatable {
        let rawValue: UInt16
        /// Hand the piece to the owner.
        static let deliver = Actions(rawValue: 1 << 0)
        /// Write the interim response 100.
        static let sendContinue = Actions(rawValue: 1 << 1)
        /// Write the response's head, with `framing` and `connectionOption`.
        static let writeHead = Actions(rawValue: 1 << 2)
        /// Write the piece of the body, framed.
        static let writeBody = Actions(rawValue: 1 << 3)
        /// Write the end of a chunked body.
        static let endBody = Actions(rawValue: 1 << 4)
        /// Tell the owner that its exchange, if it had one, has failed.
        static let fail = Actions(rawValue: 1 << 5)
        /// Write an error response in the owner's stead.
        static let answerError = Actions(rawValue: 1 << 6)
        /// Tell the owner that the client has ended its side.
        static let notifyEnd = Actions(rawValue: 1 << 7)
        /// Read on, first what was held back.
        static let readOn = Actions(rawValue: 1 << 8)
        /// Send what was written, then end our side.
        static let endWriting = Actions(rawValue: 1 << 9)
        /// Send what was written, end our side, forget what still comes, close.
        static let closeGracefully = Actions(rawValue: 1 << 10)
        /// Close at once: the client must not take what it got for whole.
        static let close = Actions(rawValue: 1 << 11)
    }

    /// What is to be done with bytes from the client.
    enum Intake: Equatable {
        case parse, tunnel, hold, forget
    }

    /// The option of the Connection field in a response.
    enum ConnectionOption: Equatable {
        case none, close, keepAlive
    }

    private(set) var state = State.idle
    private(set) var facts = Facts()
    /// How the current response's body is framed: what the owner asked for, as far as this client understands it.
    private(set) var framing = BodyFraming.none
    /// When `Event.time` is due, if nothing happens before.
    var deadline: MonotonicTime? {
        guard let stall else { return wait }
        return wait.map { min($0, stall.until) } ?? stall.until
    }

    private let timeouts: ServerTimeouts
    private var keepsAlive = true
    private var owesContinue = false
    private var isPaused = false
    private var clientHasEnded = false
    private var ownerHasEnded = false
    private var wait: MonotonicTime?
    private var stall: Stall?

    /// Bytes wait, and the client has to take some by then.
    private struct Stall: Equatable {
        var queued: Int
        var until: MonotonicTime
    }

    init(at now: MonotonicTime, timeouts: ServerTimeouts = ServerTimeouts()) {
        self.timeouts = timeouts
        wait = now + timeouts.idle
    }

    var intake: Intake {
        switch state {
        case .idle, .head: .parse
        case .exchange(.body, _): isPaused ? .hold : .parse
        case .exchange(.complete, _): .hold
        case .exchange(.discarding, _): .parse
        case .tunnel: isPaused ? .hold : .tunnel
        case .closing, .closed: .forget
        }
    }

    /// Whether the socket should be read although `intake` holds bytes back: to hear of a client that has gone.
    var watchesClient: Bool {
        if case .exchange(.complete, _) = state { true } else { false }
    }

    var connectionOption: ConnectionOption {
        if !keepsAlive { return .close }
        return facts.isHTTP10 ? .keepAlive : .none
    }

    /// Whether the owner may begin a response.
    var awaitsResponse: Bool {
        if case .exchange(_, .awaited) = state { true } else { false }
    }

    /// Whether pieces of the response's body are written, rather than dropped.
    var sendsBody: Bool {
        if case .exchange(_, .body) = state { !facts.isHEAD && framing != .none } else { false }
    }
}

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

    // MARK: The request

    private mutating func headBegan(at now: MonotonicTime) -> Actions {
        guard state == .idle else { return [] }
        state = .head
        // An absolute deadline: sending a byte now and then does not move it.
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
            wait = now + timeouts.body
            return .deliver
        case .exchange(.discarding(let left), let response):
            guard count <= left else { return closeGracefully() }
            state = .exchange(.discarding(left: left - count), response)
            return []
        case .exchange(.complete, _), .idle, .head, .tunnel, .closing, .closed:
            return []
        }
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
        // HTTP/1.0 knows no informational responses; 101 is what `upgrade` is for.
        guard awaitsResponse, !facts.isHTTP10, (102..<200).contains(status) else { return [] }
        return .writeHead
    }

    private mutating func respond(status: Int, framing asked: BodyFraming, wantsClose: Bool) -> Actions {
        guard case .exchange(let request, .awaited) = state else { return [] }
        framing = Self.framing(asked, status: status, facts: facts)
        // A client that still waits for 100 may or may not send its body now: what follows could be either.
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

    /// What the client can tell the end of the body by (RFC 9112, section 6.3).
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
        // More than was announced would be read as the beginning of the next response.
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

    /// The client is at fault: told so, unless a response has begun.
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
        guard after > 0, state != .closed else {
            stall = nil
            return
        }
        // Only what the client takes moves the deadline, not what is added.
        let until = stall.flatMap { before < $0.queued ? nil : $0.until } ?? now + timeouts.write
        stall = Stall(queued: after, until: until)
    }

    private mutating func timeCame(queued: Int, at now: MonotonicTime) -> Actions {
        if let stall, stall.until <= now {
            if queued >= stall.queued { return abort() }
            noteQueue(before: queued, after: queued, at: now)
        }
        guard let wait, wait <= now else { return [] }
        switch state {
        case .idle: return closeGracefully()
        case .head, .exchange(.body, _), .exchange(.discarding, _): return refuse()
        case .exchange(.complete, _), .tunnel, .closing, .closed: return []
        }
    }
}
