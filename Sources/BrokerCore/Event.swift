/// Names one request to the broker, so that its answer finds the way back.
public struct RequestID: Hashable, Sendable {
    public var rawValue: UInt64
    public init(rawValue: UInt64) { self.rawValue = rawValue }
}

/// A container of ours as an engine lists it. Identified by its `carrel.session` and `carrel.epoch` labels: those of a
/// session's run, or of a warm seat (`WarmSeatID.run`, 0), which stay when it is claimed. What is reported of containers
/// bears the same names.
public struct ObservedContainer: Hashable, Sendable {
    public var session: SessionID
    public var epoch: Int
    /// The engine's identifier.
    public var containerID: String
    public var isRunning: Bool
    public var exitCode: Int?
    public var outOfMemory: Bool
    /// The published endpoint, when running.
    public var endpoint: Endpoint?
    /// Not running, and its engine was restarted since it was made.
    public var wentWithEngine: Bool

    public init(
        session: SessionID, epoch: Int, containerID: String, isRunning: Bool, exitCode: Int? = nil,
        outOfMemory: Bool = false, endpoint: Endpoint? = nil, wentWithEngine: Bool = false
    ) {
        self.session = session
        self.epoch = epoch
        self.containerID = containerID
        self.isRunning = isRunning
        self.exitCode = exitCode
        self.outOfMemory = outOfMemory
        self.endpoint = endpoint
        self.wentWithEngine = wentWithEngine
    }
}

/// Why a start did not succeed, as far as the next decision depends on it.
public enum StartFailure: Hashable, Sendable {
    /// The engine did not answer: try another host; this one is unreachable until it answers again.
    case hostUnreachable(String)
    /// The host does not have the lab's image: try another host.
    case imageMissing(String)
    /// The engine refused: worth another attempt.
    case engine(String)
    /// The container stopped by itself before the lab was ready: worth another attempt.
    case labStopped(String)
    /// The lab did not answer within its ready timeout.
    case neverReady(String)
}

/// What the lab itself says of its kernels.
public enum LabReport: Hashable, Sendable {
    /// A kernel is executing.
    case busy
    /// No kernel is executing; the last one stopped executing then, if any ever did.
    case quiet(lastActivity: Timestamp?)
    /// The lab could not be asked (its kind has no such question, or it did not answer).
    case unknown
}

/// Everything that can happen to the broker. Handed to `BrokerCore.handle` with the time at which it happened.
public enum Event: Sendable {
    // From people.
    /// A learner wants a lab, in a course context if the launch named one. `newID` is used if no session of this
    /// learner and lab exists.
    case launch(learner: Learner, lab: String, context: String? = nil, newID: SessionID, request: RequestID)
    /// *Start again* on an ended or failed session. Harmless on a live one.
    case restart(SessionID, request: RequestID)
    /// The learner comes back to a parked session by visiting its hostname. Harmless on any other.
    case resume(SessionID, request: RequestID)
    /// An operator parks a running session; `note` is for the learner.
    case park(SessionID, note: String, request: RequestID)
    case end(SessionID, reason: EndReason, request: RequestID)
    /// An operator ends a running session at a moment that its learner is told. Any other session ends at once.
    case announceEnd(SessionID, AnnouncedEnd, request: RequestID)
    /// An operator takes an announced end back.
    case cancelEnd(SessionID, request: RequestID)
    /// The learner leaves the queue. Harmless on a session that is over or about to end; refused once it has a seat.
    case leaveQueue(SessionID, request: RequestID)
    /// *Keep it*: the learner says that they are still there.
    case keep(SessionID, request: RequestID)
    /// Adds a line to the stories of those of these sessions that are not over.
    case remark([SessionID], String)
    /// Moves the idle end and the end of the lifetime of a running session.
    case extend(SessionID, Extension, request: RequestID)
    /// An instructor asks for seats. Admitted or refused in this step.
    case reserve(ReservationTerms, newID: ReservationID, request: RequestID)
    /// A series, or a calendar. All of it is admitted or refused in this step, unless it says otherwise.
    case book(Booking, request: RequestID)
    /// The rules of time zones have changed: reservations that were made in wall time are at other moments now.
    case retime([Retiming], request: RequestID)
    /// Seats are no longer held; sessions that have one go on.
    case cancelReservation(ReservationID, request: RequestID)
    /// All of a series that is not over.
    case cancelSeries(ReservationSeries, request: RequestID)
    case cordon(host: String, request: RequestID)
    case uncordon(host: String, request: RequestID)
    /// Without a deadline, a drain that is under way keeps its own; another one gets `Limits.drainTime`.
    case drain(host: String, deadline: Timestamp?, request: RequestID)
    /// Drain these hosts one after the other, with no more than `maximumUnavailable` out of service at any time. Each
    /// has `span` from the beginning of its drain to its deadline.
    case rollingDrain(hosts: [String], maximumUnavailable: Int, span: Duration, request: RequestID)
    /// The operator does not expect the host back. Refused while it answers.
    case declareLost(host: String, request: RequestID)
    /// A host that is not in the configuration, and what tells its engine from others.
    case addHost(HostEntry, engineID: String?, request: RequestID)
    /// Takes back `addHost`. A host that is not empty is refused, or drained first, with a deadline as `drain` has it.
    case removeHost(host: String, draining: Bool, deadline: Timestamp?, request: RequestID)
    /// Changes a host over what the configuration says of it; `startingOver` forgets earlier changes.
    case adjustHost(host: String, HostAdjustment, startingOver: Bool, request: RequestID)
    /// The configuration was read: the catalogue, the hosts and the pools as they are from now on, and the share of
    /// each host that is never reserved, 0–100 percent. Reservations and pools of a portal that is not among `portals` hold
    /// no seats; `nil` stands for all portals.
    case configure(
        labs: [Lab], hosts: [HostSpec], freeFloorPercent: Int = 10, pools: [PoolSpec] = [],
        density: Density = Density(), portals: Set<String>? = nil)
    /// An operator sets the size of a pool, whatever the configuration says; in force at once.
    case setPool(PoolSpec, request: RequestID)
    /// The pool is as the configuration says again.
    case resetPool(PoolKey, request: RequestID)

    // From engines.
    /// The host answers, and these are all containers of ours on it. Sent at every connect and every relist, which
    /// must come at intervals: it makes up for every reply that was lost. `asked` is `BrokerCore.eventCount` at the moment
    /// when the engine was asked: what a listing says of a run that became ready later is not believed.
    case hostListed(
        host: String, containers: [ObservedContainer], asked: Int = .max, facts: HostFacts = HostFacts())
    /// The host does not answer, and has not for `silentFor`. `Limits.silenceGrace` after its last answer it is
    /// unreachable, unless it is listed before.
    case hostSilent(host: String, reason: String, silentFor: Duration = .zero)
    /// It was tried whether homes can be attached to containers that run already on this host.
    case hostProbed(host: String, HomeAttachment)
    /// It was tried whether this host keeps labs apart, and what labs are promised about the network. `mark` stands for
    /// what was proved: as long as it stays the same, the proof holds.
    case hostTried(host: String, HostIsolation, mark: String?)
    case containerCreated(SessionID, epoch: Int)
    case containerStarted(SessionID, epoch: Int, endpoint: Endpoint)
    case labReady(SessionID, epoch: Int, endpoint: Endpoint)
    case startFailed(SessionID, epoch: Int, StartFailure)
    case containerExited(SessionID, epoch: Int, code: Int, outOfMemory: Bool)
    /// The home of a lab that runs is no longer mounted, because what held it on the host is gone.
    case homeLost(SessionID, epoch: Int)
    /// The home could not be attached to the lab of a claimed warm seat, for which another container is made with the
    /// home in it.
    case attachmentFailed(SessionID, epoch: Int, message: String)
    /// The system stopped a process in the container, because it reached its memory limit. `containerExited` follows if
    /// it was the first one; mostly it is a kernel, and the lab goes on.
    case processKilled(SessionID, epoch: Int)
    case containerRemoved(SessionID, epoch: Int)
    case removeFailed(SessionID, epoch: Int, message: String)

    /// What the labs of a host were measured to use, in one round of readings.
    case usageSampled(host: String, [UsageSample])

    // From labs and the edge.
    case activity([SessionID: Timestamp])
    case labReported(SessionID, epoch: Int, LabReport)

    /// The wall clock was set, or the machine was suspended: it shows so much more (or less) than has passed since the
    /// last event. Comes before every other event with the new time.
    case clockJumped(by: Duration)

    /// Time passed; deadlines may be due. Sent no later than `BrokerCore.nextDeadline`.
    case tick
}
