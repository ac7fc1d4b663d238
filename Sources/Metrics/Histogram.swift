/// A histogram of durations. Observing allocates nothing.
public struct Histogram: Sendable, Hashable {
    /// Upper bounds of the buckets in nanoseconds, ascending.
    public let bounds: [Int64]
    /// The number of observations in each bucket, not cumulative; those above the last bound are only in `count`.
    public private(set) var counts: [UInt64]
    public private(set) var count: UInt64 = 0
    public private(set) var sumNanoseconds: UInt64 = 0

    public init(upTo bounds: [Duration]) {
        self.bounds = bounds.map { $0.components.seconds * 1_000_000_000 + $0.components.attoseconds / 1_000_000_000 }
        counts = Array(repeating: 0, count: bounds.count)
    }

    /// From a request's head to its response's head: 250 µs to a minute. A long poll or a busy notebook exceeds it.
    public static var responses: Histogram {
        Histogram(upTo: [
            .microseconds(250), .microseconds(500), .milliseconds(1), .microseconds(2500), .milliseconds(5),
            .milliseconds(10), .milliseconds(25), .milliseconds(50), .milliseconds(100), .milliseconds(250),
            .milliseconds(500), .seconds(1), .milliseconds(2500), .seconds(10), .seconds(60),
        ])
    }

    /// Commits to disk: 250 µs to 5 s.
    public static var commits: Histogram {
        Histogram(upTo: [
            .microseconds(250), .microseconds(500), .milliseconds(1), .microseconds(2500), .milliseconds(5),
            .milliseconds(10), .milliseconds(25), .milliseconds(50), .milliseconds(100), .milliseconds(500),
            .seconds(1), .seconds(5),
        ])
    }

    /// From the assigned seat to a lab that responds: half a second to five minutes.
    public static var starts: Histogram {
        Histogram(upTo: [
            .milliseconds(500), .seconds(1), .seconds(2), .seconds(3), .seconds(5), .seconds(8), .seconds(13),
            .seconds(21), .seconds(34), .seconds(60), .seconds(120), .seconds(300),
        ])
    }

    /// A negative duration counts as 0, since clocks can be set back.
    public mutating func observe(nanoseconds: Int64) {
        count += 1
        sumNanoseconds += UInt64(max(0, nanoseconds))
        for index in bounds.indices where nanoseconds <= bounds[index] {
            counts[index] += 1
            return
        }
    }

    /// Both must have the same bounds.
    public static func += (left: inout Histogram, right: Histogram) {
        precondition(left.bounds == right.bounds, "histograms of different bounds cannot be merged")
        for index in left.counts.indices { left.counts[index] += right.counts[index] }
        left.count += right.count
        left.sumNanoseconds += right.sumNanoseconds
    }
}
