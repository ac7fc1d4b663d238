import EventLoop

/// When what was asked for at the same time goes to a host together. A call costs the engine a program's start, which a
/// class that clicks at once should not pay for its first one alone: waits until a lull brings nothing more, though not
/// for long.
struct Gathering {
    private let deadline: MonotonicTime
    private var known = 0

    init(at now: MonotonicTime) { deadline = now + BrokerLimits.slotGathering }

    /// Whether to wait for another `BrokerLimits.slotLull`.
    /// - Parameter count: how many are together.
    mutating func waits(with count: Int, at now: MonotonicTime) -> Bool {
        defer { known = count }
        return count > known && count < BrokerLimits.slotsPerCall && now < deadline
    }
}
