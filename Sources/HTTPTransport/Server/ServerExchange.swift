import EventLoop
import HTTPWire

/// What a server connection may do now: the rules of the server side of one HTTP/1.1 connection, without any I/O.
///
/// Events and the time go in, actions come out; `HTTPServerConnection` carries them out. One exchange (a request and
/// its response) is in progress at a time. Its two halves are independent: a response may begin, and even end, before
/// the request has.
struct ServerExchange: Equatable {
    enum State: Equatable {
        /// Between requests; no byte of the next one has arrived. Exits: `head`, `exchange`, `closing`.
        case idle
        /// A request's head has begun to arrive. Exits: `exchange`, `closing`.
        case head
        /// A request was delivered. Exits: `idle` when both halves are done, `tunnel`, `closing`, `closed`.
        case exchange(Request, Response)
        /// The protocol was switched: bytes pass through unchanged. Exits: `closing` when both sides have ended.
        case tunnel
        /// The last response was sent; further input is ignored. Exits: `closed`.
        case closing
        case closed
    }

    /// The state of the request.
    enum Request: Equatable {
        /// More of it follows, if only its end.
        case body
        case complete
        /// The response is complete; the rest of the request is read and discarded, up to this many bytes.
        case discarding(left: Int)
    }

    /// The state of the response.
    enum Response: Equatable {
        case awaited
        /// The head was written; `left` is nil if the length is not known beforehand.
        case body(left: Int64?)
        case finished
    }

    /// The facts about a request's head that matter to the exchange.
    struct Facts: Equatable {
        var isHTTP10 = false
        var isHEAD = false
        var hasBody = false
        var keepsAlive = true
        var expectsContinue = false
    }

    enum Event: Equatable {
        /// Bytes arrived that do not complete a request's head.
        case bytes
        case head(Facts)
        /// The owner has received the head, and may have responded.
        case headDelivered
        case body(Int)
        case end
        /// The input is not valid HTTP.
        case malformed
        /// The client has half-closed. `inputLeft`: some of its input is not parsed yet.
        case clientEnd(inputLeft: Bool)
        /// The owner sends an informational response.
        case inform(status: Int)
        /// The owner begins the response.
        case respond(status: Int, framing: BodyFraming, wantsClose: Bool)
        case write(Int)
        case finish
        case upgrade
        /// The owner half-closes its side of the tunnel.
        case finishTunnel
        /// The owner wants no further request, nor anything more from the tunnel.
        case leave
        case pause
        case resume
        /// A write, with the number of queued bytes before and after it. Both are zero if nothing had to be
        /// queued.
        case queue(before: Int, after: Int)
        /// The `deadline` may have passed; `queued` bytes are queued.
        case time(queued: Int)
    }

    /// The actions to take, in this order.
    struct Actions: OptionSet, Equatable {
        let rawValue: UInt16
        /// Deliver the piece to the owner.
        static let deliver = Actions(rawValue: 1 << 0)
        /// Write the interim response 100.
        static let sendContinue = Actions(rawValue: 1 << 1)
        /// Write the response's head, with `framing` and `connectionOption`.
        static let writeHead = Actions(rawValue: 1 << 2)
        /// Write the piece of the body, framed.
        static let writeBody = Actions(rawValue: 1 << 3)
        /// Write the end of a chunked body.
        static let endBody = Actions(rawValue: 1 << 4)
        /// Tell the owner that its exchange, if any, has failed.
        static let fail = Actions(rawValue: 1 << 5)
        /// Write an error response on the owner's behalf.
        static let answerError = Actions(rawValue: 1 << 6)
        /// Tell the owner that the client has half-closed.
        static let notifyEnd = Actions(rawValue: 1 << 7)
        /// Resume reading, starting with held bytes.
        static let readOn = Actions(rawValue: 1 << 8)
        /// Send the queued bytes, then half-close our side.
        static let endWriting = Actions(rawValue: 1 << 9)
        /// Send the queued bytes, half-close our side, discard further input, close.
        static let closeGracefully = Actions(rawValue: 1 << 10)
        /// Close immediately: the client must not take a partial response for a complete one.
        static let close = Actions(rawValue: 1 << 11)
    }

    /// How to treat bytes from the client.
    enum Intake: Equatable {
        case parse, tunnel, hold, forget
    }

    /// The option of the Connection field in a response.
    enum ConnectionOption: Equatable {
        case none, close, keepAlive
    }

    var state = State.idle
    var facts = Facts()
    /// How the current response's body is framed: as the owner requested, as far as this client supports it.
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

    /// Bytes are queued, and the client must accept some by the deadline.
    struct Stall: Equatable {
        var queued: Int
        var until: MonotonicTime

        /// After a write, with the number of queued bytes before and after it. Only bytes that the client accepts
        /// extend the deadline, not bytes that are added.
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

    /// Whether to read the socket although `intake` holds bytes back: to detect a client that is gone.
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

    /// Whether pieces of the response's body are written rather than dropped.
    var sendsBody: Bool {
        if case .exchange(_, .body) = state { !facts.isHEAD && framing != .none } else { false }
    }
}
