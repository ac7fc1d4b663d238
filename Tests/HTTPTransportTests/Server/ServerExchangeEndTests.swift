import EventLoop
import SeededRandom
import Testing

@testable import HTTPTransport

@Suite("How a server connection ends, or becomes a tunnel")
struct ServerExchangeEndTests: PlaysExchange {
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

    @Test("Whatever events come in whatever order, no request is delivered twice, and after the end nothing is written")
    func randomEvents() {
        var random = SystemRandomNumberGenerator()
        let seed = UInt64.random(in: 0...UInt64.max, using: &random)
        var generator = SplitMix64(seed: seed)
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
