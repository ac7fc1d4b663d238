/// The timers of one loop on shared ticks: a hashed timer wheel. Adding and cancelling are O(1), which matters because
/// nearly every timer (a request's deadline) is cancelled before it fires.
///
/// It reads no clock: ticks are passed in. A timer is in slot `tick % slots`; a slot may also hold timers of later
/// revolutions, which are skipped until their tick comes.
struct TimerWheel {
    private let slots: [TimerList]
    private var occupied: [UInt64]
    /// The last tick whose timers have fired.
    private(set) var currentTick: Int64

    init(slots count: Int = EventLoopLimits.timerSlots, currentTick: Int64) {
        precondition(count > 0 && count % 64 == 0)
        slots = (0..<count).map { _ in TimerList() }
        occupied = Array(repeating: 0, count: count / 64)
        self.currentTick = currentTick
    }

    /// Adds a timer. A tick in the past becomes the next tick, so that a timer never fires inside `schedule`.
    mutating func add(tick: Int64, _ body: @escaping () -> Void) -> LoopTimer {
        let timer = LoopTimer(tick: max(tick, currentTick + 1), body: body)
        let slot = slot(of: timer.tick)
        slots[slot].append(timer)
        occupied[slot / 64] |= 1 << UInt64(slot % 64)
        return timer
    }

    /// The next tick at which a timer may be due, or nil without timers. It may be too early (a timer of a later
    /// revolution, a cancelled timer), never too late.
    mutating func nextTick() -> Int64? {
        var distance = 1
        while distance <= slots.count {
            let slot = slot(of: currentTick + Int64(distance))
            let ahead = occupied[slot / 64] >> UInt64(slot % 64)
            if ahead == 0 {
                distance += 64 - slot % 64
                continue
            }
            distance += ahead.trailingZeroBitCount
            guard distance <= slots.count else { return nil }
            let found = (slot + ahead.trailingZeroBitCount)
            if slots[found].isEmpty {
                occupied[found / 64] &= ~(1 << UInt64(found % 64))
                continue
            }
            return currentTick + Int64(distance)
        }
        return nil
    }

    /// Moves the timers that are due by `tick` to the end of `due`, ordered by tick, then by creation.
    mutating func advance(to tick: Int64, into due: TimerList) {
        while let next = nextTick(), next <= tick {
            currentTick = next
            let list = slots[slot(of: next)]
            var timer = list.first
            while let candidate = timer {
                timer = candidate.next
                guard candidate.tick <= next else { continue }
                list.remove(candidate)
                due.append(candidate)
            }
        }
        currentTick = max(currentTick, tick)
    }

    /// Drops every timer and releases their bodies.
    mutating func removeAll() {
        for list in slots {
            while let timer = list.popFirst() { timer.body = nil }
        }
    }

    private func slot(of tick: Int64) -> Int {
        Int(tick % Int64(slots.count))
    }
}
