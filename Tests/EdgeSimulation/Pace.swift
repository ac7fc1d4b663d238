import SeededRandom

/// How soon a script acts again: immediately while there is progress, and with growing delays while there is none.
struct Pace {
    private var idleSteps = 0

    /// In milliseconds.
    mutating func next(progressed: Bool, using random: inout SplitMix64) -> UInt64 {
        idleSteps = progressed ? 0 : idleSteps + 1
        let most: UInt64 = idleSteps < 200 ? 1 << UInt64(min(idleSteps, 11)) : 60_000
        return UInt64.random(in: 0...max(3, most), using: &random)
    }
}
