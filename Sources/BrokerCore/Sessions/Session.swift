/// A session's identity for its whole life: the unguessable label of its hostname `SLUG.LABS_DOMAIN`.
public struct SessionID: RawRepresentable, Hashable, Sendable, Codable, Comparable, CustomStringConvertible {
    public var rawValue: String
    public init(rawValue: String) { self.rawValue = rawValue }
    public var description: String { rawValue }
    public static func < (a: SessionID, b: SessionID) -> Bool { a.rawValue < b.rawValue }
}

/// Who has the session. `id` is unique within its portal.
public struct Learner: Hashable, Sendable, Codable {
    public var portal: String
    public var id: String
    public var name: String

    public init(portal: String, id: String, name: String) {
        self.portal = portal
        self.id = id
        self.name = name
    }
}

/// Where a running lab is reached: the host's publish address and the port that the engine chose.
public struct Endpoint: Hashable, Sendable, Codable {
    public var address: String
    public var port: Int

    public init(address: String, port: Int) {
        self.address = address
        self.port = port
    }
}

/// How far a start has come; each step is what the learner reads on the progress page.
public enum StartStep: String, Hashable, Sendable, Codable, CaseIterable {
    /// The container is being created on the host.
    case creating
    /// The container exists and is being started.
    case starting
    /// The container runs; the lab inside does not answer yet.
    case waiting
    /// A warm seat was claimed, whose lab answers; the learner's files are being attached to it.
    case attaching
}

/// Why a session ended. `explanation` says it to operators; the portal has other words for learners.
public enum EndReason: Hashable, Sendable, Codable {
    /// No activity for the lab's idle timeout.
    case idle(timeoutSeconds: Int64)
    /// The lab's maximum lifetime was reached.
    case lifetime(limitSeconds: Int64)
    /// An operator ended it, with the words they gave.
    case operatorEnded(note: String)
    /// The learner ended it.
    case learnerEnded
    /// The learner left the queue.
    case leftQueue
    /// The reservation whose seat it had is over, its overrun too.
    case reservationOver
    /// The host's drain reached its deadline.
    case drain(host: String)
    /// Its host does not come back, and the learner's files were there.
    case lost(host: String)
    /// The container stopped by itself.
    case exited(code: Int, outOfMemory: Bool)
    /// The host's engine was restarted, which stopped its containers.
    case engineRestarted(host: String)
    /// The engine no longer knows the container.
    case vanished(host: String)
    /// The learner's home was no longer mounted in the running lab, so what it wrote would have gone nowhere.
    case homeLost(host: String)
    /// The configuration no longer has the host or the lab.
    case removed(what: String)
    /// It was parked this long, and nobody came back to it.
    case parked(seconds: Int64)
    /// A newer version wrote this down, and this one keeps it as it is.
    case unknown(ReasonParts)
}

/// Whose a start looks that failed for good: what its learner reads depends on it.
public enum StartFault: String, Hashable, Sendable, Codable, CaseIterable {
    /// Nothing that the learner has in their hands.
    case ours
    /// The program in the lab stopped by itself before it was ready. Files of the learner may be why.
    case lab
}

/// The life of a session. A run is one container's life; `Session.epoch` counts the runs.
public enum SessionState: Hashable, Sendable {
    /// Waiting for a seat. Order in the queue is by `since`, then by id.
    case queued(since: Timestamp)
    /// Has a seat on `host`; its container is on its way to ready.
    case starting(host: String, step: StartStep, since: Timestamp)
    case running(host: String, endpoint: Endpoint, since: Timestamp)
    /// The decision to end is committed; the container is being removed. The seat is still taken.
    case ending(host: String, reason: EndReason, since: Timestamp)
    /// The decision to park is committed; the container is being removed. The seat is still taken.
    case parking(host: String, reason: ParkReason, since: Timestamp)
    /// No container and no seat. The learner's home stays; their next visit makes a new run with the same hostname.
    case parked(reason: ParkReason, since: Timestamp)
    /// No container. The learner's home stays; *Start again* makes a new run with the same hostname.
    case ended(reason: EndReason, at: Timestamp)
    /// The start failed for good; `message` says what happened and what to do next.
    case failed(message: String, fault: StartFault = .ours, at: Timestamp)
}

extension SessionState {
    /// The states without what belongs to each; their raw values are the words in tables, stories, pages and the API.
    public enum Name: String, Hashable, Sendable, Codable, CaseIterable {
        case queued, starting, running, ending, parking, parked, ended, failed

        /// Whether a session in this state is not over.
        public var isLive: Bool { self != .ended && self != .failed }
    }

    /// The word in tables, stories and pages.
    public var name: String {
        let name: Name =
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
        return name.rawValue
    }

    /// The host on which this session takes a seat.
    public var host: String? {
        switch self {
        case .starting(let host, _, _), .running(let host, _, _), .ending(let host, _, _), .parking(let host, _, _):
            host
        case .queued, .parked, .ended, .failed: nil
        }
    }

    /// Ended or failed: the session holds nothing and waits for nothing; only *Start again* moves it.
    public var isOver: Bool {
        switch self {
        case .ended, .failed: true
        case .queued, .starting, .running, .ending, .parking, .parked: false
        }
    }
}

public struct Session: Hashable, Sendable {
    public var id: SessionID
    public var learner: Learner
    public var lab: String
    /// Counts the runs, from 1. Each attempt to start a container is a run of its own, so that a late reply about an
    /// older container is recognised, and every container's name is used once.
    public var epoch: Int
    public var state: SessionState
    public var createdAt: Timestamp
    /// The last moment at which a person, or a busy kernel, did something in this lab.
    public var lastActivityAt: Timestamp
    /// How many runs failed since the last launch; a launch gives up after `Limits.startAttempts`.
    public var failedAttempts: Int
    /// What bears on how long it stays.
    public var stay: Stay
    /// The course context of the last launch, if it named one.
    public var context: String?
    /// The reservation whose seat this session has, or waits for.
    public var reservation: ReservationID?
    /// The warm seat whose container this run took over.
    public var warm: WarmSeatID?
    /// What its seat counts for in the memory of its host, in bytes: fixed when the seat is given, whatever is learned or
    /// configured later. 0 without a seat, and for one that was given by a version that did not write it down.
    public var charge: Int64

    public init(
        id: SessionID, learner: Learner, lab: String, epoch: Int, state: SessionState, createdAt: Timestamp,
        lastActivityAt: Timestamp, failedAttempts: Int = 0, stay: Stay = Stay(), context: String? = nil,
        reservation: ReservationID? = nil, warm: WarmSeatID? = nil, charge: Int64 = 0
    ) {
        self.id = id
        self.learner = learner
        self.lab = lab
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

/// One line of a session's story: what changed, when, and why, in words.
public struct StoryEntry: Hashable, Sendable, Codable {
    public var session: SessionID
    public var at: Timestamp
    public var epoch: Int
    /// The state that began, as in `SessionState.name`; or `note`, which changes none.
    public var state: String
    public var host: String?
    /// Why, in a sentence for operators.
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
