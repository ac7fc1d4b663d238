import Identity

/// Why a line stands in a session's story: a code with the facts behind it. `Words` makes the operators' sentence.
public enum StoryReason: Hashable, Sendable {
    /// - cohort: the seats of the learner's cohort if all of them are claimed, so that this session gets any free one.
    case launched(SeatClaim?, fullCohort: Int?)
    /// The same for a session that was over, ending or parked.
    case revived(wasParked: Bool, SeatClaim?, fullCohort: Int?)
    /// A waiting session gets a right to a reserved seat.
    case claimed(SeatClaim)
    case reservationCancelled
    case reservationOver

    case seatFound(host: String)
    case warmSeat(WarmSeatClaim, host: String)
    case stepReached(StartStep)
    /// - since: how long ago it got its seat, or claimed its warm one.
    case ready(after: Duration, wasWarm: Bool)
    case attachmentFailed(message: String)
    /// The number of the attempt, from 1.
    case attemptFailed(Int, host: String, Mishap)
    case detoured(Setback)
    case failed(FailReason)
    /// Its host was lost, and it gets a seat elsewhere with the same files.
    case reseated(lostHost: String, endStaysAnnounced: Bool)

    case warnedOfIdleness(in: Duration, parks: Bool)
    /// An end that comes whatever happens in the lab.
    case warned(of: EndReason, in: Duration)
    /// The number of presses in a row, and the time that each gives.
    case kept(Int, for: Duration)
    case extended(by: Duration, who: String, note: String, endIsTakenBack: Bool, endsIn: Duration)
    case endAnnounced(in: Duration, note: String)
    case endTakenBack
    /// The system killed a program in the lab, which had used all of its memory; in bytes.
    case outOfMemory(limit: Int64)
    case containerMoved(Endpoint)
    /// - grace: for so long nothing ends for idleness.
    case clockMoved(by: Duration, grace: Duration, announcedEndIn: Duration?)
    /// What an operator did, in the words of the operator's program.
    case remark(String)

    case ends(EndReason, IdleEvidence?)
    case parks(ParkReason, IdleEvidence?)
    case removalFailed(message: String)
    /// Nothing is left of the run, as far as is known.
    case containerRemoved(host: String)
    case containerOnLostHost(host: String)
    case containerOnForgottenHost(host: String)
}

/// The right of a session to a seat of a reservation.
public struct SeatClaim: Hashable, Sendable {
    public var reservation: ReservationID
    /// It was claimed after the no-show time, when unclaimed seats were released.
    public var isLate: Bool
}

/// What a session got that claimed a warm seat.
public enum WarmSeatClaim: Hashable, Sendable {
    /// A ready lab that keeps no files.
    case readyWithoutFiles
    /// A ready lab that was started with the learner's own files.
    case readyWithFiles
    /// A ready lab to which the learner's files are being attached.
    case attaching
    case starting
}

/// What went wrong with one attempt to start a lab.
public enum Mishap: Hashable, Sendable {
    /// In the words of the engine or the driver.
    case told(String)
    case containerRemoved
    case containerStopped(code: Int, outOfMemory: Bool)
}

/// Why a session went back to the queue through no fault of its own.
public enum Setback: Hashable, Sendable {
    case hostSilent(String, reason: String)
    case hostLost(String)
    case hostRemoved(String)
    case hostDrained(String)
    case sameEngine(String, as: String)
    case hostUnproved(String)
    /// The engine's message stands for the name of an image that is not known any more.
    case imageMissing(host: String, image: String?, message: String)
}

/// Why a start failed for good.
public enum FailReason: Hashable, Sendable {
    /// After `Limits.startAttempts`; the last one on this host.
    case attempts(lastHost: String, Mishap)
    /// After `Limits.startDetours`.
    case detours(last: Setback)
    /// No host that could serve the lab has its image; `home` is the one with the learner's files.
    case imageNowhere(image: String, lab: String, home: String?)
    case neverFits(Misfit)
    /// As the state file has it.
    case told(String)
}

/// The evidence on which a lab was judged idle.
public struct IdleEvidence: Hashable, Sendable {
    public enum Witness: Hashable, Sendable, CaseIterable {
        case edge, quietKernels, noAnswer
    }

    public var lastSign: ActivitySource
    public var ago: Duration
    public var witness: Witness
}
