import Synchronization

/// What a progress page showed, in order, without repetitions.
final class Progress: Sendable {
    struct View: Decodable, Sendable {
        var state: String
        var step: String?
        var queuePosition: Int?
        var reason: String?
    }

    private let shown = Mutex<[String]>([])

    var steps: [String] { shown.withLock { $0 } }

    func add(_ view: View) {
        let step = view.step ?? view.state
        shown.withLock { if $0.last != step { $0.append(step) } }
    }
}

/// Runs the work with a time limit.
func withDeadline<Result: Sendable>(
    _ limit: Duration, _ what: String, _ work: @escaping @Sendable () async throws -> Result
) async throws -> Result {
    // Blocking calls cannot be cancelled; they end by their own timeouts, and no one waits for them.
    let race = Race<Result>()
    Task { race.finish(await Swift.Result { try await work() }) }
    Task {
        try await Task.sleep(for: limit)
        race.finish(.failure(WaitedInVain(what: what, limit: limit, lastSeen: nil)))
    }
    return try await race.value()
}

private final class Race<Value: Sendable>: Sendable {
    private struct State {
        var result: Result<Value, any Error>?
        var waiting: CheckedContinuation<Value, any Error>?
    }
    private let state = Mutex(State())

    func finish(_ result: Result<Value, any Error>) {
        let waiting = state.withLock { state in
            guard state.result == nil else { return nil as CheckedContinuation<Value, any Error>? }
            state.result = result
            return state.waiting
        }
        waiting?.resume(with: result)
    }

    func value() async throws -> Value {
        try await withCheckedThrowingContinuation { continuation in
            let result = state.withLock { state in
                state.waiting = continuation
                return state.result
            }
            if let result { continuation.resume(with: result) }
        }
    }
}

extension Result where Failure == any Error {
    init(_ work: () async throws -> Success) async {
        do { self = .success(try await work()) } catch { self = .failure(error) }
    }
}
