import EventLoop
import HTTPWire

@testable import HTTPTransport

/// What the tests of the machine of a server connection have in common: events in, actions out.
protocol PlaysExchange {}

extension PlaysExchange {
    typealias Actions = ServerExchange.Actions
    typealias Facts = ServerExchange.Facts

    var start: MonotonicTime { MonotonicTime(nanoseconds: 1_000_000_000) }
    var withBody: Facts { Facts(hasBody: true) }

    func newExchange() -> ServerExchange { ServerExchange(at: start) }

    /// Plays events at one moment and returns the actions of each.
    func play(
        _ exchange: inout ServerExchange, _ events: [ServerExchange.Event], at now: MonotonicTime? = nil
    ) -> [Actions] {
        events.map { exchange.handle($0, at: now ?? start) }
    }

    func ok(_ framing: BodyFraming = .length(2), closing: Bool = false) -> ServerExchange.Event {
        .respond(status: 200, framing: framing, wantsClose: closing)
    }
}
