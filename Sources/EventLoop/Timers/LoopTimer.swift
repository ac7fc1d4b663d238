/// A body that runs once on its loop, at a later tick. Made by ``Loop/schedule(after:_:)``; confined to the loop's
/// thread.
///
/// It lives in one of the wheel's lists until it fires or is cancelled; either releases the body.
public final class LoopTimer {
    let tick: Int64
    var body: (() -> Void)?
    var next: LoopTimer?
    // The list owns its members through `next`; these two are back pointers, cleared when the timer leaves the list.
    unowned(unsafe) var previous: LoopTimer?
    unowned(unsafe) var list: TimerList?

    init(tick: Int64, body: @escaping () -> Void) {
        self.tick = tick
        self.body = body
    }

    /// True until the body has run or the timer was cancelled.
    public var isPending: Bool { body != nil }

    /// Cancels the timer. Idempotent, and harmless after the body has run or from within it.
    public func cancel() {
        body = nil
        list?.remove(self)
    }
}

/// A doubly linked list of timers, in the order they were added.
final class TimerList {
    private(set) var first: LoopTimer?
    private unowned(unsafe) var last: LoopTimer?

    var isEmpty: Bool { first == nil }

    func append(_ timer: LoopTimer) {
        timer.list = self
        timer.previous = last
        if let last { last.next = timer } else { first = timer }
        last = timer
    }

    func remove(_ timer: LoopTimer) {
        let (previous, next) = (timer.previous, timer.next)
        timer.next = nil
        timer.previous = nil
        timer.list = nil
        next?.previous = previous
        if next == nil { last = previous }
        if let previous { previous.next = next } else { first = next }
    }

    func popFirst() -> LoopTimer? {
        guard let timer = first else { return nil }
        remove(timer)
        return timer
    }
}
