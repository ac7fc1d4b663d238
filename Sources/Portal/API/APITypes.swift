import Broker
import BrokerCore

/// `GET /v1/status`.
public struct APIStatus: Hashable, Sendable, Codable {
    public var version: String
    /// The broker's process.
    public var processId: Int32
    /// What everything of this broker's bears on engines, as the label `carrel.instance`.
    public var instance: String
    public var startedAt: Timestamp
    /// How many hosts are in each state.
    public var hosts: [String: Int]
    /// Sessions with a seat, on all hosts.
    public var sessions: Int
    /// Of these, on their way to ready.
    public var starting: Int
    /// Seats taken: of sessions, and of old containers that are still being removed.
    public var seats: Int
    /// Seats that the hosts have altogether, whatever their state.
    public var slots: Int
    /// Sessions that wait for a seat.
    public var queued: Int

    public init(
        version: String, processId: Int32, instance: String, startedAt: Timestamp, hosts: [HostView], queued: Int
    ) {
        self.version = version
        self.processId = processId
        self.instance = instance
        self.startedAt = startedAt
        self.hosts = Dictionary(hosts.map { ($0.state.rawValue, 1) }, uniquingKeysWith: +)
        sessions = hosts.reduce(0) { $0 + $1.sessions }
        starting = hosts.reduce(0) { $0 + $1.starting }
        seats = hosts.reduce(0) { $0 + $1.seats }
        slots = hosts.reduce(0) { $0 + $1.slots }
        self.queued = queued
    }
}

/// `GET /v1/hosts`.
public struct APIHosts: Hashable, Sendable, Codable {
    public var hosts: [HostView]
    public init(hosts: [HostView]) { self.hosts = hosts }
}

/// What `POST /v1/hosts/NAME/{cordon,uncordon,drain}` answers: the host as it is now.
public struct APIHost: Hashable, Sendable, Codable {
    public var host: HostView
    public init(host: HostView) { self.host = host }
}

/// The body of `POST /v1/hosts/NAME/drain`. An empty body stands for the default.
public struct APIDrain: Hashable, Sendable, Codable {
    /// 0 to `PortalLimits.drainDeadlineMaximum`. Without it a drain that is under way keeps its own deadline, and another
    /// one gets `Limits.drainTime`.
    public var deadlineSeconds: Int?
    /// Consent to a deadline that is sooner than `PortalLimits.endNotice`.
    public var withoutNotice: Bool?

    public init(deadlineSeconds: Int?, withoutNotice: Bool? = nil) {
        self.deadlineSeconds = deadlineSeconds
        self.withoutNotice = withoutNotice
    }
}

/// `GET /v1/sessions`, newest first.
public struct APISessions: Hashable, Sendable, Codable {
    public var sessions: [SessionView]
    public init(sessions: [SessionView]) { self.sessions = sessions }
}

/// `GET /v1/sessions/ID` and what `POST /v1/sessions/ID/end` and its like answer: the session and everything that happened to it.
public struct APISession: Hashable, Sendable, Codable {
    public var session: SessionView
    public var story: [StoryEntry]

    public init(session: SessionView, story: [StoryEntry]) {
        self.session = session
        self.story = story
    }
}

/// The body of `POST /v1/sessions/ID/end`. An empty body stands for the usual notice without a note.
public struct APIEnd: Hashable, Sendable, Codable {
    /// What the learner reads as the reason; at most `PortalLimits.noteCharacters`.
    public var note: String?
    /// When a running session ends, from now; 0 for at once, at most `Limits.announcementMaximum`; none:
    /// `PortalLimits.endNotice`.
    public var inSeconds: Int?

    public init(note: String?, inSeconds: Int? = nil) {
        self.note = note
        self.inSeconds = inSeconds
    }
}

/// The body of `POST /v1/sessions/ID/park`. An empty body stands for no note.
public struct APIPark: Hashable, Sendable, Codable {
    /// What the learner reads as the reason; at most `PortalLimits.noteCharacters`.
    public var note: String?
    public init(note: String?) { self.note = note }
}

/// The body of `POST /v1/sessions/ID/extend`.
public struct APIExtend: Hashable, Sendable, Codable {
    /// 1 to `Limits.extensionMaximum`, all extensions of the run together.
    public var seconds: Int?
    /// Why, for the story; at most `PortalLimits.noteCharacters`.
    public var note: String?

    public init(seconds: Int?, note: String?) {
        self.seconds = seconds
        self.note = note
    }
}

/// `GET /v1/sessions/ID/explain`.
public struct APIExplanation: Hashable, Sendable, Codable {
    public var explanation: SessionExplanation
    public init(explanation: SessionExplanation) { self.explanation = explanation }
}

/// The body of every answer with a status of 400 or more.
public struct APIFailure: Hashable, Sendable, Codable, Error {
    public struct Details: Hashable, Sendable, Codable {
        /// A `BrokerError.Code`, or `badRequest`, `notFound`, `methodNotAllowed`.
        public var code: String
        public var message: String
    }

    public var error: Details

    public init(code: String, message: String) { error = Details(code: code, message: message) }
}
