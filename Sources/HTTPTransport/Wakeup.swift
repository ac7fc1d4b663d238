import EventLoop

/// One timer for many deadlines: it is only ever moved to an earlier one, because nearly every deadline is gone before it
/// comes; whoever is woken looks what is due, and asks for the next. Confined to its loop.
struct Wakeup {
    private var timer: LoopTimer?
    private var due = MonotonicTime(nanoseconds: .max)

    /// Whether the deadline comes before what is waited for.
    func isLater(than deadline: MonotonicTime) -> Bool { deadline < due }

    /// - Parameter wake: called once, on the loop; the timer is unset by then.
    mutating func move(to deadline: MonotonicTime, on loop: Loop, _ wake: @escaping () -> Void) {
        timer?.cancel()
        due = deadline
        timer = loop.schedule(after: deadline - loop.now, wake)
    }

    /// Nothing is waited for, or what was has come.
    mutating func unset() {
        timer?.cancel()
        timer = nil
        due = MonotonicTime(nanoseconds: .max)
    }
}
