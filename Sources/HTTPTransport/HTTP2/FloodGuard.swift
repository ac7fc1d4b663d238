import EventLoop

/// Detects a client that keeps the connection busy without purpose. Pure: events and the time go in, a verdict comes
/// out.
struct FloodGuard: Equatable {
    /// Events that cost the server something and may be of no use to the client.
    enum Event: Int, CaseIterable {
        case reset, fault, settings, ping, priority, emptyData, windowUpdate
    }

    private struct Bucket: Equatable {
        let allowance: HTTP2Limits.Allowance
        /// In thousandths, so that a slow refill is not lost to rounding.
        var tokens: Int64
        var filled: MonotonicTime

        init(_ allowance: HTTP2Limits.Allowance, at now: MonotonicTime) {
            self.allowance = allowance
            tokens = Int64(allowance.atOnce) * 1000
            filled = now
        }

        mutating func take(at now: MonotonicTime) -> Bool {
            if tokens < 1000 { refill(at: now) }
            guard tokens >= 1000 else { return false }
            tokens -= 1000
            return true
        }

        mutating func refill(at now: MonotonicTime) {
            let elapsed = max(0, now.nanoseconds - filled.nanoseconds)
            let (product, overflow) = (elapsed / 1_000_000).multipliedReportingOverflow(by: Int64(allowance.perSecond))
            let most = Int64(allowance.atOnce) * 1000
            tokens = overflow ? most : min(most, tokens + product)
            filled = now
        }

        mutating func give(_ count: Int) {
            tokens = min(Int64(allowance.atOnce) * 1000, tokens + Int64(count) * 1000)
        }
    }

    private var resets, faults, settings, pings, priorities, emptyData, windowUpdates: Bucket

    init(_ limits: HTTP2Limits, at now: MonotonicTime) {
        resets = Bucket(limits.resets, at: now)
        faults = Bucket(limits.faults, at: now)
        settings = Bucket(limits.settings, at: now)
        pings = Bucket(limits.pings, at: now)
        priorities = Bucket(limits.priorities, at: now)
        emptyData = Bucket(limits.emptyData, at: now)
        windowUpdates = Bucket(limits.windowUpdates, at: now)
    }

    /// Consumes allowance for an event; false if it is exhausted.
    mutating func bears(_ event: Event, at now: MonotonicTime) -> Bool {
        switch event {
        case .reset: resets.take(at: now)
        case .fault: faults.take(at: now)
        case .settings: settings.take(at: now)
        case .ping: pings.take(at: now)
        case .priority: priorities.take(at: now)
        case .emptyData: emptyData.take(at: now)
        case .windowUpdate: windowUpdates.take(at: now)
        }
    }

    /// Called for every DATA frame sent: the client may widen the windows of its stream and of the connection.
    mutating func sentData() { windowUpdates.give(2) }
}
