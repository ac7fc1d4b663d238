/// The core's named limits.
public enum Limits {
    /// Sessions that may wait in the queue at the same time.
    public static let queueLength = 10_000
    /// Positions in the queue for which it is worked out when a seat is free at the latest.
    public static let seatsForeseen = 16
    /// Runs that a launch tries before it fails.
    public static let startAttempts = 3
    /// How long after a start that failed because the lab itself stopped a learner's next click starts it again: until
    /// then the click leads to the page that says why. Each makes `startAttempts` runs.
    public static let failedStartPause = Duration.seconds(120)
    /// How long to wait before a failed removal is tried again.
    public static let removeRetryDelay = Duration.seconds(5)
    /// How long an idle session whose lab was asked may take to answer before the question counts as unanswered.
    public static let labReportTimeout = Duration.seconds(15)
    /// Hosts of the configuration, and added ones, together.
    public static let hosts = 1000
    /// Slots of one host: a Linux bridge takes 1,023 containers.
    public static let hostSlots = 1000
    /// Memory of one host for labs, in bytes.
    public static let hostMemory: ClosedRange<Int64> = (64 << 20)...(64 << 40)
    /// Labels of one host.
    public static let hostLabels = 64
    /// How long a host may be silent before it counts as unreachable, and who was on the way there goes elsewhere: one
    /// that flaps shuffles nobody.
    public static let silenceGrace = Duration.seconds(10)
    /// How long a drain lasts if nobody said when its last sessions end.
    public static let drainTime = Duration.seconds(1800)
    /// How far ahead of ours a lab's clock may be, after its host's is accounted for, so that what it tells is believed.
    public static let clockTolerance = Duration.seconds(5)
    /// How soon a session with a busy kernel is checked again.
    public static let busyRecheckDelay = Duration.seconds(30)
    /// Starts of one launch that may be sent elsewhere (the host was lost, or lacked the image) before it fails.
    public static let startDetours = 20
    /// After a restart of the broker, or the return of a host, no session there ends for idleness before this (or its
    /// idle timeout, if less) has passed: while the way to the lab was shut, nobody could show that they were there.
    public static let returnGrace = Duration.seconds(120)
    /// Activity is written when it is this much (or a tenth of the idle timeout, if less) newer than what is written.
    public static let activityWriteInterval = Duration.seconds(30)
    /// How often *Keep it* may be pressed before something else must happen in the lab.
    public static let keepsInARow = 4
    /// By how much one run's lifetime may be extended, all extensions together.
    public static let extensionMaximum = Duration.seconds(24 * 3600)
    /// How far ahead the end of a session may be announced.
    public static let announcementMaximum = Duration.seconds(7 * 86_400)
    /// Sessions that are parked at the same time; one that would be beyond ends instead.
    public static let parkedSessions = 100_000
    /// A learner whose lab runs out of memory again and again is told so this often at the most.
    public static let memoryNoteInterval = Duration.seconds(60)
    /// Measured starts that the estimates are made of.
    public static let startTimeSamples = 32
    /// What creating and starting a container may take beyond the lab's ready timeout.
    public static let startSlack = Duration.seconds(120)
    /// Reservations that are booked, or not over yet, at the same time.
    public static let reservations = 1000
    /// Reservations of one series, or of one import of a calendar.
    public static let bookingItems = 500
    /// Of a booking that is refused: how many of its conflicts are looked into.
    public static let conflictsExplained = 20
    /// Of those that the same booking takes before one that finds no seats: how many its refusal names.
    public static let companionsNamed = 5
    /// Characters of the UID of a calendar's event that a refusal shows.
    static let eventNameShown = 60
    /// Moments at which a forecast of the capacity tells what is free.
    public static let forecastSteps = 400
    /// UTF-8 bytes of the name of a series: a calendar may use a UUID, a hostname, and more.
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
    /// How often promises are checked after a change, until they hold.
    static let promiseRounds = 4
    /// Moments that are tried to find the next free time for a reservation that was refused.
    public static let freeTimeCandidates = 64
    /// How soon a reservation whose overrun has passed is checked again while sessions of it are being removed.
    public static let overrunRecheckDelay = Duration.seconds(10)
    /// Seats of one pool.
    public static let poolSeats = 1000
    /// For how long a pool remembers that somebody took a seat, and keeps one more.
    public static let poolMemory = Duration.seconds(600)
    /// How long a pool waits after a start that failed before it tries the next one.
    public static let warmRetryDelay = Duration.seconds(30)
    /// People for whom one step looks for a pool seat that could make room.
    public static let yieldsPerStep = 256
    /// Starts that a host whose starts were not measured yet may have under way at the same time.
    public static let startsAtFirst = 2
    /// A start that takes this many times as long as one that has its host for itself says that too many are under way.
    public static let slowStart = 2.0
    /// Sessions that a lab's profile remembers in full; at that number all of them fade to half.
    static let profileSessions = 512
    /// The share of its sessions that a lab's seats must be large enough for under `profiled`, in percent.
    public static let profilePercent = 95
    /// Readings of a session before it counts for its lab's profile: one that is hardly begun says little.
    public static let samplesOfSession = 2
    /// Labs whose profile is kept.
    static let profiles = 10_000
    /// How often profiles that have changed are written, at the most.
    static let profileWriteInterval = Duration.seconds(60)
    /// Labs whose usual start time a host remembers.
    public static let pacedLabs = 256
}
