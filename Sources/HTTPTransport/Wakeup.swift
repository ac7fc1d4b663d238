import EventLoop

/// One timer for many deadlines. It is only ever moved earlier, because nearly every deadline is cancelled before it
/// expires; the callback checks which deadlines are due, and sets the next one. Confined to its loop.
struct Wakeup {
    private var timer: LoopTimer?
    private var due = MonotonicTime(nanoseconds: .max)

    /// Whether the timer is set later than `deadline`, or not at all.
    func isLater(than deadline: MonotonicTime) -> Bool { deadline < due }

    /// - Parameter wake: called once, on the loop; the timer is unset by then.
    mutating func move(to deadline: MonotonicTime, on loop: Loop, _ wake: @escaping () -> Void) {
        timer?.cancel()
        due = deadline
        timer = loop.schedule(after: deadline - loop.now, wake)
    }

    /// Cancels the timer, or clears it after it has fired.
    mutating func unset() {
        timer?.cancel()
        timer = nil
        due = MonotonicTime(nanoseconds: .max)
    }
}
