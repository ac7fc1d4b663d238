/// Why a session is in its state, and until when: every decision about its life, with the facts behind it. `Words`
/// makes a `SessionExplanation` of it.
public struct SessionFacts: Hashable, Sendable {
    /// One limit that applies to a session.
    public struct End: Hashable, Sendable {
        public var end: ForetoldEnd
        public var basis: EndBasis
        /// Whether the learner has been warned of it.
        public var isWarned: Bool

        public var cause: EndReason.Cause { end.cause }
        /// As in `ForetoldEnd.at`.
        public var at: Timestamp? { end.at }
    }

    /// The latest evidence that the session is in use.
    public struct Sign: Hashable, Sendable {
        public var at: Timestamp
        public var source: ActivitySource
    }

    /// The extensions of a running session.
    public struct Extension: Hashable, Sendable {
        /// The total extension of its lifetime.
        public var total: Duration
        /// Who gave the last extension, if that is known.
        public var by: String?
        /// The session does not end for idleness before this time.
        public var notIdleBefore: Timestamp
    }

    /// The explanation in short.
    public enum Summary: Hashable, Sendable {
        /// It runs, and nothing ends it at the moment.
        case endless
        /// It runs, and this comes first of what can end it.
        case alive(AliveReason, ForetoldEnd.Outcome, EndReason.Cause, in: Duration)
        case standing(SessionStanding)
        /// It is neither over nor in memory.
        case unknown
    }

    public var session: SessionID
    /// The lab's name in its portal.
    public var lab: String
    /// As in `StoryEntry.state`.
    public var state: String
    public var since: Timestamp
    public var summary: Summary
    /// The story's line with the decision that began this state.
    public var decision: StoryEntry?
    /// `nil` until the session has run.
    public var lastSign: Sign?
    /// For a running or parked session; earliest first.
    public var ends: [End]
    public var extended: Extension?
    /// Presses of *Keep it* since any other activity.
    public var keeps: Int
    /// While queued: the position, from 1.
    public var queuePosition: Int?
    public var queueLength: Int?
    /// While queued: why it waits.
    public var waiting: Waiting?
    /// While queued or starting: the estimated time until it is ready; `nil` if that would be a guess.
    public var estimate: Duration?
    /// The activity rules for its kind of lab.
    public var rules: [ActivityRule]
}

/// Why a foretold end is at its time.
public enum EndBasis: Hashable, Sendable {
    /// - parksFor: if it is parked then instead.
    case idle(IdleBasis, parksFor: Duration?)
    /// The host does not answer, so that nothing ends for idleness.
    case hostSilent(String)
    /// A kernel is executing, so that nothing ends for idleness.
    case busyKernel
    /// The configuration may have shortened it, of which its learner is warned first.
    case lifetime(Duration, extendedBy: Duration, isNotice: Bool)
    case reserved(ReservationID, until: Timestamp, isExtended: Bool)
    /// Its reservation is over, and it was extended on its seat.
    case seatExtended
    case drain(host: String)
    case announced(note: String)
    case parked(for: Duration)
}

/// Why a lab that nobody uses ends when it does.
public enum IdleBasis: Hashable, Sendable {
    case extended(timeout: Duration)
    case wayWasShut
    case notice
    case timeout(Duration, unlessKernelIsBusy: Bool)
}

/// Why a running session has not ended for idleness.
public enum AliveReason: Hashable, Sendable {
    case sign(ActivitySource, ago: Duration)
    case extended(by: String?)
    case hostSilent(String)
    case wayWasShut
    case notice
}

/// What a session is doing at the moment.
public enum SessionStanding: Hashable, Sendable {
    case queued(Waiting)
    case starting(StartStep, host: String, for: Duration)
    case running(announcedEndIn: Duration?, idleIn: Duration?, parks: Bool, lifetimeEndsIn: Duration?)
    case ending(EndReason, host: String)
    case parking(ParkReason, host: String)
    case parked(ParkReason, keptFor: Duration?, HomePlace?)
    case ended(EndReason)
    case failed(FailReason)
}

/// Where a parked session's files are, if only one host has them.
public enum HomePlace: Hashable, Sendable {
    case open(host: String)
    /// The host takes no labs in this state.
    case closed(host: String, HostState)
    case forgotten(host: String)
}
