import Broker
import BrokerCore
import Words

/// The answer to `GET /v1/status`.
public struct APIStatus: Hashable, Sendable, Codable {
    public var version: String
    /// The broker's process ID.
    public var processId: Int32
    /// The value of the label `carrel.instance`, which marks everything that this broker creates on engines.
    public var instance: String
    public var startedAt: Timestamp
    /// How many hosts are in each state.
    public var hosts: [String: Int]
    /// Sessions with a seat, on all hosts.
    public var sessions: Int
    /// The sessions of these that are starting.
    public var starting: Int
    /// Seats taken, by sessions and by old containers whose removal is in progress.
    public var seats: Int
    /// Seats of all hosts together, whatever their state.
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

/// The answer to `GET /v1/hosts`.
public struct APIHosts: Hashable, Sendable, Codable {
    public var hosts: [HostView]
    public init(hosts: [HostView]) { self.hosts = hosts }
}

/// The answer to `POST /v1/hosts/NAME/{cordon,uncordon,drain}`: the current state of the host.
public struct APIHost: Hashable, Sendable, Codable {
    public var host: HostView
    public init(host: HostView) { self.host = host }
}

/// The body of `POST /v1/hosts/NAME/drain`. An empty body stands for the default.
public struct APIDrain: Hashable, Sendable, Codable {
    /// 0 to `PortalLimits.drainDeadlineMaximum`. If missing, a drain in progress keeps its deadline, and a new one gets
    /// `Limits.drainTime`.
    public var deadlineSeconds: Int?
    /// Consent to a deadline that is sooner than `PortalLimits.endNotice`.
    public var withoutNotice: Bool?

    public init(deadlineSeconds: Int?, withoutNotice: Bool? = nil) {
        self.deadlineSeconds = deadlineSeconds
        self.withoutNotice = withoutNotice
    }
}

/// The answer to `GET /v1/sessions`, newest first.
public struct APISessions: Hashable, Sendable, Codable {
    public var sessions: [SessionView]
    public init(sessions: [SessionView]) { self.sessions = sessions }
}

/// The answer to `GET /v1/sessions/ID`, `POST /v1/sessions/ID/end` and similar calls: the session and all of its
/// events.
public struct APISession: Hashable, Sendable, Codable {
    public var session: SessionView
    public var story: [StoryEntry]

    public init(session: SessionView, story: [StoryEntry]) {
        self.session = session
        self.story = story
    }
}

/// The body of `POST /v1/sessions/ID/end`. An empty body means the default notice without a note.
public struct APIEnd: Hashable, Sendable, Codable {
    /// The reason that the learner reads; at most `PortalLimits.noteCharacters`.
    public var note: String?
    /// Seconds until a running session ends; 0 ends it immediately, at most `Limits.announcementMaximum`; if missing,
    /// `PortalLimits.endNotice`.
    public var inSeconds: Int?

    public init(note: String?, inSeconds: Int? = nil) {
        self.note = note
        self.inSeconds = inSeconds
    }
}

/// The body of `POST /v1/sessions/ID/park`. An empty body means no note.
public struct APIPark: Hashable, Sendable, Codable {
    /// The reason that the learner reads; at most `PortalLimits.noteCharacters`.
    public var note: String?
    public init(note: String?) { self.note = note }
}

/// The body of `POST /v1/sessions/ID/extend`.
public struct APIExtend: Hashable, Sendable, Codable {
    /// 1 to `Limits.extensionMaximum`, which bounds the sum of all extensions of the run.
    public var seconds: Int?
    /// The reason, for the session's story; at most `PortalLimits.noteCharacters`.
    public var note: String?

    public init(seconds: Int?, note: String?) {
        self.seconds = seconds
        self.note = note
    }
}

/// The answer to `GET /v1/sessions/ID/explain`.
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
