/// The kind of activity that showed that a session is in use.
public enum ActivitySource: String, Hashable, Sendable, Codable, CaseIterable {
    /// The launch, or *Start again*, with no activity since.
    case launch
    /// The lab became ready.
    case ready
    /// The edge saw a request or a WebSocket frame that counts (`ActivityRule`).
    case edge
    /// The lab, when asked, reported that a kernel is executing.
    case busyKernel = "busy-kernel"
    /// The lab, when asked, reported when a kernel was last active.
    case kernel
    /// The learner pressed *Keep it*.
    case keep
}

/// What determines how long a running session stays, besides the time of its last activity. Reset with every run,
/// except for an announced end, which survives the loss of a host.
public struct Stay: Hashable, Sendable {
    /// The source of the session's `lastActivityAt`.
    public var source: ActivitySource
    /// Presses of *Keep it* since any other activity; at most `Limits.keepsInARow`.
    public var keeps: Int
    /// The total extension of the session's lifetime; at most `Limits.extensionMaximum`.
    public var extended: Duration
    /// Set by the last extension: the session does not end for idleness before this time.
    public var notIdleBefore: Timestamp?
    /// Set by the last extension of a session on a reserved seat: it keeps the seat until then, beyond the
    /// reservation's end.
    public var seatUntil: Timestamp?
    /// Who gave the last extension, by the name they use.
    public var extendedBy: String?
    /// The end that an operator has announced and the learner has been told of.
    public var announcedEnd: AnnouncedEnd?

    public init(
        source: ActivitySource = .launch, keeps: Int = 0, extended: Duration = .zero, notIdleBefore: Timestamp? = nil,
        seatUntil: Timestamp? = nil, extendedBy: String? = nil, announcedEnd: AnnouncedEnd? = nil
    ) {
        self.source = source
        self.keeps = keeps
        self.extended = extended
        self.notIdleBefore = notIdleBefore
        self.seatUntil = seatUntil
        self.extendedBy = extendedBy
        self.announcedEnd = announcedEnd
    }
}
