import EventLoop
import Foundation
import HTTPTransport
import HTTPWire

extension DockerEngine {
    /// `SystemEvents`: events (start, die, oom, destroy), from now on, of containers that have all of the labels.
    ///
    /// The stream ends or throws `EngineError` when the connection does; dropping it, or cancelling its reader, closes
    /// the connection. **An engine may also fall silent for ever with the connection open**, which cannot be told from
    /// a time without events: the caller must send heartbeats by `ping()`, call `list` at intervals, and drop the
    /// stream when a heartbeat fails. Events missed in between are found only by the list.
    public func events(
        labels: [String: String]
    ) async throws(EngineError) -> AsyncThrowingStream<EngineEvent, any Error> {
        let filters = Self.filters([
            "type": ["container"], "label": Self.words(labels), "event": ["start", "die", "oom", "destroy"],
        ])
        let operation = "GET /events"
        let version = try await negotiatedVersion()
        let answer: (head: ResponseHead, body: AsyncThrowingStream<[UInt8], any Error>)
        do throws(HTTPClientError) {
            answer = try await client.stream(
                request("GET", "/v\(version)/events?filters=\(filters)"), to: address,
                timeout: EngineLimits.questionTimeout)
        } catch {
            throw wrap(error, operation)
        }
        guard answer.head.status == 200 else {
            throw EngineError(
                code: .refused(status: answer.head.status),
                message: "\(endpoint): \(operation): status \(answer.head.status)")
        }
        let reader = EventReader(answer.body, source: "\(endpoint): \(operation)")
        return AsyncThrowingStream { try await reader.next() }
    }
}

/// Decodes the pieces of a response into events on demand; only the rest of one piece is buffered here.
@ControlLoop
private final class EventReader {
    private let pieces: AsyncThrowingStream<[UInt8], any Error>.AsyncIterator
    private let source: String
    private var lines = JSONLines<EventBody>()
    private var waiting: ArraySlice<EngineEvent> = []

    init(_ pieces: AsyncThrowingStream<[UInt8], any Error>, source: String) {
        self.pieces = pieces.makeAsyncIterator()
        self.source = source
    }

    func next() async throws -> EngineEvent? {
        // The iterator is a handle: a copy continues at the same position.
        var pieces = pieces
        do {
            while true {
                if let event = waiting.popFirst() { return event }
                guard let piece = try await pieces.next(isolation: ControlLoop.shared) else { return nil }
                waiting = try lines.feed(piece).map { EngineEvent($0) }[...]
            }
        } catch let error as HTTPClientError {
            throw EngineError(code: .unreachable, message: "\(source): the stream broke: \(error.message)")
        } catch let error as EngineError {
            throw EngineError(code: error.code, message: "\(source): \(error.message)")
        }
    }
}
