/// Why a request was refused. The message says what happened and what to do next.
public enum Refusal: Error, Hashable, Sendable {
    case unknownLab(String)
    case unknownSession(SessionID)
    case unknownHost(String)
    case unknownReservation(ReservationID)
    case unknownPool(PoolKey)
    /// The terms of a reservation, or of a host, are invalid.
    case badTerms(String)
    /// There are not as many seats in that time.
    case noSeats(ReservationConflict)
    /// A session on a reserved seat cannot keep it that long.
    case noSeatAfter(ExtensionConflict)
    /// The state of the session or host does not allow this.
    case notNow(String)
    /// No host could ever serve this lab.
    case neverFits(Misfit)
    /// A named limit is reached (the queue's, say).
    case limit(String)
}

/// The answer to a request. Handed out only after the changes that it speaks of are committed.
public enum Answer: Hashable, Sendable {
    case session(SessionID)
    case reservation(ReservationID)
    case booked(BookingOutcome)
    /// These reservations are at other moments now.
    case retimed([ReservationID])
    /// These reservations were cancelled, in order of their start.
    case cancelled([ReservationID])
    case done
    case refused(Refusal)
}

/// What the driver does after the changes of the same step are committed. In order.
public enum Action: Hashable, Sendable {
    /// Create and start the container of this run, then wait until the lab answers; report every step as an event.
    /// With a warm seat's name and epoch 0 it is that seat's. For a session that has claimed one (`Session.warm`) the
    /// container is the seat's: go on with it, attach the learner's home if the seat was made without one, and report
    /// under the session's name.
    /// If a container of that name already exists on the host (a restart in the middle), go on with it. Repeated for
    /// a run on its way at every listing of the host: nothing to do if the driver is still at it.
    case start(SessionID, epoch: Int, host: String)
    /// Stop working on the start of this container, remove it, and report `containerRemoved` or `removeFailed`. The name
    /// and the epoch are the container's own (`Session.container`). A missing one is removed. Repeated at every listing of the host until `containerRemoved`.
    case remove(SessionID, epoch: Int, host: String)
    /// Remove a container of ours that belongs to no run; nothing is reported.
    case removeOrphan(host: String, containerID: String)
    /// The edge routes the session's hostname to the endpoint.
    case publishRoute(SessionID, epoch: Int, Endpoint)
    case withdrawRoute(SessionID)
    /// Ask the lab for its kernels and report `labReported`.
    case askLab(SessionID, epoch: Int, Endpoint)
    /// Other hosts are there to be talked to: those of the configuration, and `addedHosts`.
    case hostsChanged
    case answer(RequestID, Answer)
    /// Something that a watcher of this session can see has changed.
    case changed(SessionID)
    /// Positions in the queue have changed, so watchers of queued sessions need a new view.
    case queueMoved
}

/// What must be on disk before the actions of the same step are carried out.
public enum Change: Hashable, Sendable {
    case session(Session)
    case story(StoryEntry)
    case duty(host: String, HostDuty)
    /// What tells the engine behind a host from others.
    case engine(host: String, String?)
    /// What was proved last of a host's network; nothing when it has to be proved anew.
    case proof(host: String, String?)
    /// How the rolling drain stands; nothing when it is over.
    case rollingDrain(RollingDrain?)
    /// A host that an operator added, or nothing where the configuration has it now.
    case hostEntry(host: String, HostEntry?)
    /// What operators changed of a host, if anything.
    case hostAdjustment(host: String, HostAdjustment?)
    /// An added host is removed, with its duty and everything else.
    case hostForgotten(host: String)
    /// A reservation as it is now, but for its claims.
    case reservation(Reservation)
    /// Learners of a reservation have as many seats at the same time as never before.
    case peak(ReservationID, seats: Int)
    /// A learner has claimed a seat of a reservation.
    case claim(ReservationID, learner: String, at: Timestamp)
    /// A warm seat as it is now; a number that is new is never given again.
    case warm(WarmSeat)
    /// It is claimed or given up.
    case warmGone(WarmSeatID)
    /// What an operator has set of a pool, until `poolReset`.
    case pool(PoolSpec)
    case poolReset(PoolKey)
    /// What was learned of a lab's use.
    case profile(lab: String, UsageProfile)
    /// With homes that stick to a host: where this learner's home of this portal is.
    case home(portal: String, learner: String, host: String)
}
