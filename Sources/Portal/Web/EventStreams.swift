import Broker
import BrokerCore
import EventLoop
import HTTPTransport
import HTTPWire
import Identity

/// The event streams by which open pages follow their sessions.
@ControlLoop
final class EventStreams {
    private let broker: Broker
    private let interval: Duration
    private var following: [UInt64: AsyncStream<[UInt8]>.Continuation] = [:]
    private var held: [Holder: Int] = [:]
    private var lastNumber: UInt64 = 0
    private var hasEnded = false

    /// A person on one hostname.
    private struct Holder: Hashable {
        var portal: PortalID
        var learner: String
        /// `nil` on the portal's hostname.
        var lab: SessionID?
    }

    /// How soon a browser reconnects after the stream broke, in milliseconds; sent first on every stream.
    nonisolated static let opening = Array("retry: 1000\n\n".utf8)
    /// An event rather than a comment: the page must notice when it is missing, and cannot see comments.
    nonisolated static let heartbeat = ServerSentEvent.event("alive", data: "1")

    /// - Parameter interval: the time between two heartbeats.
    init(broker: Broker, interval: Duration = PortalLimits.heartbeat) {
        self.broker = broker
        self.interval = interval
    }

    var open: Int { following.count }

    /// Ends every stream, and opens none from now on. The pages reconnect to the next process.
    func end() {
        hasEnded = true
        for continuation in following.values { continuation.finish() }
    }

    /// Sends the session's current state, then every change: the card as HTML (`panel`), then the learner's view as
    /// JSON (`session`); to a program of a lab's own page, the text to show (`status`).
    ///
    /// Ends when the browser disconnects. A stream beyond the limit is refused, and retried later; if an older one were
    /// ended instead, pages would take streams from one another endlessly.
    ///
    /// - Parameter responses: those of the page's portal, as they are now.
    func follow(_ view: SessionView, at place: SessionPlace, with responses: PageResponses) -> HTTPResponse {
        let id = view.id
        let isOnPortal = if case .portal = place { true } else { false }
        let holder = Holder(portal: view.portal, learner: view.learner, lab: isOnPortal ? nil : id)
        let isOneTooMany = held[holder, default: 0] >= PortalLimits.eventStreamsPerPerson
        guard open < PortalLimits.eventStreams, !isOneTooMany, !hasEnded else {
            return HTTPResponse(
                status: isOneTooMany ? 429 : 503, fields: ["Retry-After": "5", "Cache-Control": "no-store"],
                body: .bytes([]))
        }
        held[holder, default: 0] += 1
        let (stream, continuation) = AsyncStream.makeStream(
            of: [UInt8].self, bufferingPolicy: .bufferingNewest(PortalLimits.eventBacklog))
        lastNumber += 1
        let number = lastNumber
        following[number] = continuation
        continuation.yield(Self.opening)
        let views = broker.watch(id)
        let (broker, renderer, interval, scope) = (broker, responses.renderer, interval, Scope.portal(view.portal))
        let news = place == .notice ? StatusNews(contact: renderer.contact) : nil
        let changes = Task { @ControlLoop in
            for await view in views {
                if let news {
                    if let event = news.event(view, now: .now) { continuation.yield(event) }
                } else {
                    continuation.yield(Self.events(view, at: place, renderer))
                }
            }
            continuation.finish()
        }
        let heartbeat = Task { @ControlLoop in
            while true {
                try await Task.sleep(for: interval)
                var event = Self.heartbeat
                if let news {
                    // The end can come near without a change of the session, for example when its host is drained.
                    if let view = try? await broker.view(id, in: scope) { event = news.event(view, now: .now) ?? event }
                } else if place == .stay, let view = try? await broker.view(id, in: scope) {
                    // The remaining time is shown here, and has decreased.
                    event = Self.events(view, at: place, renderer)
                }
                continuation.yield(event)
            }
        }
        continuation.onTermination = { [weak self] _ in
            changes.cancel()
            heartbeat.cancel()
            Task { @ControlLoop in self?.letGo(number, of: holder) }
        }
        var fields = responses.careful
        fields.append("Content-Type", "text/event-stream")
        return HTTPResponse(status: 200, fields: fields, body: .stream(stream))
    }

    private func letGo(_ number: UInt64, of holder: Holder) {
        guard following.removeValue(forKey: number) != nil, let count = held[holder] else { return }
        held[holder] = count > 1 ? count - 1 : nil
    }

    /// The events for a page; `StatusNews` has those for a program.
    nonisolated static func events(_ view: SessionView, at place: SessionPlace, _ renderer: PageRenderer) -> [UInt8] {
        // One element, so that a slow reader never loses half of the pair. The card comes first, because the page may
        // navigate away at the second event.
        return ServerSentEvent.event("panel", data: renderer.html(Page.Panel(view, at: place)))
            + ServerSentEvent.event(
                "session", data: String(decoding: APICoding.encode(LearnerView(view)), as: UTF8.self))
    }
}
