/// A course context of a portal, as its launches name it.
public struct Course: Hashable, Sendable {
    public var portal: String
    public var context: String

    public init(portal: String, context: String) {
        self.portal = portal
        self.context = context
    }

    /// The last launch of this session came from here.
    public func has(_ session: Session) -> Bool {
        session.learner.portal == portal && session.context == context
    }
}

/// More time for a running session: who gives it, why, and within what.
public struct Extension: Hashable, Sendable {
    public var duration: Duration
    /// What all extensions of the run may come to together, at most `Limits.extensionMaximum`.
    public var bound: Duration
    /// For the story.
    public var who: String
    public var note: String
    /// Only a session of this course; any other is unknown to who asks.
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
