/// The core's named limits.
public enum Limits {
    /// Sessions that may wait in the queue at the same time.
    public static let queueLength = 10_000
    /// Runs that a launch tries before it fails.
    public static let startAttempts = 3
    /// How long to wait before a failed removal is tried again.
    public static let removeRetryDelay = Duration.seconds(5)
    /// How long an idle session whose lab was asked may take to answer before the question counts as unanswered.
    public static let labReportTimeout = Duration.seconds(15)
    /// How soon a session with a busy kernel is looked at again.
    public static let busyRecheckDelay = Duration.seconds(30)
    /// Starts of one launch that may be sent elsewhere (the host was lost, or lacked the image) before it fails.
    public static let startDetours = 20
    /// How much older than the moment it is handed in a host's listing may be: what a younger run's absence from it
    /// says is not believed before the next one.
    public static let listingAge = Duration.seconds(10)
    /// After a restart of the broker, or the return of a host, no session there ends for idleness before this (or its
    /// idle timeout, if less) has passed: while the way to the lab was shut, nobody could show that they were there.
    public static let returnGrace = Duration.seconds(120)
    /// Activity is written when it is this much (or a tenth of the idle timeout, if less) newer than what is written.
    public static let activityWriteInterval = Duration.seconds(30)
    /// How often *Keep it* may be pressed before something else must happen in the lab.
    public static let keepsInARow = 4
    /// By how much one run's lifetime may be extended, all extensions together.
    public static let extensionMaximum = Duration.seconds(24 * 3600)
    /// Measured starts that the estimates are made of.
    public static let startTimeSamples = 32
    /// Starts that a host whose starts were not measured yet may have under way at the same time.
    public static let startsAtFirst = 2
    /// A start that takes this many times as long as one that has its host for itself says that too many are under way.
    public static let slowStart = 2.0
    /// Labs whose usual start time a host remembers.
    public static let pacedLabs = 256
}
