import EventLoop
import HTTPWire
import Testing

@testable import HTTPTransport

@Suite("The machine of a server connection")
struct ServerExchangeTests {
    typealias Actions = ServerExchange.Actions
    typealias Facts = ServerExchange.Facts

    private let start = MonotonicTime(nanoseconds: 1_000_000_000)
    private let withBody = Facts(hasBody: true)

    /// Plays events at one moment and returns the actions of each.
    private func play(
        _ exchange: inout ServerExchange, _ events: [ServerExchange.Event], at now: MonotonicTime? = nil
    ) -> [Actions] {
        events.map { exchange.handle($0, at: now ?? start) }
    }

    private func newExchange() -> ServerExchange { ServerExchange(at: start) }

    private func ok(_ framing: BodyFraming = .length(2), closing: Bool = false) -> ServerExchange.Event {
        .respond(status: 200, framing: framing, wantsClose: closing)
    }

    @Test("An exchange: head, body, end are delivered; the response is written; the next request is read")
    func wholeExchange() {
        var exchange = newExchange()
        let actions = play(
            &exchange, [.head(withBody), .headDelivered, .body(3), .end, ok(), .write(2), .finish])
        #expect(actions == [.deliver, [], .deliver, .deliver, .writeHead, .writeBody, .readOn])
        #expect(exchange.state == .idle)
        #expect(exchange.intake == .parse)
        #expect(exchange.deadline == start + TransportLimits.idleTimeout)
    }

    @Test("While a response is awaited or written the next request is held back, but the client is watched")
    func oneAtATime() {
        var exchange = newExchange()
        _ = play(&exchange, [.head(Facts()), .headDelivered])
        #expect(exchange.intake == .parse)
        _ = play(&exchange, [.end])
        #expect(exchange.intake == .hold)
        #expect(exchange.watchesClient)
        _ = play(&exchange, [ok()])
        #expect(exchange.intake == .hold)
    }

    @Test("100 is sent once the owner has seen the head and wants the body: not when it answers, not while paused")
    func expectContinue() {
        let facts = Facts(hasBody: true, expectsContinue: true)
        var wanted = newExchange()
        #expect(play(&wanted, [.head(facts), .headDelivered, .headDelivered]) == [.deliver, .sendContinue, []])
        #expect(wanted.connectionOption == .none)

        var paused = newExchange()
        let actions = play(&paused, [.head(facts), .pause, .headDelivered, .resume])
        #expect(actions == [.deliver, [], [], [.sendContinue, .readOn]])

        var impatient = newExchange()
        #expect(play(&impatient, [.head(facts), .pause, .body(1), .resume]) == [.deliver, [], .deliver, .readOn])

        // The client may send its body or not, now that it is answered: nothing after it can be told apart.
        var answered = newExchange()
        #expect(
            play(&answered, [.head(facts), ok(), .headDelivered, .write(2), .finish])
                == [.deliver, .writeHead, [], .writeBody, .closeGracefully])
        #expect(answered.connectionOption == .close)
    }

    @Test("A response that is complete before its request: the rest is forgotten up to a limit, then the next is read")
    func earlyResponse() {
        var exchange = newExchange()
        _ = play(&exchange, [.head(withBody), .headDelivered, ok(), .write(2)])
        #expect(play(&exchange, [.finish, .body(1000), .end]) == [.readOn, [], .readOn])
        #expect(exchange.state == .idle)

        var large = newExchange()
        _ = play(&large, [.head(withBody), .headDelivered, ok(), .write(2), .finish])
        let actions = play(&large, [.body(TransportLimits.discardedBytes), .body(1), .end])
        #expect(actions == [[], .closeGracefully, []])
        #expect(large.state == .closing)

        var slow = newExchange()
        _ = play(&slow, [.head(withBody), ok(), .write(2), .finish, .body(1)])
        let due = start + TransportLimits.discardTimeout
        #expect(slow.deadline == due)
        #expect(play(&slow, [.time(queued: 0)], at: due) == [.closeGracefully])
    }

    @Test("A client that does not keep the connection is answered and left, even before its body has come")
    func noKeepAlive() {
        var exchange = newExchange()
        let facts = Facts(hasBody: true, keepsAlive: false)
        _ = play(&exchange, [.head(facts), .headDelivered, ok()])
        #expect(exchange.connectionOption == .close)
        #expect(play(&exchange, [.write(2), .finish, .body(9), .end]) == [.writeBody, .closeGracefully, [], []])
        #expect(exchange.intake == .forget)

        var asked = newExchange()
        _ = play(&asked, [.head(Facts()), .end, ok(closing: true)])
        #expect(asked.connectionOption == .close)
    }

    @Test(
        "The framing is what the client can understand",
        arguments: [
            (BodyFraming.none, 200, false, false, BodyFraming.length(0)),
            (.chunked, 200, false, false, .chunked),
            (.chunked, 200, true, false, .untilClose),
            (.length(5), 200, true, false, .length(5)),
            (.length(5), 204, false, false, .none),
            (.chunked, 304, false, false, .none),
            (.length(5), 200, false, true, .length(5)),
            (.none, 200, false, true, .none),
            (.untilClose, 200, false, true, .none),
            (.untilClose, 200, false, false, .untilClose),
        ])
    func framing(asked: BodyFraming, status: Int, isHTTP10: Bool, isHEAD: Bool, expected: BodyFraming) {
        var exchange = newExchange()
        let facts = Facts(isHTTP10: isHTTP10, isHEAD: isHEAD)
        _ = play(&exchange, [.head(facts), .end, .respond(status: status, framing: asked, wantsClose: false)])
        #expect(exchange.framing == expected)
        #expect(exchange.connectionOption == (expected == .untilClose ? .close : isHTTP10 ? .keepAlive : .none))
        // Without a body on the wire, what the owner writes is dropped, and nothing is missing at the end.
        guard isHEAD || expected == .none else { return }
        #expect(play(&exchange, [.write(5), .finish]) == [[], .readOn])
    }

    @Test("An owner that leaves hears of no further request, and cuts what it has not finished")
    func leaving() {
        var idle = newExchange()
        _ = play(&idle, [.head(Facts()), .headDelivered, .end, ok(.length(0)), .finish])
        #expect(play(&idle, [.leave, .leave]) == [.closeGracefully, []])
        #expect(idle.intake == .forget)
        #expect(play(&idle, [.bytes, .head(Facts()), .malformed]) == [[], [], []])

        var early = newExchange()
        _ = play(&early, [.head(withBody), .headDelivered, ok(.length(0)), .finish])
        #expect(play(&early, [.leave, .body(1), .end]) == [.closeGracefully, [], []])

        var begun = newExchange()
        _ = play(&begun, [.head(Facts()), .headDelivered, .end, ok()])
        #expect(play(&begun, [.leave]) == [.close])

        var tunnel = newExchange()
        _ = play(&tunnel, [.head(Facts()), .headDelivered, .end, .upgrade])
        #expect(play(&tunnel, [.leave]) == [.closeGracefully])
        #expect(tunnel.intake == .forget)
    }

    @Test("A chunked body is ended; too many or too few bytes cut the connection")
    func bodyLength() {
        var chunked = newExchange()
        _ = play(&chunked, [.head(Facts()), .end, ok(.chunked)])
        #expect(play(&chunked, [.write(7), .write(0), .finish]) == [.writeBody, [], [.endBody, .readOn]])

        var long = newExchange()
        _ = play(&long, [.head(Facts()), .end, ok(.length(2)), .write(1)])
        #expect(play(&long, [.write(2), .finish]) == [.close, []])

        var short = newExchange()
        _ = play(&short, [.head(Facts()), .end, ok(.length(2)), .write(1)])
        #expect(play(&short, [.finish, .write(1)]) == [.close, []])
        #expect(short.state == .closed)
    }

    @Test("Malformed input is answered and told to the owner, but cuts a response that has begun")
    func malformed() {
        var idle = newExchange()
        #expect(play(&idle, [.malformed]) == [[.fail, .answerError, .closeGracefully]])
        #expect(play(&idle, [.head(Facts()), .malformed, ok(), .finish]) == [[], [], [], []])

        var body = newExchange()
        _ = play(&body, [.head(withBody), .headDelivered])
        #expect(play(&body, [.malformed, ok()]) == [[.fail, .answerError, .closeGracefully], []])

        var begun = newExchange()
        _ = play(&begun, [.head(withBody), .headDelivered, ok()])
        #expect(play(&begun, [.malformed, .write(2), .finish]) == [.close, [], []])

        var finished = newExchange()
        _ = play(&finished, [.head(withBody), ok(), .write(2), .finish])
        #expect(play(&finished, [.malformed]) == [.closeGracefully])
    }

    @Test("The head has an absolute deadline from its first byte; a dripping client does not move it")
    func headDeadline() {
        var exchange = newExchange()
        #expect(exchange.deadline == start + TransportLimits.idleTimeout)
        let first = start + .seconds(20)
        _ = play(&exchange, [.bytes], at: first)
        _ = play(&exchange, [.bytes], at: first + .seconds(9))
        let due = first + TransportLimits.headTimeout
        #expect(exchange.deadline == due)
        #expect(play(&exchange, [.time(queued: 0)], at: due + .nanoseconds(-1)) == [[]])
        #expect(play(&exchange, [.time(queued: 0)], at: due) == [[.fail, .answerError, .closeGracefully]])
    }

    @Test("An idle connection is closed without a word")
    func idleDeadline() {
        var exchange = newExchange()
        #expect(play(&exchange, [.time(queued: 0)], at: start + TransportLimits.idleTimeout) == [.closeGracefully])
        #expect(exchange.state == .closing)
    }

    @Test("A body must go on coming at the least rate, unless its reader has paused")
    func bodyDeadline() {
        var exchange = newExchange()
        _ = play(&exchange, [.head(withBody), .headDelivered])
        let later = start + .seconds(20)
        _ = play(&exchange, [.body(2 * TransportLimits.minimumBodyRate)], at: later)
        #expect(exchange.deadline == start + TransportLimits.bodyTimeout + .seconds(2))
        _ = play(&exchange, [.body(64 * TransportLimits.minimumBodyRate)], at: later)
        #expect(exchange.deadline == later + TransportLimits.bodyTimeout, "no time is saved up")
        _ = play(&exchange, [.pause], at: later)
        #expect(exchange.deadline == nil)
        #expect(exchange.intake == .hold)
        #expect(!exchange.watchesClient)
        let resumed = later + .seconds(1000)
        #expect(play(&exchange, [.resume], at: resumed) == [.readOn])
        let due = resumed + TransportLimits.bodyTimeout
        #expect(exchange.deadline == due)
        #expect(play(&exchange, [.time(queued: 0)], at: due) == [[.fail, .answerError, .closeGracefully]])
    }

    @Test("A byte of the body now and then gives no more time than it would have taken")
    func drippingBody() {
        var exchange = newExchange()
        _ = play(&exchange, [.head(withBody), .headDelivered])
        for second in stride(from: 10, to: 30, by: 10) {
            _ = play(&exchange, [.body(1), .time(queued: 0)], at: start + .seconds(second))
            #expect(exchange.state == .exchange(.body, .awaited))
        }
        let due = start + TransportLimits.bodyTimeout + .milliseconds(2)
        #expect(play(&exchange, [.time(queued: 0)], at: due) == [[.fail, .answerError, .closeGracefully]])

        var timeouts = ServerTimeouts()
        timeouts.minimumBodyRate = 0
        var free = ServerExchange(at: start, timeouts: timeouts)
        _ = play(&free, [.head(withBody), .headDelivered])
        _ = play(&free, [.body(1)], at: start + .seconds(20))
        #expect(free.deadline == start + .seconds(20) + TransportLimits.bodyTimeout)
    }

    @Test("While the owner thinks there is no deadline")
    func noDeadlineForTheOwner() {
        var exchange = newExchange()
        _ = play(&exchange, [.head(withBody), .headDelivered, .body(1), .end])
        #expect(exchange.deadline == nil)
        #expect(play(&exchange, [.time(queued: 0)], at: start + .seconds(100_000)) == [[]])
    }

    @Test("A client that takes nothing for too long is cut off; one that takes enough is not, however much is added")
    func writeDeadline() {
        let much = 100 * TransportLimits.minimumBodyRate
        var exchange = newExchange()
        _ = play(&exchange, [.head(Facts()), .end, ok(.chunked), .write(9), .queue(before: 0, after: 10 * much)])
        let due = start + TransportLimits.writeTimeout
        #expect(exchange.deadline == due)
        // Adding more does not move it.
        _ = play(&exchange, [.queue(before: 10 * much, after: 20 * much)], at: start + .seconds(5))
        #expect(exchange.deadline == due)
        // Taking some does.
        _ = play(&exchange, [.queue(before: 15 * much, after: 25 * much)], at: start + .seconds(50))
        #expect(exchange.deadline == start + .seconds(50) + TransportLimits.writeTimeout)
        #expect(play(&exchange, [.time(queued: 24 * much)], at: start + .seconds(110)) == [[]])
        #expect(exchange.deadline == start + .seconds(170))
        var cut = exchange
        #expect(play(&cut, [.time(queued: 24 * much)], at: start + .seconds(170)) == [.close])
        _ = play(&exchange, [.queue(before: 0, after: 0)], at: start + .seconds(120))
        #expect(exchange.deadline == nil)
    }

    @Test("A client that takes a byte now and then is cut off all the same")
    func drippingReader() {
        var exchange = newExchange()
        _ = play(&exchange, [.head(Facts()), .end, ok(.chunked), .write(9), .queue(before: 0, after: 1000)])
        _ = play(&exchange, [.queue(before: 999, after: 2000)], at: start + .seconds(30))
        let due = start + TransportLimits.writeTimeout + .milliseconds(2)
        #expect(play(&exchange, [.time(queued: 1999)], at: due) == [.close])

        var timeouts = ServerTimeouts()
        timeouts.minimumBodyRate = 0
        var free = ServerExchange(at: start, timeouts: timeouts)
        _ = play(&free, [.head(Facts()), .end, ok(.chunked), .write(9), .queue(before: 0, after: 1000)])
        #expect(play(&free, [.time(queued: 999)], at: start + TransportLimits.writeTimeout) == [[]])
        #expect(free.deadline == start + TransportLimits.writeTimeout + TransportLimits.writeTimeout)
    }

    @Test("A last response that the client does not take does not keep the connection for ever")
    func writeDeadlineAtTheEnd() {
        var exchange = newExchange()
        _ = play(
            &exchange,
            [.head(Facts(keepsAlive: false)), .end, ok(), .write(2), .queue(before: 0, after: 2), .finish])
        #expect(exchange.state == .closing)
        #expect(play(&exchange, [.time(queued: 2)], at: start + TransportLimits.writeTimeout) == [.close])
    }

    @Test(
        "The end of the client: between requests it ends the connection, in a body it cuts it, later the owner is told")
    func clientEnd() {
        var idle = newExchange()
        #expect(play(&idle, [.clientEnd(inputLeft: false)]) == [.closeGracefully])

        var head = newExchange()
        #expect(play(&head, [.bytes, .clientEnd(inputLeft: false)]) == [[], .closeGracefully])

        var body = newExchange()
        #expect(play(&body, [.head(withBody), .clientEnd(inputLeft: false)]) == [.deliver, .close])

        var unread = newExchange()
        let end = ServerExchange.Event.clientEnd(inputLeft: true)
        #expect(play(&unread, [.head(withBody), end, .body(1), .end]) == [.deliver, [], .deliver, .deliver])

        var complete = newExchange()
        _ = play(&complete, [.head(Facts()), .end])
        #expect(
            play(&complete, [end, end, ok(), .write(2), .finish]) == [.notifyEnd, [], .writeHead, .writeBody, .readOn])
        #expect(play(&complete, [.clientEnd(inputLeft: false)]) == [.closeGracefully])
    }

    @Test("A tunnel begins with 101, passes bytes, pauses, and hears of the client's end after its last bytes")
    func tunnel() {
        var exchange = newExchange()
        _ = play(&exchange, [.head(Facts()), .headDelivered])
        #expect(play(&exchange, [.upgrade]) == [[.writeHead, .readOn]])
        #expect(exchange.intake == .tunnel)
        #expect(exchange.deadline == nil)
        #expect(play(&exchange, [.pause]) == [[]])
        #expect(exchange.intake == .hold)
        #expect(play(&exchange, [.clientEnd(inputLeft: true), .resume]) == [[], .readOn])
        #expect(play(&exchange, [.clientEnd(inputLeft: false), .clientEnd(inputLeft: false)]) == [.notifyEnd, []])
        #expect(play(&exchange, [ok(), .finish, .malformed]) == [[], [], []])
        #expect(play(&exchange, [.finishTunnel, .finishTunnel]) == [.closeGracefully, []])

        var ours = newExchange()
        _ = play(&ours, [.head(Facts()), .end, .upgrade])
        #expect(
            play(&ours, [.finishTunnel, .clientEnd(inputLeft: false)]) == [
                .endWriting, [.notifyEnd, .closeGracefully],
            ])
    }

    @Test("No tunnel for a request with a body that has not come, nor after a response has begun")
    func noTunnel() {
        var body = newExchange()
        #expect(play(&body, [.head(withBody), .upgrade]) == [.deliver, []])
        var answered = newExchange()
        #expect(play(&answered, [.head(Facts()), .end, ok(), .upgrade]) == [.deliver, .deliver, .writeHead, []])
    }

    @Test("Informational responses go before the final one, never to HTTP/1.0")
    func informational() {
        var exchange = newExchange()
        _ = play(&exchange, [.head(Facts()), .end])
        #expect(
            play(
                &exchange,
                [.inform(status: 103), .inform(status: 101), .inform(status: 200), ok(), .inform(status: 103)])
                == [.writeHead, [], [], .writeHead, []])
        var old = newExchange()
        #expect(play(&old, [.head(Facts(isHTTP10: true)), .end, .inform(status: 103)]) == [.deliver, .deliver, []])
    }

    @Test("Whatever events come in whatever order, no request is delivered twice, and after the end nothing is written")
    func randomEvents() {
        var random = SystemRandomNumberGenerator()
        let seed = UInt64.random(in: 0...UInt64.max, using: &random)
        var generator = SeededGenerator(seed: seed)
        let all: [ServerExchange.Event] = [
            .bytes, .head(Facts()), .head(withBody), .head(Facts(isHTTP10: true, keepsAlive: false)), .headDelivered,
            .body(10), .body(100_000), .end, .malformed, .clientEnd(inputLeft: false), .clientEnd(inputLeft: true),
            .inform(status: 103), ok(), ok(.chunked), ok(closing: true), .write(1), .write(2), .finish, .upgrade,
            .pause,
            .leave, .resume, .queue(before: 0, after: 5), .queue(before: 0, after: 0), .time(queued: 5),
        ]
        let writing: Actions = [.sendContinue, .writeHead, .writeBody, .endBody, .answerError]
        for _ in 0..<300 {
            var exchange = newExchange()
            var now = start
            var ended = false
            for _ in 0..<60 {
                let event = all.randomElement(using: &generator)!
                let before = exchange.state
                now = now + .seconds(Int64.random(in: 0...20, using: &generator))
                let actions = exchange.handle(event, at: now)
                if ended { #expect(actions.isDisjoint(with: writing.union(.deliver)), "seed \(seed)") }
                if case .exchange = before, case .head = event { #expect(actions == [], "seed \(seed)") }
                let isOver = exchange.state == .closing || exchange.state == .closed
                #expect(!ended || isOver, "seed \(seed): came back to life")
                ended = isOver
                if ended { #expect(exchange.intake == .forget) }
            }
        }
    }
}

/// SplitMix64: one seed, one sequence.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64
    init(seed: UInt64) { state = seed }
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return value ^ (value >> 31)
    }
}
