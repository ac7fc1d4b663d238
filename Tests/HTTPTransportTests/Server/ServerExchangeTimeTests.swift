import EventLoop
import Testing

@testable import HTTPTransport

@Suite("What a server connection waits for, and how long")
struct ServerExchangeTimeTests: PlaysExchange {
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
}
