import Identity

/// A session's identity for its whole life: the unguessable label of its hostname `SLUG.LABS_DOMAIN`.
public struct SessionID: RawRepresentable, Hashable, Sendable, Codable, Comparable, CustomStringConvertible {
    public var rawValue: String
    public init(rawValue: String) { self.rawValue = rawValue }
    public var description: String { rawValue }
    public static func < (a: SessionID, b: SessionID) -> Bool { a.rawValue < b.rawValue }
}

/// The owner of the session. `id` is unique within its portal.
public struct Learner: Hashable, Sendable, Codable {
    public let portal: PortalID
    public let id: String
    public var name: String

    public init(portal: PortalID, id: String, name: String) {
        self.portal = portal
        self.id = id
        self.name = name
    }

    /// The person as a learner of labs; one without a name goes by the identifier.
    ///
    /// - Precondition: the issuer is `Person.signedLinks`.
    public init(_ person: Person, name: String?) {
        precondition(person.issuer == Person.signedLinks)
        self.init(portal: person.portal, id: person.subject, name: name ?? person.subject)
    }

    public var person: Person { Person(portal: portal, issuer: Person.signedLinks, subject: id) }
}

/// The address of a running lab: the host's publish address and the port that the engine chose.
public struct Endpoint: Hashable, Sendable, Codable {
    public var address: String
    public var port: Int

    public init(address: String, port: Int) {
        self.address = address
        self.port = port
    }
}

/// The progress of a start; each step is shown to the learner on the progress page.
public enum StartStep: String, Hashable, Sendable, Codable, CaseIterable {
    /// The container is being created on the host.
    case creating
    /// The container exists and is being started.
    case starting
    /// The container is running; the lab inside does not answer yet.
    case waiting
    /// A warm seat with a ready lab was claimed; the learner's files are being attached to it.
    case attaching
}

/// Why a session ended, or will end. `Words` has a sentence for operators and one for learners.
public enum EndReason: Hashable, Sendable, Codable {
    /// No activity for the lab's idle timeout.
    case idle(timeoutSeconds: Int64)
    /// The lab's maximum lifetime was reached.
    case lifetime(limitSeconds: Int64)
    /// An operator ended it, with an optional message.
    case operatorEnded(note: String)
    /// The learner ended it.
    case learnerEnded
    /// The learner left the queue.
    case leftQueue
    /// The reservation of its seat is over, including the overrun.
    case reservationOver
    /// The host's drain reached its deadline.
    case drain(host: String)
    /// Its host is lost, and with it the learner's files.
    case lost(host: String)
    /// The container stopped by itself.
    case exited(code: Int, outOfMemory: Bool)
    /// The host's engine was restarted, which stopped its containers.
    case engineRestarted(host: String)
    /// The engine no longer knows the container.
    case vanished(host: String)
    /// The learner's home was no longer mounted in the running lab, so anything it wrote would have been lost.
    case homeLost(host: String)
    /// The configuration no longer has the host or the lab.
    case removed(what: String)
    /// It was parked for this long without a visit.
    case parked(seconds: Int64)
    /// Written by a newer version; kept unchanged.
    case unknown(ReasonParts)
}

/// The likely cause of a start that failed for good; the learner's text depends on it.
public enum StartFault: String, Hashable, Sendable, Codable, CaseIterable {
    /// Nothing that the learner controls.
    case ours
    /// The program in the lab stopped by itself before it was ready. The learner's files may be the cause.
    case lab

    /// The exit code of a program that was terminated by SIGTERM: it was stopped from outside, as by an engine that is
    /// shutting down.
    public static let terminated = 128 + 15

    /// The likely cause when a starting lab's container stopped with this code.
    public init(exitCode: Int?) { self = exitCode == Self.terminated ? .ours : .lab }
}

/// The state of a session. A run is the life of one container; `Session.epoch` counts the runs.
public enum SessionState: Hashable, Sendable {
    /// Waiting for a seat. Sessions queue in order of `since`, then of id.
    case queued(since: Timestamp)
    /// Has a seat on `host`; its container is starting.
    case starting(host: String, step: StartStep, since: Timestamp)
    case running(host: String, endpoint: Endpoint, since: Timestamp)
    /// The decision to end is committed; the container is being removed. The seat is still taken.
    case ending(host: String, reason: EndReason, since: Timestamp)
    /// The decision to park is committed; the container is being removed. The seat is still taken.
    case parking(host: String, reason: ParkReason, since: Timestamp)
    /// No container and no seat. The learner's home stays; their next visit starts a new run with the same hostname.
    case parked(reason: ParkReason, since: Timestamp)
    /// No container. The learner's home stays; *Start again* starts a new run with the same hostname.
    case ended(reason: EndReason, at: Timestamp)
    /// The start failed for good.
    case failed(FailReason, fault: StartFault = .ours, at: Timestamp)
}

extension SessionState {
    /// The states without their associated values. The raw values are the words in tables, stories, pages and the API.
    public enum Name: String, Hashable, Sendable, Codable, CaseIterable {
        case queued, starting, running, ending, parking, parked, ended, failed

        /// Whether a session in this state is not over.
        public var isLive: Bool { self != .ended && self != .failed }
    }

    /// The state without its associated values.
    public var code: Name {
        switch self {
        case .queued: .queued
        case .starting: .starting
        case .running: .running
        case .ending: .ending
        case .parking: .parking
        case .parked: .parked
        case .ended: .ended
        case .failed: .failed
        }
    }

    /// The state's word in tables, stories and pages.
    public var name: String { code.rawValue }

    /// The host on which this session takes a seat.
    public var host: String? {
        switch self {
        case .starting(let host, _, _), .running(let host, _, _), .ending(let host, _, _), .parking(let host, _, _):
            host
        case .queued, .parked, .ended, .failed: nil
        }
    }

    /// Ended or failed: the session holds nothing and waits for nothing; only *Start again* revives it.
    public var isOver: Bool {
        switch self {
        case .ended, .failed: true
        case .queued, .starting, .running, .ending, .parking, .parked: false
        }
    }
}

public struct Session: Hashable, Sendable {
    public var id: SessionID
    public internal(set) var learner: Learner
    /// A lab of the learner's portal.
    public let lab: LabKey
    /// Counts the runs, from 1. Each attempt to start a container is a run of its own, so that a late report about an
    /// older container is recognised, and no container name is used twice.
    public var epoch: Int
    public var state: SessionState
    public var createdAt: Timestamp
    /// The last moment at which a person, or a busy kernel, did something in this lab.
    public var lastActivityAt: Timestamp
    /// Runs that have failed since the last launch; a launch gives up after `Limits.startAttempts`.
    public var failedAttempts: Int
    /// What determines how long the session stays.
    public var stay: Stay
    /// The course context of the last launch, if it named one.
    public var context: String?
    /// The reservation of which this session has a seat, or waits for one.
    public var reservation: ReservationID?
    /// The warm seat whose container this run took over.
    public var warm: WarmSeatID?
    /// The bytes of its host's memory that its seat is charged: fixed when the seat is given, whatever is learned or
    /// configured later. 0 without a seat, and for one given by a version that did not store it.
    public var charge: Int64

    /// - Parameter lab: the lab's name in the learner's portal.
    public init(
        id: SessionID, learner: Learner, lab: String, epoch: Int, state: SessionState, createdAt: Timestamp,
        lastActivityAt: Timestamp, failedAttempts: Int = 0, stay: Stay = Stay(), context: String? = nil,
        reservation: ReservationID? = nil, warm: WarmSeatID? = nil, charge: Int64 = 0
    ) {
        self.id = id
        self.learner = learner
        self.lab = LabKey(portal: learner.portal, name: lab)
        self.epoch = epoch
        self.state = state
        self.createdAt = createdAt
        self.lastActivityAt = lastActivityAt
        self.failedAttempts = failedAttempts
        self.stay = stay
        self.context = context
        self.reservation = reservation
        self.warm = warm
        self.charge = charge
    }
}

/// One line of a session's story: what changed, when, and why.
public struct StoryEntry: Hashable, Sendable, Codable {
    public var session: SessionID
    public var at: Timestamp
    public var epoch: Int
    /// The new state, as in `SessionState.name`, or `note` for a line without a change of state.
    public var state: String
    public var host: String?
    /// The reason, as a sentence for operators.
    public var reason: String

    public init(session: SessionID, at: Timestamp, epoch: Int, state: String, host: String?, reason: String) {
        self.session = session
        self.at = at
        self.epoch = epoch
        self.state = state
        self.host = host
        self.reason = reason
    }
}
