/// The portal's named limits.
public enum PortalLimits {
    /// The interval of heartbeats on an event stream.
    public static let heartbeat = Duration.seconds(15)
    /// Events queued for a slow reader of a stream; the newest are kept.
    public static let eventBacklog = 16
    /// Event streams open at the same time.
    public static let eventStreams = 10_000
    /// Of these, the streams of one person on the portal's hostname, and again on each of their labs': more tabs than
    /// anybody looks at. Pages on a lab's hostname do not use up the portal's share.
    public static let eventStreamsPerPerson = 32
    /// Connections of the edge to the portal: the streams, and room for other requests.
    public static let connections = eventStreams + 2_000
    /// During a handover: how often clients that pool connections are asked to close idle ones.
    public static let finishInterval = Duration.milliseconds(20)
    /// A page without JavaScript reloads itself after this number of seconds.
    public static let refreshSeconds = 2
    /// The same for the page that shows how long a lab stays.
    public static let stayRefreshSeconds = 30
    /// The value of Retry-After for a program that requests a lab too early, in seconds.
    public static let retryAfterSeconds = 2
    /// The longest path that *Start again* returns to, in bytes.
    public static let nextPathBytes = 4096
    /// How long a reservation stays in the calendar feed after it has begun.
    public static let feedHistory = Duration.seconds(31 * 86_400)
    /// Events in that feed.
    public static let feedEvents = 1000
    public static let feedRefresh = Duration.seconds(900)
    /// The longest text that names the contact for learners, in characters.
    public static let contactCharacters = 200
    /// Bytes of a portal's logo, which is in every page.
    public static let logoBytes = 48 << 10
    /// The notice that a learner gets before the end of a session, unless an operator sets another one. A drain that
    /// ends sessions sooner needs the operator's consent.
    public static let endNotice = Duration.seconds(300)
    /// The longest note that an operator gives for the end of a session, in characters.
    public static let noteCharacters = 500
    /// The extensions that an instructor can choose from.
    public static let extensionSteps: [Duration] = [.seconds(1800), .seconds(3600), .seconds(7200)]
    /// Labs of a course that its instructor's page shows, and that *for all* applies to.
    public static let courseSessions = 500
    /// How many failures the page explains when an action on all labs of a course fails for some.
    public static let problemsShown = 10
    /// The longest name recorded for an instructor who extends a session, in characters.
    public static let whoCharacters = 64
    /// The latest deadline of a drain.
    public static let drainDeadlineMaximum = Duration.seconds(7 * 86_400)
    /// Bytes of a time zone's name.
    static let zoneNameBytes = 100
    /// The latest time that a request may name, in milliseconds since 1970: the end of the year 9999.
    static let latestMoment: Int64 = 253_402_300_799_000
}
