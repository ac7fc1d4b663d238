/// The portal's named limits.
public enum PortalLimits {
    /// A stream of events says at least this often that it is alive.
    public static let heartbeat = Duration.seconds(15)
    /// Events that wait for a slow reader of a stream; the newest are kept.
    public static let eventBacklog = 16
    /// Streams of events that are open at the same time.
    public static let eventStreams = 10_000
    /// Of these, what one person holds on the portal's hostname, and again on each of their labs': more tabs than anybody
    /// looks at, and a page of a lab takes nothing from those of the portal.
    public static let eventStreamsPerPerson = 32
    /// Connections of the edge to the portal: the streams, and room for requests beside them.
    public static let connections = eventStreams + 2_000
    /// While it hands over: how often those who keep connections for later are asked to close them.
    public static let finishInterval = Duration.milliseconds(20)
    /// A page without JavaScript loads itself again after this number of seconds.
    public static let refreshSeconds = 2
    /// The same for the page that shows how long a lab stays.
    public static let stayRefreshSeconds = 30
    /// What a program that calls a lab too early is told to wait, in seconds.
    public static let retryAfterSeconds = 2
    /// The longest path that *Start again* comes back to, in bytes.
    public static let nextPathBytes = 4096
    /// How long a reservation that has begun stays in the calendar that others read.
    public static let feedHistory = Duration.seconds(31 * 86_400)
    /// Events of that calendar, and how often a program may come back for it.
    public static let feedEvents = 1000
    public static let feedRefresh = Duration.seconds(900)
    /// The longest text of whom learners turn to, in characters.
    public static let contactCharacters = 200
    /// How long before the end of a session its learner is told, where an operator names no other time. A drain that ends
    /// sessions sooner takes consent.
    public static let endNotice = Duration.seconds(300)
    /// The longest note with which an operator ends a session, in characters.
    public static let noteCharacters = 500
    /// By how much an instructor extends a lab at once.
    public static let extensionSteps: [Duration] = [.seconds(1800), .seconds(3600), .seconds(7200)]
    /// Labs of a course that its instructor's page shows, and that *for all* reaches.
    public static let courseSessions = 500
    /// Where an action on all labs of a course fails for some of them: for how many the page says why.
    public static let problemsShown = 10
    /// The longest name with which an instructor extends a session, in characters.
    public static let whoCharacters = 64
    /// The latest deadline of a drain.
    public static let drainDeadlineMaximum = Duration.seconds(7 * 86_400)
    /// Bytes of a time zone's name.
    static let zoneNameBytes = 100
    /// The latest moment that a request may name, in milliseconds since 1970: the end of the year 9999.
    static let latestMoment: Int64 = 253_402_300_799_000
}
