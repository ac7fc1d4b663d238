import Identity

/// One run of a container, as its name and labels identify it. A warm seat's run has the seat's name and epoch 0, even
/// after a session has claimed it.
struct Run: Hashable, Sendable, Comparable {
    var session: SessionID
    var epoch: Int

    static func < (a: Run, b: Run) -> Bool { (a.session, a.epoch) < (b.session, b.epoch) }
}

/// Identifies a learner across all portals. Homes are keyed by it.
struct LearnerKey: Hashable, Sendable {
    var portal: PortalID
    var id: String

    init(_ learner: Learner) {
        portal = learner.portal
        id = learner.id
    }

    init(portal: PortalID, id: String) {
        self.portal = portal
        self.id = id
    }
}

/// The core's record of a session: the stored part, and state that need not survive a restart.
struct Entry: Hashable, Sendable {
    /// The state of the inquiry whether a lab that looks idle really is.
    enum Inquiry: Hashable, Sendable {
        case none
        case asked(at: Timestamp)
        case busy(askAgainAt: Timestamp)
    }

    /// The end times that the learner was warned of. A warning no longer applies once its end moves.
    struct Warned: Hashable, Sendable {
        var idle: Timestamp?
        var lifetime: Timestamp?
    }

    /// If a new configuration moves an end close, the earliest time at which it may come, so that the learner is warned
    /// first.
    struct Notice: Hashable, Sendable {
        var idle: Timestamp?
        var lifetime: Timestamp?
    }

    var session: Session
    /// The queue time to which a failed run returns.
    var queuedSince: Timestamp
    var inquiry = Inquiry.none
    var warned = Warned()
    var notice = Notice()
    /// The session does not end for idleness before this time.
    var idleNotBefore: Timestamp?
    /// When this session must next be checked.
    var wake: Timestamp?
    /// The value of `lastActivityAt` on disk.
    var storedActivity: Timestamp
    /// Starts since the launch that were moved to another host through no fault of the session.
    var detours = 0
    /// The number of sessions that were starting on its host when this start began, itself included; 0 if an earlier
    /// broker process began it, in which case it is no use as a measurement.
    var startCrowd = 0
    /// When the learner was last told that the system killed a process in the lab for lack of memory.
    var memoryToldAt: Timestamp?
    /// The value of `BrokerCore.eventCount` when it became ready; 0 if that was in an earlier broker process.
    var readyAt = 0
    /// The host on which the last run failed; another one is preferred if one is free.
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

    /// What its seat is charged, in bytes; 0 without a seat.
    var seatMemory: Int64 {
        get { session.charge }
        set { session.charge = newValue }
    }

    /// The run that the name of its container identifies.
    var container: Run { Run(session: session.container.name, epoch: session.container.epoch) }
    var learner: LearnerKey { LearnerKey(session.learner) }

    /// The part of an entry that the indexes depend on; while it is unchanged, they need no update.
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
            // A warm seat's lab is already running and puts no load on other starts.
            .seated(host: host, isStarting: step != .attaching, memory: seatMemory, reservation)
        case .running(let host, _, _), .ending(let host, _, _), .parking(let host, _, _):
            .seated(host: host, isStarting: false, memory: seatMemory, reservation)
        case .parked: .parked
        case .ended, .failed: .none
        }
    }
}

/// The container of a run that is over while its session continues (or has failed), or of a warm seat that was given
/// up. It is still to be removed and takes its seat until then. Not stored: after a restart the host's first listing
/// finds it as an orphan. Keyed by the run in the container's name.
struct Leftover: Hashable, Sendable {
    var host: String
    var memory: Int64
    /// The session that waits for its removal.
    var session: SessionID
    /// A removal failed, so the session no longer waits for it.
    var hasFailed = false
    var retryAt: Timestamp?
}
