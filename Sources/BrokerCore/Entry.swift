/// One life of a container: what its name and labels say. A warm seat's has the seat's name and epoch 0, also when a
/// session has claimed it.
struct Run: Hashable, Sendable, Comparable {
    var session: SessionID
    var epoch: Int

    static func < (a: Run, b: Run) -> Bool { (a.session, a.epoch) < (b.session, b.epoch) }
}

/// Names a learner within all portals; homes belong to it.
struct LearnerKey: Hashable, Sendable {
    var portal: String
    var id: String

    init(_ learner: Learner) {
        portal = learner.portal
        id = learner.id
    }

    init(portal: String, id: String) {
        self.portal = portal
        self.id = id
    }
}

/// What the core holds of a session: the stored part, and what need not survive a restart.
struct Entry: Hashable, Sendable {
    /// How the question whether an idle-looking lab is really idle stands.
    enum Inquiry: Hashable, Sendable {
        case none
        case asked(at: Timestamp)
        case busy(askAgainAt: Timestamp)
    }

    /// The ends that the learner was warned of: as soon as one moves, they are warned of it no longer.
    struct Warned: Hashable, Sendable {
        var idle: Timestamp?
        var lifetime: Timestamp?
    }

    /// Ends that a new configuration moved close come no sooner: the learner is warned of them first.
    struct Notice: Hashable, Sendable {
        var idle: Timestamp?
        var lifetime: Timestamp?
    }

    var session: Session
    /// The place in the queue to which a failed run returns.
    var queuedSince: Timestamp
    var inquiry = Inquiry.none
    var warned = Warned()
    var notice = Notice()
    /// Not to be ended for idleness before.
    var idleNotBefore: Timestamp?
    /// When this session is due next.
    var wake: Timestamp?
    /// The `lastActivityAt` that is on disk.
    var storedActivity: Timestamp
    /// Starts since the launch that were sent elsewhere without a fault of their own.
    var detours = 0
    /// While it starts: how many were starting on its host when it began, itself included; 0 if an earlier broker
    /// process began it, which makes it useless as a measurement.
    var startCrowd = 0
    /// When the learner was last told that a process in it was stopped for want of memory.
    var memoryToldAt: Timestamp?
    /// The event with which it became ready, by `BrokerCore.eventCount`; 0 if an earlier broker process saw it.
    var readyAt = 0
    /// The host on which the last run failed: another one is better, if one is free.
    var shunned: String?

    init(_ session: Session) {
        self.session = session
        self.storedActivity = session.lastActivityAt
        switch session.state {
        case .queued(let since), .starting(_, _, let since), .running(_, _, let since), .ending(_, _, let since),
            .parking(_, _, let since), .parked(_, let since):
            queuedSince = since
        case .ended(_, let at), .failed(_, _, let at):
            queuedSince = at
        }
    }

    /// What its seat counts for, in bytes; 0 without a seat.
    var seatMemory: Int64 {
        get { session.charge }
        set { session.charge = newValue }
    }

    /// What the name of its container says.
    var container: Run { Run(session: session.container.name, epoch: session.container.epoch) }
    var learner: LearnerKey { LearnerKey(session.learner) }

    /// What the indexes keep of an entry: as long as it is the same, they need not be touched.
    enum Standing: Hashable {
        case none
        case queued(Queue.Ticket, ReservationID?)
        case seated(host: String, isStarting: Bool, memory: Int64, ReservationID?)
        case parked
    }

    var standing: Standing {
        let reservation = session.reservation
        return switch session.state {
        case .queued(let since): .queued(Queue.Ticket(since: since, id: session.id), reservation)
        case .starting(let host, let step, _):
            // A lab that runs already is no burden to the others that start.
            .seated(host: host, isStarting: step != .attaching, memory: seatMemory, reservation)
        case .running(let host, _, _), .ending(let host, _, _), .parking(let host, _, _):
            .seated(host: host, isStarting: false, memory: seatMemory, reservation)
        case .parked: .parked
        case .ended, .failed: .none
        }
    }
}

/// The container of a run that is over while its session goes on (or has failed), or of a warm seat that was given up:
/// it is still to be removed, and its seat is taken until it is. Not stored: after a restart it is an orphan of the
/// host's first listing. Kept by what the container's name says.
struct Leftover: Hashable, Sendable {
    var host: String
    var memory: Int64
    /// Who waits for its removal.
    var session: SessionID
    /// A removal failed: the session no longer waits for it.
    var hasFailed = false
    var retryAt: Timestamp?
}
