import Store

/// The control plane's named limits.
public enum BrokerLimits {
    /// Events that may wait for the next step. Beyond this, requests are refused, and of state updates only the latest
    /// per subject is kept (`Inbox`).
    public static let inboxLength = 50_000
    /// The maximum number of events per step, and so per transaction.
    public static let eventsPerStep = 512
    /// The delay before a step whose commit failed is retried.
    public static let storageRetryDelay = Duration.seconds(1)
    /// The interval at which a persistent failure to save is logged again.
    public static let storageLogInterval = Duration.seconds(60)
    /// The interval between heartbeats to a connected host.
    public static let heartbeatInterval = Duration.seconds(5)
    /// How long a heartbeat may go unanswered before the host gets no new seats. Together with the interval it is less
    /// than `Limits.silenceGrace`, so that an engine that accepts connections but never answers is detected within that
    /// time.
    public static let heartbeatPatience = Duration.seconds(3)
    /// How often all containers of a host are listed even though its events arrive: event streams are known to hang.
    public static let relistInterval = Duration.seconds(60)
    /// Containers of one host that are measured concurrently.
    public static let samplesAtOnce = 4
    /// How often the wall clock is compared with the monotonic clock when nothing else happens.
    public static let clockLookInterval = Duration.seconds(5)
    /// The difference between the two clocks from which the wall clock counts as set, rather than merely slewed.
    public static let clockJump = Duration.seconds(2)
    /// A host whose clock differs from ours by this much causes a warning.
    public static let clockSkewWarning = Duration.seconds(5)
    /// A pull without progress for this long has failed.
    public static let pullSilence = Duration.seconds(300)
    /// Concurrent pulls on one host.
    public static let pullsPerHost = 4
    /// The initial and the maximum backoff before a host that does not answer is tried again.
    public static let reconnectDelay = Duration.milliseconds(500)
    public static let reconnectDelayMaximum = Duration.seconds(10)
    /// How often a started lab is probed for readiness.
    public static let readinessInterval = Duration.milliseconds(25)
    /// After a lab has exited normally, how long to wait before reporting it: by then it shows whether its engine is
    /// shutting down.
    public static let exitDoubt = Duration.milliseconds(700)
    /// Timeout of one request to a lab.
    public static let labQuestionTimeout = Duration.seconds(5)
    /// The maximum size of a lab's response to us, in bytes; a longer one is rejected.
    public static let labAnswerBytes = 1 << 20
    /// Calendar feeds of reservations.
    public static let calendarFeeds = 100
    /// How long a one-time code is valid.
    public static let entryCodeLifetime = Duration.seconds(60)
    /// Outstanding one-time codes; beyond this the oldest are dropped.
    public static let entryCodes = 20_000
    /// Outstanding one-time codes of one session; beyond this its oldest are dropped. The same as the number of
    /// browsers that may hold its key.
    public static let entryCodesPerSession = StoreLimits.grantsPerSession
    /// Views buffered for a slow watcher; beyond this the oldest are dropped and the newest is kept.
    public static let viewsPerWatcher = 16
    /// The minimum interval between position updates to watchers of queued sessions.
    public static let queueNewsInterval = Duration.milliseconds(500)
    /// Lines of a lab's own output that are reported when it stops before it is ready.
    public static let logLinesTold = 12
    /// Characters of one such line, and of all of them together, which are stored in the session's record.
    static let logLineTold = 200
    static let logTold = 2_000
    /// Timeout of mounting a home, and of the trial container's run.
    public static let slotTimeout = Duration.seconds(15)
    /// How long the trial container waits for the mount to appear.
    public static let slotTrialTimeout = Duration.seconds(5)
    /// How many times a helper's start is attempted while the engine still holds its name, and the pause between
    /// attempts.
    public static let helperAttempts = 20
    public static let helperPause = Duration.milliseconds(200)
    /// Attachments are batched while further ones arrive within this lull, but for no longer than the gathering time in
    /// all.
    public static let slotLull = Duration.milliseconds(20)
    public static let slotGathering = Duration.milliseconds(100)
    /// Homes that are attached in one call.
    public static let slotsPerCall = 64
    /// Timeout of setting a host's packet filter, and of starting a try-out's watcher.
    public static let proofTimeout = Duration.seconds(15)
    /// What one lab may need of the limits that the kernel counts for all labs of a host together: see `KernelLimits`.
    /// An editor takes a dozen instances and thousands of watches; a pipe takes 16 pages.
    public static let inotifyInstancesPerLab: Int64 = 32
    public static let inotifyWatchesPerLab: Int64 = 8_192
    public static let pipePagesPerLab: Int64 = 512
    /// The initial delay before the proof of a host's isolation is retried after a failure; it doubles each time, up to
    /// the interval of listings.
    public static let proofRetryDelay = Duration.seconds(3)
    /// How long a try-out's port is polled before it counts as unreachable, and the pause between two polls.
    static let tryOutPatience = Duration.seconds(8)
    static let tryOutPause = Duration.milliseconds(100)
    /// The port on which a try-out's container listens.
    static let tryOutPort = 9_999
    /// Addresses of other hosts that one try-out probes.
    static let hostsPerTryOut = 8
    /// Lines of the log of a try-out's watcher that are read.
    static let sightings = 300
    /// How long a container has to stop by itself before it is killed.
    public static let stopGrace = Duration.seconds(5)
}
