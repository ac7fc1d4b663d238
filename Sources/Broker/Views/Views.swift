import BrokerCore

/// A session as people and programs see it: on pages, in the API and on the command line.
public struct SessionView: Hashable, Sendable, Codable {
    public var id: SessionID
    public var portal: String
    public var learner: String
    public var learnerName: String
    public var lab: String
    public var labTitle: String
    /// The course from which the learner came, if their launch named one.
    public var course: String?
    public var kind: LabKind
    /// `queued`, `starting`, `running`, `ending`, `parking`, `parked`, `ended` or `failed`.
    public var state: String
    /// While starting: `creating`, `starting` or `waiting`.
    public var step: String?
    /// While queued: 1 is next.
    public var queuePosition: Int?
    public var queueLength: Int?
    /// While queued: an estimate of the seconds until the lab's start begins.
    public var estimateSeconds: Int?
    public var host: String?
    public var image: String
    /// Counts the runs, from 1.
    public var epoch: Int
    /// `SLUG.LABS_DOMAIN`.
    public var hostname: String
    /// Where the lab is, with its port when that is not 443.
    public var url: String
    /// While ending, parked, ended or failed: why, in words. While queued: what it waits for.
    public var reason: String?
    /// While queued: what it waits for, as facts.
    public var waiting: Waiting?
    public var createdAt: Timestamp
    /// When the present state began.
    public var since: Timestamp
    public var lastActivityAt: Timestamp
    /// While running: when it ends if nobody does anything.
    public var idleEndsAt: Timestamp?
    /// While running: by how much its lifetime was extended.
    public var extendedSeconds: Int64?
    /// While running: for how long it is parked when it has been idle; none if it ends then.
    public var parksForSeconds: Int64?
    /// While parked: when it ends if nobody comes back to it.
    public var parkedUntil: Timestamp?
    /// While running: when it ends in any case.
    public var lifetimeEndsAt: Timestamp?
    /// While running: what ends it first, and when, if nothing changes.
    public var endsAt: Timestamp?
    public var endsBy: SessionExplanation.Cause?
    /// While running: when an operator ends it, and what they say to the learner.
    public var announcedEndAt: Timestamp?
    public var announcedNote: String?
    /// While ending or ended: why, and while parking or parked.
    public var endReason: EndReason?
    public var parkReason: ParkReason?
    /// Of a failed start: whose it looks.
    public var fault: StartFault?
    /// Whether the learner's files outlive the container; none: they do.
    public var keepsFiles: Bool?
    /// While running: its host has not answered for a while.
    public var isOutOfReach: Bool?
    /// While running: when a process in it was last stopped because the lab reached its memory limit.
    public var memoryWarnedAt: Timestamp?
    /// While running: the learner is warned of that end.
    public var isWarned: Bool?
    /// While running: how often *Keep it* can be pressed before something else must happen in the lab.
    public var keepsLeft: Int?
    /// What its seat counts for in its host's memory; none without a seat.
    public var chargeBytes: Int64?
    /// What its container was measured to use; none before the first reading.
    public var use: SessionUseView?
}
