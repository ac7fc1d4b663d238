import Identity

/// Identifies one request to the broker, so that its answer can be routed back.
public struct RequestID: Hashable, Sendable {
    public var rawValue: UInt64
    public init(rawValue: UInt64) { self.rawValue = rawValue }
}

/// A container of ours as an engine lists it. Identified by its `carrel.session` and `carrel.epoch` labels: those of a
/// session's run, or those of a warm seat (`WarmSeatID.run`, 0), which remain when the seat is claimed. Events about
/// containers use the same identity.
public struct ObservedContainer: Hashable, Sendable {
    public var session: SessionID
    public var epoch: Int
    /// The engine's identifier for the container.
    public var containerID: String
    public var isRunning: Bool
    public var exitCode: Int?
    public var outOfMemory: Bool
    /// The published endpoint, if the container is running.
    public var endpoint: Endpoint?
    /// The container is not running, and its engine was restarted since it was created.
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

/// Why a start failed, as far as the next decision depends on it.
public enum StartFailure: Hashable, Sendable {
    /// The engine did not answer: try another host. The host becomes silent.
    case hostUnreachable(String)
    /// The host does not have the lab's image: try another host.
    case imageMissing(String)
    /// The engine refused the request: worth another attempt.
    case engine(String)
    /// The container stopped by itself before the lab was ready: worth another attempt.
    case labStopped(String)
    /// The lab was not ready within its ready timeout.
    case neverReady(String)
}

/// The lab's report about its kernels.
public enum LabReport: Hashable, Sendable {
    /// A kernel is executing.
    case busy
    /// No kernel is executing; `lastActivity` is when the last one stopped, if any ever ran.
    case quiet(lastActivity: Timestamp?)
    /// The lab could not be asked (its kind has no kernels, or it did not answer).
    case unknown
}

/// An event for the broker. Handed to `BrokerCore.handle` with the time at which it happened.
public enum Event: Sendable {
    // From people.
    /// A learner launches a lab, in a course context if the launch named one. `newID` is used if no session of this
    /// learner and lab exists.
    case launch(learner: Learner, lab: String, context: String? = nil, newID: SessionID, request: RequestID)
    /// *Start again* on an ended or failed session. A no-op on a live one.
    case restart(SessionID, request: RequestID)
    /// The learner returns to a parked session by visiting its hostname. A no-op on any other.
    case resume(SessionID, request: RequestID)
    /// An operator parks a running session; `note` is for the learner.
    case park(SessionID, note: String, request: RequestID)
    case end(SessionID, reason: EndReason, request: RequestID)
    /// An operator ends a running session at a time that its learner is told. Any other session ends at once.
    case announceEnd(SessionID, AnnouncedEnd, request: RequestID)
    /// An operator cancels an announced end.
    case cancelEnd(SessionID, request: RequestID)
    /// The learner leaves the queue. A no-op on a session that is over or ending; refused once it has a seat.
    case leaveQueue(SessionID, request: RequestID)
    /// *Keep it*: the learner confirms that they are still there.
    case keep(SessionID, request: RequestID)
    /// Adds a line to the stories of those of these sessions that are not over.
    case remark([SessionID], String)
    /// Moves the idle end and the end of the lifetime of a running session.
    case extend(SessionID, Extension, request: RequestID)
    /// An instructor requests seats. Admitted or refused in this step.
    case reserve(ReservationTerms, newID: ReservationID, request: RequestID)
    /// A series or a calendar, admitted or refused as a whole in this step, unless it says otherwise.
    case book(Booking, request: RequestID)
    /// Time zone rules have changed, which moves reservations made in wall time.
    case retime([Retiming], request: RequestID)
    /// Seats are no longer held; sessions that have one continue.
    case cancelReservation(ReservationID, request: RequestID)
    /// Cancels all reservations of a series that are not over.
    case cancelSeries(ReservationSeries, request: RequestID)
    case cordon(host: String, request: RequestID)
    case uncordon(host: String, request: RequestID)
    /// Without a deadline, a drain in progress keeps its own, and a new one gets `Limits.drainTime`.
    case drain(host: String, deadline: Timestamp?, request: RequestID)
    /// Drain these hosts in sequence, with no more than `maximumUnavailable` out of service at any time. Each has
    /// `span` from the start of its drain to its deadline.
    case rollingDrain(hosts: [String], maximumUnavailable: Int, span: Duration, request: RequestID)
    /// The operator does not expect the host back. Refused while the host answers.
    case declareLost(host: String, request: RequestID)
    /// Adds a host that is not in the configuration, with the identity of its engine.
    case addHost(HostEntry, engineID: String?, request: RequestID)
    /// Reverts `addHost`. A host that is not empty is refused, or drained first, with a deadline as for `drain`.
    case removeHost(host: String, draining: Bool, deadline: Timestamp?, request: RequestID)
    /// Changes settings of a host on top of the configuration; `startingOver` discards earlier changes.
    case adjustHost(host: String, HostAdjustment, startingOver: Bool, request: RequestID)
    /// The configuration was read: the catalogue, the hosts and the pools from now on, and the percentage of each host
    /// that is never reserved, 0–100. Reservations and pools of a portal that is not in `portals` hold no seats; `nil`
    /// stands for all portals.
    case configure(
        labs: [Lab], hosts: [HostSpec], freeFloorPercent: Int = 10, pools: [PoolSpec] = [],
        density: Density = Density(), portals: [PortalSpec]? = nil)
    /// An operator overrides a pool of the configuration, with immediate effect.
    case setPool(PoolSpec, request: RequestID)
    /// Reverts a pool to the configuration's.
    case resetPool(LabKey, request: RequestID)

    // From engines.
    /// The host answers, and these are all of our containers on it. Sent at every connect and at every periodic relist,
    /// which makes up for lost replies. `asked` is the value of `BrokerCore.eventCount` when the listing was requested:
    /// what a listing says about a run that became ready later is ignored.
    case hostListed(
        host: String, containers: [ObservedContainer], asked: Int = .max, facts: HostFacts = HostFacts())
    /// The host has not answered for `silentFor`. `Limits.silenceGrace` after its last answer it becomes unreachable,
    /// unless it is listed before.
    case hostSilent(host: String, reason: String, silentFor: Duration = .zero)
    /// A probe found whether homes can be attached to running containers on this host.
    case hostProbed(host: String, HomeAttachment)
    /// A try-out found whether this host keeps the network promises made to labs. `mark` identifies what was proved:
    /// while it stays the same, the proof holds.
    case hostTried(host: String, HostIsolation, mark: String?)
    case containerCreated(SessionID, epoch: Int)
    case containerStarted(SessionID, epoch: Int, endpoint: Endpoint)
    case labReady(SessionID, epoch: Int, endpoint: Endpoint)
    case startFailed(SessionID, epoch: Int, StartFailure)
    case containerExited(SessionID, epoch: Int, code: Int, outOfMemory: Bool)
    /// The home of a running lab is no longer mounted, because its mount on the host is gone. `asked` is that of the
    /// listing in which this was seen, as for `hostListed`.
    case homeLost(SessionID, epoch: Int, asked: Int = .max)
    /// The home could not be attached to the lab of a claimed warm seat, so another container is created with the home.
    case attachmentFailed(SessionID, epoch: Int, message: String)
    /// The system killed a process in the container because the memory limit was reached. `containerExited` follows if
    /// it was the container's first process; mostly it is a Jupyter kernel, and the lab continues.
    case processKilled(SessionID, epoch: Int)
    case containerRemoved(SessionID, epoch: Int)
    case removeFailed(SessionID, epoch: Int, message: String)

    /// One round of readings of the measured use of a host's labs.
    case usageSampled(host: String, [UsageSample])

    // From labs and the edge.
    case activity([SessionID: Timestamp])
    case labReported(SessionID, epoch: Int, LabReport)

    /// The wall clock was set, or the machine was suspended: the clock differs by this much (negative if it lags) from
    /// the time elapsed since the last event. Comes before any other event with the new time.
    case clockJumped(by: Duration)

    /// Time passed and deadlines may be due. Sent no later than `BrokerCore.nextDeadline`.
    case tick
}
