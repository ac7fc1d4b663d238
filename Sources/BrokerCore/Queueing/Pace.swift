/// How many labs a host may be starting at the same time, learnt from how long its starts take.
///
/// Additive increase, multiplicative decrease, as TCP does with its window: a start that took not much longer than one
/// that has the host for itself makes room for more, one that took `Limits.slowStart` times as long halves it, once
/// for all the starts that were under way together. Before it is halved for the first time it grows faster: by one
/// with each start, not with each round of starts. Between 1 and the host's `maximumStarts`.
struct Pace: Hashable, Sendable {
    /// Whole starts are allowed; the fraction is what has been earned towards the next one.
    private var window: Double
    /// Milliseconds from seat to ready of a start that has the host for itself, by lab.
    private var baseline: [String: Double] = [:]
    /// Starts that began before were slow for a reason that has been answered.
    private var reducedAt: Timestamp?

    init() { window = Double(Limits.startsAtFirst) }

    /// How many starts may be under way, on a host whose operator allows `maximum`.
    func allowed(upTo maximum: Int) -> Int { max(min(1, maximum), min(maximum, Int(window))) }

    /// A lab became ready.
    ///
    /// - Parameters:
    ///   - crowd: the most starts that were under way with it, itself included.
    mutating func noteReady(_ lab: String, after duration: Duration, crowd: Int, upTo maximum: Int, at now: Timestamp) {
        let milliseconds = Double(max(1, duration.wholeMilliseconds))
        let known = baseline[lab]
        // A crowd can only be slower than one alone. Alone, a host or an image may also have become slower for good.
        let usual = crowd > 1 ? min(known ?? milliseconds, milliseconds) : known.map { ($0 * 3 + milliseconds) / 4 }
        if known != nil || baseline.count < Limits.pacedLabs { baseline[lab] = usual ?? milliseconds }
        if let known, milliseconds > known * Limits.slowStart {
            // One that was alone was not slowed by others.
            if crowd > 1 { reduce(upTo: maximum, begunAt: now - duration, at: now) }
        } else if Int(window) < maximum {
            // A host that is not asked for more proves nothing.
            if reducedAt == nil, crowd * 2 > Int(window) { window += 1 }
            if reducedAt != nil, crowd >= Int(window) { window += 1 / window }
        }
    }

    /// A lab did not become ready in its time.
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
