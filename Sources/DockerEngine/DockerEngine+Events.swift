import EventLoop
import Foundation
import HTTPTransport

extension DockerEngine {
    /// `SystemEvents`: what happens to containers that bear every one of the labels, from now on.
    ///
    /// The stream ends or throws when the connection does. An engine may also fall silent for ever with the connection
    /// open: the caller keeps a heartbeat by `ping()` and a full list at intervals, and gives the stream up with them.
    public func events(labels: [String: String]) async throws(EngineError) -> AsyncThrowingStream<
        EngineEvent, any Error
    > {
        let filters = Self.filters([
            "type": ["container"], "label": Self.words(labels), "event": ["start", "die", "oom", "destroy"],
        ])
        let operation = "GET /events"
        let chunks: AsyncThrowingStream<[UInt8], any Error>
        do {
            let (head, body) = try await client.stream(
                request("GET", "/events?filters=\(filters)", body: []), to: address,
                timeout: EngineLimits.questionTimeout)
            guard head.status == 200 else {
                throw EngineError(
                    code: .refused(status: head.status), message: "\(endpoint): \(operation): status \(head.status)")
            }
            chunks = body
        } catch {
            throw wrap(error, operation)
        }
        let endpoint = endpoint
        return AsyncThrowingStream { continuation in
            let reader = Task {
                var decoder = EventLines()
                do {
                    for try await chunk in chunks {
                        for event in try decoder.feed(chunk) { continuation.yield(event) }
                    }
                    continuation.finish()
                } catch {
                    continuation.finish(
                        throwing: EngineError(
                            code: .unreachable, message: "\(endpoint): \(operation): the stream broke: \(error)"))
                }
            }
            continuation.onTermination = { _ in reader.cancel() }
        }
    }
}

/// JSON objects, one after the other, from a stream cut anywhere. Docker ends each with a newline.
struct EventLines {
    private var buffer: [UInt8] = []

    /// - Throws: `EngineError.protocolViolation` for a line over `EngineLimits.eventLineBytes` or one that is no event.
    mutating func feed(_ bytes: [UInt8]) throws(EngineError) -> [EngineEvent] {
        buffer += bytes
        var events: [EngineEvent] = []
        var start = buffer.startIndex
        while let end = buffer[start...].firstIndex(of: UInt8(ascii: "\n")) {
            let line = buffer[start..<end].filter { $0 != UInt8(ascii: "\r") }
            start = end + 1
            guard !line.isEmpty else { continue }
            do {
                events.append(try JSONDecoder().decode(EngineEvent.self, from: Data(line)))
            } catch {
                throw EngineError(
                    code: .protocolViolation,
                    message: "an event cannot be read: \(String(decoding: line.prefix(200), as: UTF8.self))")
            }
        }
        buffer.removeFirst(start - buffer.startIndex)
        guard buffer.count <= EngineLimits.eventLineBytes else {
            throw EngineError(
                code: .protocolViolation, message: "an event is longer than \(EngineLimits.eventLineBytes) bytes")
        }
        return events
    }
}
