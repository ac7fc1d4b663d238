import EventLoop

/// Whether something that repeats does so by a clock: a timer in a page, and not a person.
///
/// A person's rhythm is uneven, a timer's is not: a beat is learned when several intervals in a row are alike, more of
/// them for short ones, because a person who types can be even for a moment. A learned beat survives ticks that were lost
/// or late (a browser slows the timers of a hidden tab down, a laptop sleeps), and is forgotten when what comes no longer
/// fits it. Fixed size; no call allocates.
struct Beat: Hashable, Sendable {
    private(set) var last: MonotonicTime
    /// In nanoseconds; 0 before the second occurrence.
    private var period: Int64 = 0
    /// Intervals in a row that fit.
    private var fits = 0
    /// Occurrences in a row that do not fit the beat that was learned.
    private var misses = 0

    init(at now: MonotonicTime) { last = now }

    /// Shorter periods than this are learned slowly, and kept in spite of more misses.
    private static let short: Int64 = 3_000_000_000
    /// Intervals that must be alike for a long and for a short period.
    private static let longFits = 3
    private static let shortFits = 20
    /// Misses in a row after which a long and a short beat are forgotten.
    private static let longMisses = 2
    private static let shortMisses = 8
    /// How many ticks at most may be missing between two.
    private static let lostTicks: Int64 = 12

    private var isShort: Bool { !isSlow }
    /// Long enough not to be taken for somebody's typing.
    var isSlow: Bool { period >= Self.short }
    var isLearned: Bool { period > 0 && fits >= (isShort ? Self.shortFits : Self.longFits) }

    /// How far an interval may be from the period, in nanoseconds. A beat that is known is recognised more generously than
    /// it was learned: the period is only known about as well as the jitter lets it be.
    private var tolerance: Int64 {
        if isShort { return max(period / (isLearned ? 4 : 16), 3_000_000) }
        return max(period / (isLearned ? 6 : 8), 500_000_000)
    }

    /// The same for several periods at once, to which much would fit otherwise.
    private var lostTicksTolerance: Int64 { isShort ? tolerance : max(period / 8, 500_000_000) }

    /// It has happened once more.
    ///
    /// - Returns: whether that was by the clock.
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
            // The shorter one is the period where ticks were lost, and the mean of equals is nearer to it.
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
        // One that comes before its time is not the timer's; one that comes late may be.
        let isEarly = interval < period
        if misses >= (isShort ? Self.shortMisses : Self.longMisses) { (fits, misses, period) = (0, 0, interval) }
        return !isEarly && isLearned
    }

    /// The interval is the period, or several of them where ticks were lost.
    private func fit(_ interval: Int64, of period: Int64) -> Bool {
        guard period > 0, interval > 0 else { return false }
        let count = isShort ? 1 : min(max(1, (interval + period / 2) / period), Self.lostTicks)
        return abs(interval - count * period) <= (count > 1 ? lostTicksTolerance : tolerance)
    }
}

/// The beats of a few things at the same time. What is new takes the place of what has no beat, the oldest first.
struct Beats: Sendable {
    private struct Slot: Sendable {
        var name: UInt64
        var beat: Beat
    }

    private var slots: [Slot] = []
    private let limit: Int

    /// How many are told apart now.
    var count: Int { slots.count }

    /// - Parameter limit: how many are told apart. Room for all of them is taken at the first occurrence.
    init(limit: Int) { self.limit = limit }

    /// Takes note of one more occurrence of what has this name.
    ///
    /// - Parameter onlySlow: a name that different things share, such as all the keys of a keyboard, has no short beat.
    /// - Returns: whether that was by the clock.
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

/// A name of something that repeats: FNV-1a over its bytes.
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
