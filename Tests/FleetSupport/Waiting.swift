import Dispatch
import Foundation
import Synchronization

/// Something that a test waited for and that did not come in time.
struct WaitedInVain: Error, CustomStringConvertible {
    let what: String
    let limit: Duration
    let lastSeen: String?

    var description: String {
        "waited \(limit) in vain until \(what)" + (lastSeen.map { "; last seen: \($0)" } ?? "")
    }
}

/// An answer that makes no sense, or none at all.
struct FleetError: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}

/// Asks `probe` again and again until it has an answer. A probe that throws is asked again too; what it threw last is in
/// the message if time runs out.
@discardableResult
func eventually<Answer: Sendable>(
    _ what: String, within limit: Duration = .seconds(30), every pause: Duration = .milliseconds(100),
    _ probe: () async throws -> Answer?
) async throws -> Answer {
    let clock = ContinuousClock()
    let deadline = clock.now + limit
    var lastSeen: String?
    while true {
        do {
            if let answer = try await probe() { return answer }
        } catch let error as CancellationError {
            throw error
        } catch {
            lastSeen = "\(error)"
        }
        if clock.now >= deadline { throw WaitedInVain(what: what, limit: limit, lastSeen: lastSeen) }
        try await Task.sleep(for: pause)
    }
}

/// `eventually` for a condition without an answer of its own.
func eventually(
    _ what: String, within limit: Duration = .seconds(30), every pause: Duration = .milliseconds(100),
    holds probe: () async throws -> Bool
) async throws {
    _ = try await eventually(what, within: limit, every: pause) { try await probe() ? true : nil }
}

/// Threads for blocking system calls, so that none of Swift's few own threads ever waits for a socket.
private let blockingThreads = DispatchQueue(label: "fleet.blocking", attributes: .concurrent)

/// Runs blocking work on a thread of its own and waits for it without blocking.
func blocking<Result: Sendable>(_ work: @escaping @Sendable () throws -> Result) async throws -> Result {
    try await withCheckedThrowingContinuation { continuation in
        blockingThreads.async {
            continuation.resume(with: Swift.Result { try work() })
        }
    }
}

extension Duration {
    var milliseconds: Double {
        Double(components.seconds) * 1000 + Double(components.attoseconds) / 1e15
    }
}

/// Unix time in milliseconds, as Carrel's timestamps have it.
func nowMilliseconds() -> Int64 { Int64(Date().timeIntervalSince1970 * 1000) }

/// Something that happens once, whoever comes first. Any thread.
final class Once: Sendable {
    private let state = Mutex(false)

    var hasHappened: Bool { state.withLock { $0 } }

    /// True for the first caller.
    func isFirst() -> Bool {
        state.withLock { happened in
            defer { happened = true }
            return !happened
        }
    }
}
