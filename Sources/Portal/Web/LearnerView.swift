import Broker
import BrokerCore

/// The session as its learner's own pages and programs see it. It contains nothing for operators: no host, no image, no
/// reason in operators' words.
public struct LearnerView: Hashable, Sendable, Codable {
    public var id: SessionID
    /// As in `SessionView.state`.
    public var state: String
    /// While starting, the step as in `SessionView.step`.
    public var step: String?
    /// The position while queued: 1 is next.
    public var queuePosition: Int?
    public var queueLength: Int?
    /// Why it waits, or has ended, in the words of its page.
    public var reason: String?

    init(_ view: SessionView, now: Timestamp = .now) {
        id = view.id
        state = view.state
        step = view.step
        queuePosition = view.queuePosition
        queueLength = view.queueLength
        let panel = Page.Panel(view, at: .portal(view.id), now: now)
        reason = (panel.problem ?? panel.paragraphs.first)?.plain
    }
}
