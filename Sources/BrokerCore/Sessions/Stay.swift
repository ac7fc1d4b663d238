/// What showed that a session is in use.
public enum ActivitySource: String, Hashable, Sendable, Codable, CaseIterable {
    /// The launch, or *Start again*: nothing else has happened yet.
    case launch
    /// The lab became ready.
    case ready
    /// The edge saw a request or a WebSocket frame that counts (`ActivityRule`).
    case edge
    /// The lab said, when it was asked, that a kernel is executing.
    case busyKernel = "busy-kernel"
    /// The lab said, when it was asked, when a kernel last did something.
    case kernel
    /// The learner pressed *Keep it*.
    case keep
}

/// What bears on how long a running session stays, besides the time of its last activity. Begins anew with every run,
/// but for an announced end, which outlives the loss of a host.
public struct Stay: Hashable, Sendable {
    /// What the session's `lastActivityAt` was.
    public var source: ActivitySource
    /// How often *Keep it* was pressed since anything else happened; at most `Limits.keepsInARow`.
    public var keeps: Int
    /// By how much operators have moved the end of its lifetime; at most `Limits.extensionMaximum`.
    public var extended: Duration
    /// The last extension's: not ended for idleness before.
    public var notIdleBefore: Timestamp?
    /// The last extension's, for a session on a reserved seat: it keeps the seat until then, although the reservation is
    /// over before.
    public var seatUntil: Timestamp?
    /// Who gave the last extension, as they call themselves.
    public var extendedBy: String?
    /// An operator ends the session then, and its learner has been told.
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
