import Synchronization

/// What other threads want a loop to run, in the order they asked. The one thing of a loop that crosses threads.
struct Mailbox: ~Copyable {
    enum Entry {
        case work(@Sendable () -> Void)
        case job(UnownedJob)
    }

    struct State {
        var entries: [Entry] = []
        /// A wakeup is on its way or the loop is emptying the box: no further one is needed.
        var isAwake = false
        var isSealed = false
    }

    private let state = Mutex(State())

    /// Adds an entry; `wake` is called, inside the lock, when the loop has to be woken. False once the box is sealed.
    func add(_ entry: Entry, wake: () -> Void) -> Bool {
        state.withLock { state in
            guard !state.isSealed else { return false }
            state.entries.append(entry)
            if !state.isAwake {
                state.isAwake = true
                wake()
            }
            return true
        }
    }

    /// Swaps the waiting entries into `batch` (which must be empty). False when there were none: the box sleeps then.
    func take(_ batch: inout [Entry]) -> Bool {
        state.withLock { state in
            if state.entries.isEmpty {
                state.isAwake = false
                return false
            }
            swap(&state.entries, &batch)
            return true
        }
    }

    /// Refuses all further entries, if none waits; the lock makes sure that a wakeup is not under way either.
    func seal() -> Bool {
        state.withLock { state in
            guard state.entries.isEmpty else { return false }
            state.isSealed = true
            return true
        }
    }
}
