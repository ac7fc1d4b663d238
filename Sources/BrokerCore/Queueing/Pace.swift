import Identity

/// How many labs a host may start at the same time, learned from how long its starts take.
///
/// Additive increase, multiplicative decrease, as in TCP's congestion window: a start that took little longer than one
/// that has the host to itself widens the window, one that took `Limits.slowStart` times as long halves it, once for
/// all the starts that were in progress together. Until the first reduction it grows faster, by one with each start
/// rather than with each round of starts. Between 1 and the host's `maximumStarts`.
struct Pace: Hashable, Sendable {
    /// The whole part is the number of starts allowed; the fraction is progress towards the next one.
    private var window: Double
    /// Milliseconds from seat to ready of a start that has the host to itself, by lab.
    private var baseline: [LabKey: Double] = [:]
    /// The last reduction. A slow start that began earlier has been accounted for by it.
    private var reducedAt: Timestamp?

    init() { window = Double(Limits.startsAtFirst) }

    /// How many starts may be in progress on a host whose configured maximum is `maximum`.
    func allowed(upTo maximum: Int) -> Int { max(min(1, maximum), min(maximum, Int(window))) }

    /// Records that a lab became ready.
    ///
    /// - Parameters:
    ///   - crowd: the greatest number of starts in progress during this one, itself included.
    mutating func noteReady(_ lab: LabKey, after duration: Duration, crowd: Int, upTo maximum: Int, at now: Timestamp) {
        let milliseconds = Double(max(1, duration.wholeMilliseconds))
        let known = baseline[lab]
        // Parallel starts can only be slower than a single one. If a single start is slower, the host or image may have
        // become slower permanently.
        let usual = crowd > 1 ? min(known ?? milliseconds, milliseconds) : known.map { ($0 * 3 + milliseconds) / 4 }
        if known != nil || baseline.count < Limits.pacedLabs { baseline[lab] = usual ?? milliseconds }
        if let known, milliseconds > known * Limits.slowStart {
            // A single start was not slowed by others.
            if crowd > 1 { reduce(upTo: maximum, begunAt: now - duration, at: now) }
        } else if Int(window) < maximum {
            // Starts that do not use the whole window do not show that the host can take more.
            if reducedAt == nil, crowd * 2 > Int(window) { window += 1 }
            if reducedAt != nil, crowd >= Int(window) { window += 1 / window }
        }
    }

    /// Records that a lab did not become ready in time.
    mutating func noteNeverReady(begunAt begin: Timestamp, crowd: Int, upTo maximum: Int, at now: Timestamp) {
        if crowd > 1 { reduce(upTo: maximum, begunAt: begin, at: now) }
    }

    private mutating func reduce(upTo maximum: Int, begunAt begin: Timestamp, at now: Timestamp) {
        // A last reduction in the future means that the clock was set back.
        if let reducedAt, begin < reducedAt, reducedAt <= now { return }
        window = max(1, min(window, Double(maximum)) / 2)
        reducedAt = now
    }
}
