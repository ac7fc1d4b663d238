import EventLoop

/// Decides when batched requests are sent to a host. A call costs the engine a program's start, which a class that
/// clicks at once should not pay for the first learner alone: it waits, for a limited time, until a lull brings no
/// further requests.
struct Gathering {
    private let deadline: MonotonicTime
    private var known = 0

    init(at now: MonotonicTime) { deadline = now + BrokerLimits.slotGathering }

    /// Whether to wait for another `BrokerLimits.slotLull`.
    /// - Parameter count: the number of requests in the batch.
    mutating func waits(with count: Int, at now: MonotonicTime) -> Bool {
        defer { known = count }
        return count > known && count < BrokerLimits.slotsPerCall && now < deadline
    }
}
