import Broker
import BrokerCore
import EventLoop
import HTTPTransport

/// The status events for a program of a lab's own page on one stream: one each time that the status changes.
@ControlLoop
final class StatusNews {
    private let contact: Contact?
    /// The last event, without the clock.
    private var said: [UInt8] = []

    init(contact: Contact?) {
        self.contact = contact
    }

    /// The event with the current status; `nil` if the last one said the same. The passage of time alone is not a
    /// change.
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
