import EventLoop

/// Tells whether something that repeats is driven by a timer in a page rather than by a person.
///
/// A person's rhythm is uneven, a timer's is not. A beat is learned when several consecutive intervals are alike, and
/// more of them if they are short, because a person who types can be regular for a moment. A learned beat survives lost
/// or late ticks (a browser throttles the timers of a hidden tab, a laptop sleeps), and is forgotten when occurrences
/// no longer fit it. Fixed size; no call allocates.
struct Beat: Hashable, Sendable {
    private(set) var last: MonotonicTime
    /// The period in nanoseconds; 0 before the second occurrence.
    private var period: Int64 = 0
    /// Consecutive intervals that fit.
    private var fits = 0
    /// Consecutive occurrences that do not fit the learned beat.
    private var misses = 0

    init(at now: MonotonicTime) { last = now }

    /// In nanoseconds. Shorter periods need more intervals to be learned, and more misses to be forgotten.
    private static let short: Int64 = 3_000_000_000
    /// How many intervals must be alike, for a long and for a short period.
    private static let longFits = 3
    private static let shortFits = 20
    /// Consecutive misses after which a long and a short beat are forgotten.
    private static let longMisses = 2
    private static let shortMisses = 8
    /// The largest number of periods that one interval may span where ticks were lost.
    private static let lostTicks: Int64 = 12

    private var isShort: Bool { !isSlow }
    /// The period is too long to be mistaken for typing.
    var isSlow: Bool { period >= Self.short }
    var isLearned: Bool { period > 0 && fits >= (isShort ? Self.shortFits : Self.longFits) }

    /// How far an interval may deviate from the period, in nanoseconds. A learned beat gets more tolerance than one
    /// that is still being learned, because jitter limits how precisely the period is known.
    private var tolerance: Int64 {
        if isShort { return max(period / (isLearned ? 4 : 16), 3_000_000) }
        return max(period / (isLearned ? 6 : 8), 500_000_000)
    }

    /// The tolerance where ticks were lost; it is tighter, because most intervals are near some multiple of the period.
    private var lostTicksTolerance: Int64 { isShort ? tolerance : max(period / 8, 500_000_000) }

    /// Records one more occurrence.
    ///
    /// - Returns: whether it came by the timer.
    mutating func occurs(at now: MonotonicTime) -> Bool {
        let interval = max(0, now.nanoseconds - last.nanoseconds)
        last = now
        guard period > 0 else {
            period = interval
            return false
        }
        if isLearned { return goesOn(after: interval) }
        if fit(interval, of: period) {
            fits += 1
            // Where ticks were lost, the shorter interval is the period; of equal intervals, their mean is closer to
            // it.
            period = min(interval, period) + (interval < period * 2 ? abs(interval - period) / 2 : 0)
            return isLearned
        }
        (fits, period) = (0, interval)
        return false
    }

    private mutating func goesOn(after interval: Int64) -> Bool {
        if fit(interval, of: period) {
            misses = 0
            if interval < period + tolerance { period += (interval - period) / 8 }
            return true
        }
        misses += 1
        // An early occurrence is not the timer's; a late one may be.
        let isEarly = interval < period
        if misses >= (isShort ? Self.shortMisses : Self.longMisses) { (fits, misses, period) = (0, 0, interval) }
        return !isEarly && isLearned
    }

    /// Whether the interval is the period, or a multiple of it where ticks were lost.
    private func fit(_ interval: Int64, of period: Int64) -> Bool {
        guard period > 0, interval > 0 else { return false }
        let count = isShort ? 1 : min(max(1, (interval + period / 2) / period), Self.lostTicks)
        return abs(interval - count * period) <= (count > 1 ? lostTicksTolerance : tolerance)
    }
}

/// The beats of several things at once. A new name replaces one without a beat, the oldest first.
struct Beats: Sendable {
    private struct Slot: Sendable {
        var name: UInt64
        var beat: Beat
    }

    private var slots: [Slot] = []
    private let limit: Int

    /// How many names are tracked now.
    var count: Int { slots.count }

    /// - Parameter limit: how many names are tracked. Memory for all of them is allocated at the first occurrence.
    init(limit: Int) { self.limit = limit }

    /// Records one more occurrence of the given name.
    ///
    /// - Parameter onlySlow: only long periods count as a beat, because different things share this name, such as all
    ///   the keys of a keyboard.
    /// - Returns: whether it came by a timer.
    mutating func occurs(_ name: UInt64, at now: MonotonicTime, onlySlow: Bool = false) -> Bool {
        if let index = slots.firstIndex(where: { $0.name == name }) {
            let isByClock = slots[index].beat.occurs(at: now)
            return isByClock && (!onlySlow || slots[index].beat.isSlow)
        }
        let slot = Slot(name: name, beat: Beat(at: now))
        if slots.count < limit {
            if slots.isEmpty { slots.reserveCapacity(limit) }
            slots.append(slot)
        } else {
            var oldest = 0
            for index in slots.indices.dropFirst() {
                let (a, b) = (slots[index].beat, slots[oldest].beat)
                if a.isLearned != b.isLearned ? !a.isLearned : a.last < b.last { oldest = index }
            }
            slots[oldest] = slot
        }
        return false
    }
}

/// A hash that names something that repeats: FNV-1a over its bytes.
struct BeatName {
    private(set) var value: UInt64 = 0xcbf2_9ce4_8422_2325

    mutating func add(_ byte: UInt8) { value = (value ^ UInt64(byte)) &* 0x0000_0100_0000_01b3 }

    mutating func add(_ number: Int64) {
        var rest = UInt64(bitPattern: number)
        for _ in 0..<8 {
            add(UInt8(truncatingIfNeeded: rest))
            rest >>= 8
        }
    }
}
