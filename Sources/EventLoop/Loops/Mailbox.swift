import Synchronization

/// The work that other threads have queued for a loop, in FIFO order. The only part of a loop that other threads touch.
struct Mailbox: ~Copyable {
    enum Entry {
        case work(@Sendable () -> Void)
        case job(UnownedJob)
    }

    struct State {
        var entries: [Entry] = []
        /// A wakeup is pending or the loop is emptying the mailbox, so no further wakeup is needed.
        var isAwake = false
        var isSealed = false
    }

    private let state = Mutex(State())

    /// Adds an entry; calls `wake`, under the lock, when the loop has to be woken. Returns false once the mailbox is
    /// sealed.
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

    /// Swaps the queued entries into `batch`, which must be empty. Returns false if there were none; then the next
    /// `add` wakes the loop.
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

    /// Rejects all further entries, unless some are queued; the lock ensures that no wakeup is in progress either.
    func seal() -> Bool {
        state.withLock { state in
            guard state.entries.isEmpty else { return false }
            state.isSealed = true
            return true
        }
    }
}
