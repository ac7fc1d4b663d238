import BrokerCore
import Identity

/// A session for people and programs: on pages, in the API and on the command line.
public struct SessionView: Hashable, Sendable, Codable {
    public var id: SessionID
    public var portal: PortalID
    public var learner: String
    public var learnerName: String
    public var lab: String
    public var labTitle: String
    /// The course that the learner launched from, if the launch named one.
    public var course: String?
    public var kind: LabKind
    /// `queued`, `starting`, `running`, `ending`, `parking`, `parked`, `ended` or `failed`.
    public var state: String
    /// While starting: `creating`, `starting`, `waiting` or `attaching`.
    public var step: String?
    /// While queued: the position, from 1.
    public var queuePosition: Int?
    public var queueLength: Int?
    /// While queued or starting: the estimated number of seconds until the lab is ready.
    public var estimateSeconds: Int?
    public var host: String?
    public var image: String
    /// Counts the runs, from 1.
    public var epoch: Int
    /// `SLUG.LABS_DOMAIN`.
    public var hostname: String
    /// The lab's URL, with the port unless it is 443.
    public var url: String
    /// While ending, parked, ended or failed: why, in words. While queued: why it waits.
    public var reason: String?
    /// While queued: why it waits, as facts.
    public var waiting: Waiting?
    public var createdAt: Timestamp
    /// When the current state began.
    public var since: Timestamp
    public var lastActivityAt: Timestamp
    /// While running: when it ends if it sees no further activity.
    public var idleEndsAt: Timestamp?
    /// While running: the total extension of its lifetime.
    public var extendedSeconds: Int64?
    /// While running: how long it is parked once it is idle; nil if it ends instead.
    public var parksForSeconds: Int64?
    /// While parked: when it ends if its learner does not return.
    public var parkedUntil: Timestamp?
    /// While running: when it ends regardless of activity.
    public var lifetimeEndsAt: Timestamp?
    /// While running: what ends it first, and when, if nothing changes.
    public var endsAt: Timestamp?
    public var endsBy: EndReason.Cause?
    /// While running: when an operator ends it, and the operator's message to the learner.
    public var announcedEndAt: Timestamp?
    public var announcedNote: String?
    /// While ending or ended: why it ends; while parking or parked: why it is parked.
    public var endReason: EndReason?
    public var parkReason: ParkReason?
    /// For a failed start: its likely cause.
    public var fault: StartFault?
    /// Whether the learner's files outlive the container; nil means that they do.
    public var keepsFiles: Bool?
    /// While running: its host has not answered for a while.
    public var isOutOfReach: Bool?
    /// While running: when a process in it was last killed because the lab reached its memory limit.
    public var memoryWarnedAt: Timestamp?
    /// While running: whether the learner has been warned of that end.
    public var isWarned: Bool?
    /// While running: how many more times *Keep it* can be pressed without other activity in the lab.
    public var keepsLeft: Int?
    /// What its seat is charged of its host's memory, in bytes; nil without a seat.
    public var chargeBytes: Int64?
    /// The measured use of its container; nil before the first reading.
    public var use: SessionUseView?

    /// Whose session it is.
    public var owner: Person { Learner(portal: portal, id: learner, name: learnerName).person }

    /// The session as what permissions are about.
    public var resource: Resource { .session(of: owner, course: course) }
}
