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
}
