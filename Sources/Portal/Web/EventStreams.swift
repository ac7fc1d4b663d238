import Broker
import BrokerCore
import EventLoop
import HTTPTransport
import HTTPWire

/// The streams of events by which open pages follow their sessions.
@ControlLoop
final class EventStreams {
    private let broker: Broker
    private let renderer: PageRenderer
    private let careful: HeaderFields
    private var following: [UInt64: AsyncStream<[UInt8]>.Continuation] = [:]
    private var lastNumber: UInt64 = 0
    private var hasEnded = false

    /// How soon a browser connects again after the stream broke, in milliseconds; goes first on every stream.
    nonisolated static let opening = Array("retry: 1000\n\n".utf8)
    /// An event and not a comment: the page must notice when it stays away, and cannot see comments.
    nonisolated static let heartbeat = ServerSentEvent.event("alive", data: "1")

    /// - Parameter careful: the fields of every answer of the portal's.
    init(broker: Broker, renderer: PageRenderer, careful: HeaderFields) {
        self.broker = broker
        self.careful = careful
        self.renderer = renderer
    }

    var open: Int { following.count }

    /// Ends every stream, and opens none from now on. The pages come back to whoever runs next.
    func end() {
        hasEnded = true
        for continuation in following.values { continuation.finish() }
    }

    /// The session as it is, then every change: the card as HTML (`panel`), then the view as JSON (`session`).
    ///
    /// Ends when the browser goes.
    func follow(_ id: SessionID, at place: SessionPlace) -> HTTPResponse {
        guard open < PortalLimits.eventStreams, !hasEnded else {
            return HTTPResponse(
                status: 503, fields: ["Retry-After": "5", "Cache-Control": "no-store"], body: .bytes([]))
        }
        let (stream, continuation) = AsyncStream.makeStream(
            of: [UInt8].self, bufferingPolicy: .bufferingNewest(PortalLimits.eventBacklog))
        lastNumber += 1
        let number = lastNumber
        following[number] = continuation
        continuation.yield(Self.opening)
        let views = broker.watch(id)
        let (broker, renderer) = (broker, renderer)
        let changes = Task { @ControlLoop in
            for await view in views { continuation.yield(Self.events(view, at: place, renderer)) }
            continuation.finish()
        }
        let heartbeat = Task { @ControlLoop in
            while true {
                try await Task.sleep(for: PortalLimits.heartbeat)
                // Where the time that is left is shown, it has become less.
                if place == .stay, let view = try? await broker.view(id) {
                    continuation.yield(Self.events(view, at: place, renderer))
                } else {
                    continuation.yield(Self.heartbeat)
                }
            }
        }
        continuation.onTermination = { [weak self] _ in
            changes.cancel()
            heartbeat.cancel()
            Task { @ControlLoop in self?.following[number] = nil }
        }
        var fields = careful
        fields.append("Content-Type", "text/event-stream")
        return HTTPResponse(status: 200, fields: fields, body: .stream(stream))
    }

    nonisolated static func events(_ view: SessionView, at place: SessionPlace, _ renderer: PageRenderer) -> [UInt8] {
        // One element, so that a slow reader never loses half of the pair. The card comes first: the page may leave at
        // the second event.
        ServerSentEvent.event("panel", data: renderer.html(Page.Panel(view, at: place)))
            + ServerSentEvent.event("session", data: String(decoding: APICoding.encode(view), as: UTF8.self))
    }
}
