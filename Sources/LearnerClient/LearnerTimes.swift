/// How the time from the click to the page was spent. Each step starts at the end of the previous one, in milliseconds.
public struct LearnerTimes: Hashable, Sendable, Codable {
    /// From the click to a session, existing or new.
    public var session = 0.0
    /// Waiting in the queue.
    public var queue = 0.0
    /// Creating the container on its host.
    public var create = 0.0
    /// Starting the container.
    public var start = 0.0
    /// Waiting until JupyterLab (or the lab's own program) is ready.
    public var ready = 0.0
    /// Entering the lab and loading its first page.
    public var page = 0.0

    /// From the click to the page.
    public var total: Double { session + queue + create + start + ready + page }

    enum Step: Hashable, Sendable { case session, queue, create, start, ready, page }

    subscript(step: Step) -> Double {
        get {
            switch step {
            case .session: session
            case .queue: queue
            case .create: create
            case .start: start
            case .ready: ready
            case .page: page
            }
        }
        set {
            switch step {
            case .session: session = newValue
            case .queue: queue = newValue
            case .create: create = newValue
            case .start: start = newValue
            case .ready: ready = newValue
            case .page: page = newValue
            }
        }
    }
}

/// Attributes elapsed time to steps: each period belongs to the step that was in progress.
struct LearnerStopwatch {
    private(set) var times = LearnerTimes()
    private var step = LearnerTimes.Step.session
    private var since: ContinuousClock.Instant

    init(now: ContinuousClock.Instant) { since = now }

    /// Attributes the time until now to the previous step; from now on it belongs to `next`.
    mutating func enter(_ next: LearnerTimes.Step, now: ContinuousClock.Instant) {
        let (seconds, attoseconds) = (now - since).components
        times[step] += Double(seconds) * 1000 + Double(attoseconds) / 1e15
        step = next
        since = now
    }

    mutating func finish(now: ContinuousClock.Instant) { enter(step, now: now) }
}
