import Identity

/// The answer to a request. Delivered only after the changes that it reports are committed.
public enum Answer: Hashable, Sendable {
    case session(SessionID)
    case reservation(ReservationID)
    case booked(BookingOutcome)
    /// These reservations were moved to other times.
    case retimed([ReservationID])
    /// These reservations were cancelled, in order of their start.
    case cancelled([ReservationID])
    case done
    case refused(Refusal)
}

/// What the driver does, in order, after the changes of the same step are committed.
public enum Action: Hashable, Sendable {
    /// Create and start the container of this run, then wait until the lab is ready; report every step as an event.
    /// With a warm seat's name and epoch 0, the container belongs to that seat. For a session that has claimed a warm
    /// seat (`Session.warm`) the container is the seat's: continue with it, attach the learner's home if the seat was
    /// started without one, and report under the session's name.
    /// If a container of that name already exists on the host (after a restart in the middle of a start), continue with
    /// it. Repeated for every run in progress at each listing of the host; a no-op if the driver is still working on
    /// it.
    case start(SessionID, epoch: Int, host: String)
    /// Cancel the start of this container, remove it, and report `containerRemoved` or `removeFailed`. The name and the
    /// epoch are the container's own (`Session.container`). A missing container counts as removed. Repeated at every
    /// listing of the host until `containerRemoved`.
    case remove(SessionID, epoch: Int, host: String)
    /// Remove a container of ours that belongs to no run. No event is reported.
    case removeOrphan(host: String, containerID: String)
    /// The edge routes the session's hostname to the endpoint.
    case publishRoute(SessionID, epoch: Int, Endpoint)
    case withdrawRoute(SessionID)
    /// Ask the lab for its kernels and report `labReported`.
    case askLab(SessionID, epoch: Int, Endpoint)
    /// The set of hosts to connect to has changed: those of the configuration, and `addedHosts`.
    case hostsChanged
    case answer(RequestID, Answer)
    /// Something visible to watchers of this session has changed.
    case changed(SessionID)
    /// Positions in the queue have changed, so watchers of queued sessions need a new view.
    case queueMoved
}

/// A write that must be durable before the actions of the same step are carried out.
public enum Change: Hashable, Sendable {
    case session(Session)
    case story(StoryLine)
    case duty(host: String, HostDuty)
    /// The identity of the engine behind a host.
    case engine(host: String, String?)
    /// The mark of the last proof of a host's network isolation; `nil` if isolation must be proved again.
    case proof(host: String, String?)
    /// The state of the rolling drain; `nil` when it is over.
    case rollingDrain(RollingDrain?)
    /// A host that an operator added; `nil` once the configuration lists it.
    case hostEntry(host: String, HostEntry?)
    /// An operator's changes to a host; `nil` if there are none.
    case hostAdjustment(host: String, HostAdjustment?)
    /// An added host is removed, together with its duty and everything else stored about it.
    case hostForgotten(host: String)
    /// The current state of a reservation, without its claims.
    case reservation(Reservation)
    /// A new maximum of the seats that a reservation's learners have had at the same time.
    case peak(ReservationID, seats: Int)
    /// A learner has claimed a seat of a reservation.
    case claim(ReservationID, learner: String, at: Timestamp)
    /// The current state of a warm seat. A new seat's number is never reused.
    case warm(WarmSeat)
    /// The warm seat was claimed or given up.
    case warmGone(WarmSeatID)
    /// An operator's override of a pool, in force until `poolReset`.
    case pool(PoolSpec)
    case poolReset(LabKey)
    /// The usage profile of a lab.
    case profile(LabKey, UsageProfile)
    /// Without shared homes: the host that holds this learner's home of this portal.
    case home(portal: PortalID, learner: String, host: String)
}
