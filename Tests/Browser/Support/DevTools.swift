import EventLoop
import HTTPTransport

@testable import FleetSupport

/// The Chrome DevTools Protocol over one WebSocket, by which a test observes and controls the browser. Confined to the
/// control loop, like the product's own client, which carries it.
@ControlLoop
final class DevTools {
    struct Event: Sendable {
        var method: String
        var parameters: JSON
    }

    /// The browser's error for a command, or the end of the connection.
    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    /// How long the browser may take to answer a command; a busy machine is slow.
    static let patience = Duration.seconds(60)

    private let client = HTTPClient()
    private let socket: WebSocketConnection
    private var lastID = 0
    private var waiting: [Int: CheckedContinuation<Result<JSON, Failure>, Never>] = [:]
    private var listeners: [String: (Event) -> Void] = [:]
    private var ending: Failure?

    /// - Parameter path: as the browser wrote it to `DevToolsActivePort`.
    init(port: Int, path: String) async throws {
        socket = try await client.upgrade(
            HTTPClientRequest(method: "GET", target: path, authority: "127.0.0.1:\(port)"),
            to: .tcp(host: "127.0.0.1", port: port), timeout: Self.patience)
        Task { await self.read() }
    }

    /// Sends a command and waits for its result.
    ///
    /// - Parameter session: the session of the tab that it is for; `nil` for the browser itself.
    @discardableResult
    func call(_ method: String, _ parameters: JSON = [:], in session: String? = nil) async throws -> JSON {
        if let ending { throw ending }
        lastID += 1
        let id = lastID
        var message: [String: JSON] = ["id": .number(Double(id)), "method": .string(method), "params": parameters]
        if let session { message["sessionId"] = .string(session) }
        let text = try JSON.object(message).text
        let timer = ControlLoop.loop.schedule(after: Self.patience) {
            ControlLoop.assumeIsolated {
                self.answer(id, .failure(Failure(description: "\(method): no answer within \(Self.patience)")))
            }
        }
        defer { timer.cancel() }
        let result = await withCheckedContinuation { continuation in
            waiting[id] = continuation
            Task {
                do { try await socket.send(.text(text)) } catch {
                    answer(id, .failure(Failure(description: "\(method): \(error)")))
                }
            }
        }
        do { return try result.get() } catch { throw Failure(description: "\(method): \(error.description)") }
    }

    /// Delivers a tab's events to its listener, in order; each session has one listener.
    func listen(to session: String, _ listener: ((Event) -> Void)?) { listeners[session] = listener }

    private func read() async {
        do {
            while let message = try await socket.receive() {
                guard case .text(let text) = message else { continue }
                receive(try JSON(parsing: text))
            }
            end("the browser closed the connection")
        } catch {
            end("\(error)")
        }
    }

    private func receive(_ message: JSON) {
        if let id = message["id"].number {
            let error = message["error"]
            let why = [error["message"].string, error["data"].string].compactMap(\.self).joined(separator: ": ")
            answer(Int(id), error.isNull ? .success(message["result"]) : .failure(Failure(description: why)))
        } else if let method = message["method"].string, let session = message["sessionId"].string {
            listeners[session]?(Event(method: method, parameters: message["params"]))
        }
    }

    private func answer(_ id: Int, _ result: Result<JSON, Failure>) {
        waiting.removeValue(forKey: id)?.resume(returning: result)
    }

    private func end(_ why: String) {
        let failure = Failure(description: why)
        ending = failure
        for id in waiting.keys { answer(id, .failure(failure)) }
    }
}
