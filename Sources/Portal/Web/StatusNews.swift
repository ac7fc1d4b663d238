import Broker
import BrokerCore
import EventLoop
import HTTPTransport

/// What a program of a lab's own page hears on one stream: how the lab is, once each time that it is another way.
@ControlLoop
final class StatusNews {
    private let contact: Contact?
    /// What was said last, but for the clock.
    private var said: [UInt8] = []

    init(contact: Contact?) {
        self.contact = contact
    }

    /// The event that says how the lab is; `nil` if the last one said the same. Time that has gone by is no news.
    func event(_ view: SessionView, now: Timestamp) -> [UInt8]? {
        var status = StayStatus(view, contact: contact, now: now)
        status.now = Timestamp(milliseconds: 0)
        let text = APICoding.encode(status)
        guard text != said else { return nil }
        said = text
        status.now = now
        return ServerSentEvent.event("status", data: String(decoding: APICoding.encode(status), as: UTF8.self))
    }
}
