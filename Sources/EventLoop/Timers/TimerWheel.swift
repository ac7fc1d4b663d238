/// The timers of one loop on shared ticks: a hashed wheel. Adding and cancelling cost O(1), which matters because
/// nearly every timer (a request's deadline) is cancelled before it fires.
///
/// It knows no clock: ticks are passed in. A timer stands in slot `tick % slots`; a slot may hold timers of later turns,
/// which are passed over until their tick has come.
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

    /// Adds a timer. A tick that has passed is taken as the next one, so that a timer never fires inside `schedule`.
    mutating func add(tick: Int64, _ body: @escaping () -> Void) -> LoopTimer {
        let timer = LoopTimer(tick: max(tick, currentTick + 1), body: body)
        let slot = slot(of: timer.tick)
        slots[slot].append(timer)
        occupied[slot / 64] |= 1 << UInt64(slot % 64)
        return timer
    }

    /// The next tick at which there may be something to do, or nil without timers. It can be early (a slot of a later
    /// turn, a cancelled timer), never late.
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

    /// Moves the timers that are due by `tick` to the end of `due`, in the order of their ticks, then of their making.
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

    /// Forgets every timer; their bodies are released.
    mutating func removeAll() {
        for list in slots {
            while let timer = list.popFirst() { timer.body = nil }
        }
    }

    private func slot(of tick: Int64) -> Int {
        Int(tick % Int64(slots.count))
    }
}
