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
        /// The response is done; what is left of the request is read and dropped, up to this many bytes.
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
        /// The owner wants no further request, nor anything more of the tunnel.
        case leave
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

    var state = State.idle
    var facts = Facts()
    /// How the current response's body is framed: what the owner asked for, as far as this client understands it.
    var framing = BodyFraming.none
    /// When `Event.time` is due, if nothing happens before.
    var deadline: MonotonicTime? {
        guard let stall else { return wait }
        return wait.map { min($0, stall.until) } ?? stall.until
    }

    let timeouts: ServerTimeouts
    var keepsAlive = true
    var owesContinue = false
    var isPaused = false
    var clientHasEnded = false
    var ownerHasEnded = false
    var wait: MonotonicTime?
    var stall: Stall?

    /// Bytes wait, and the client has to take some by then.
    struct Stall: Equatable {
        var queued: Int
        var until: MonotonicTime

        /// After a write: so many bytes waited before it, and wait now. Only what the client takes moves the deadline,
        /// not what is added.
        static func after(
            _ stall: Stall?, before: Int, after: Int, at now: MonotonicTime, _ timeouts: ServerTimeouts
        ) -> Stall? {
            guard after > 0 else { return nil }
            let latest = now + timeouts.write
            guard let stall else { return Stall(queued: after, until: latest) }
            let taken = timeouts.earned(by: max(0, stall.queued - before), atMost: timeouts.write)
            return Stall(queued: after, until: min(latest, stall.until + taken))
        }
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
