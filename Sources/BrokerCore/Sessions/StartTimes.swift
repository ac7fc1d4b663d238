/// Durations of recent starts, from seat to ready, on which estimates are based.
struct StartTimes: Hashable, Sendable {
    private var samples: [Int64] = []
    private var next = 0

    mutating func add(_ duration: Duration) {
        let milliseconds = max(0, duration.wholeMilliseconds)
        if samples.count < Limits.startTimeSamples {
            samples.append(milliseconds)
        } else {
            samples[next] = milliseconds
        }
        next = (next + 1) % Limits.startTimeSamples
    }

    /// The mean; `nil` until a start has been measured.
    var mean: Duration? {
        samples.isEmpty ? nil : .milliseconds(samples.reduce(0, +) / Int64(samples.count))
    }
}
