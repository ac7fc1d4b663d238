import Identity

extension Course {
    /// Whether the last launch of this session came from this course.
    public func has(_ session: Session) -> Bool {
        session.learner.portal == portal && session.context == context
    }
}

/// An extension of a running session: by whom, why, and within which bound.
public struct Extension: Hashable, Sendable {
    public var duration: Duration
    /// The maximum for all extensions of the run together, at most `Limits.extensionMaximum`.
    public var bound: Duration
    /// Who gave the extension, for the session's story.
    public var who: String
    public var note: String
    /// If set, the session must be of this course; any other is reported as unknown.
    public var course: Course?

    public init(
        by duration: Duration, bound: Duration = Limits.extensionMaximum, who: String, note: String = "",
        course: Course? = nil
    ) {
        self.duration = duration
        self.bound = min(bound, Limits.extensionMaximum)
        self.who = who
        self.note = note
        self.course = course
    }
}
