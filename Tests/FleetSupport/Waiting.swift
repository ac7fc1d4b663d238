import Dispatch
import Foundation
import Synchronization

/// A condition that a test waited for and that was not met in time.
struct WaitedInVain: Error, CustomStringConvertible {
    let what: String
    let limit: Duration
    let lastSeen: String?

    var description: String {
        "waited \(limit) in vain until \(what)" + (lastSeen.map { "; last seen: \($0)" } ?? "")
    }
}

/// An answer that cannot be understood, or none at all.
struct FleetError: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}

/// Polls `probe` until it returns an answer. A probe that throws is retried too; on timeout the message contains the
/// last error.
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

/// `eventually` for a condition without a result.
func eventually(
    _ what: String, within limit: Duration = .seconds(30), every pause: Duration = .milliseconds(100),
    holds probe: () async throws -> Bool
) async throws {
    _ = try await eventually(what, within: limit, every: pause) { try await probe() ? true : nil }
}

/// Threads for blocking system calls, so that none of Swift's few threads ever blocks on a socket.
private let blockingThreads = DispatchQueue(label: "fleet.blocking", attributes: .concurrent)

/// Runs blocking work on a separate thread and suspends until it is done.
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

/// Unix time in milliseconds, like Carrel's timestamps.
func nowMilliseconds() -> Int64 { Int64(Date().timeIntervalSince1970 * 1000) }

/// A flag that only the first caller sets. Any thread.
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
