import EventLoop
import HTTPWire
import Testing

@testable import HTTPTransport

@Suite("The machine of a server connection")
struct ServerExchangeTests: PlaysExchange {
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
}
