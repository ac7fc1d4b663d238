/// The core's named limits.
public enum Limits {
    /// Sessions waiting in the queue at the same time.
    public static let queueLength = 10_000
    /// Positions in the queue for which the latest time of a free seat is computed.
    public static let seatsForeseen = 16
    /// Runs that a launch attempts before it fails.
    public static let startAttempts = 3
    /// After a start failed because the lab itself stopped, how long a learner's next click leads to the page that says
    /// why; after that a click starts it again. Each restart makes up to `startAttempts` runs.
    public static let failedStartPause = Duration.seconds(120)
    /// The delay before a failed removal is retried.
    public static let removeRetryDelay = Duration.seconds(5)
    /// How long a lab that was asked whether it is idle may take to answer before the inquiry is dropped.
    public static let labReportTimeout = Duration.seconds(15)
    /// Hosts in the configuration and added hosts together.
    public static let hosts = 1000
    /// Slots of one host: a Linux bridge takes 1,023 containers.
    public static let hostSlots = 1000
    /// Memory of one host for labs, in bytes.
    public static let hostMemory: ClosedRange<Int64> = (64 << 20)...(64 << 40)
    /// Labels of one host.
    public static let hostLabels = 64
    /// How long a host may be silent before it becomes unreachable and sessions starting there move to other hosts. The
    /// grace keeps a flapping host from moving sessions around.
    public static let silenceGrace = Duration.seconds(10)
    /// The duration of a drain without an explicit deadline.
    public static let drainTime = Duration.seconds(1800)
    /// How far a lab's clock may be ahead of ours, after correcting for its host's clock, before its reports are
    /// ignored.
    public static let clockTolerance = Duration.seconds(5)
    /// The delay before a session with a busy kernel is checked again.
    public static let busyRecheckDelay = Duration.seconds(30)
    /// Starts of one launch that may move to another host (because the host was lost, or lacked the image) before it
    /// fails.
    public static let startDetours = 20
    /// After a restart of the broker, or the return of a host, no session there ends for idleness until this time (or
    /// its idle timeout, if less) has passed: while labs were out of reach, no one could show activity.
    public static let returnGrace = Duration.seconds(120)
    /// Activity is written when it is this much (or a tenth of the idle timeout, if less) newer than the stored value.
    public static let activityWriteInterval = Duration.seconds(30)
    /// How many times in a row *Keep it* may be pressed without other activity in the lab.
    public static let keepsInARow = 4
    /// The maximum of all extensions of one run's lifetime together.
    public static let extensionMaximum = Duration.seconds(24 * 3600)
    /// How far ahead the end of a session may be announced.
    public static let announcementMaximum = Duration.seconds(7 * 86_400)
    /// Sessions parked at the same time; a session beyond this ends instead.
    public static let parkedSessions = 100_000
    /// The minimum interval between notices to a learner whose lab keeps running out of memory.
    public static let memoryNoteInterval = Duration.seconds(60)
    /// Measured starts on which estimates are based.
    public static let startTimeSamples = 32
    /// Time that creating and starting a container may take on top of the lab's ready timeout.
    public static let startSlack = Duration.seconds(120)
    /// Reservations that are not over, at the same time.
    public static let reservations = 1000
    /// Reservations of one series, or of one import of a calendar.
    public static let bookingItems = 500
    /// Conflicts of a refused booking that are explained.
    public static let conflictsExplained = 20
    /// Steps of a capacity forecast.
    public static let forecastSteps = 400
    /// UTF-8 bytes of a series' name: a calendar's UID may contain a UUID, a hostname, and more.
    public static let seriesNameLength = 255
    /// Seats of one reservation.
    public static let reservationSeats = 10_000
    /// From the opening of a reservation to the end of its overrun.
    public static let reservationLength = Duration.seconds(14 * 86_400)
    /// How far ahead a reservation may begin.
    public static let reservationHorizon = Duration.seconds(400 * 86_400)
    /// The longest lead, no-show time and overrun.
    public static let reservationMargin = Duration.seconds(86_400)
    /// Learners on one roster.
    public static let rosterLength = 10_000
    /// Rounds in which promises are rechecked after a change, until they are stable.
    static let promiseRounds = 4
    /// Start times that are tried to find the next free time for a refused reservation.
    public static let freeTimeCandidates = 64
    /// The delay before a reservation whose overrun has passed is checked again while its sessions are being removed.
    public static let overrunRecheckDelay = Duration.seconds(10)
    /// Seats of one pool.
    public static let poolSeats = 1000
    /// How long a claimed pool seat raises the pool's target by one.
    public static let poolMemory = Duration.seconds(600)
    /// How long a pool waits after a failed start before the next one.
    public static let warmRetryDelay = Duration.seconds(30)
    /// Waiting sessions for which one step looks for a pool seat to give up.
    public static let yieldsPerStep = 256
    /// Parallel starts allowed on a host whose starts have not been measured yet.
    public static let startsAtFirst = 2
    /// A start that takes this many times as long as one that has the host to itself shows that too many are in
    /// progress.
    public static let slowStart = 2.0
    /// Sessions that a lab's profile remembers at full weight; when it is reached, the weight of all of them is halved.
    static let profileSessions = 512
    /// The percentage of a lab's sessions that its seats must be large enough for under `profiled`.
    public static let profilePercent = 95
    /// Readings of a session before it counts towards its lab's profile: a session that has hardly begun says little.
    public static let samplesOfSession = 2
    /// Labs whose profiles are kept.
    static let profiles = 10_000
    /// The minimum interval between writes of changed profiles.
    static let profileWriteInterval = Duration.seconds(60)
    /// Labs whose usual start time a host remembers.
    public static let pacedLabs = 256
}
