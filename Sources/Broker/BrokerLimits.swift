import Store

/// The control plane's named limits.
public enum BrokerLimits {
    /// Events that may wait for the next step. Beyond it, requests of people are refused, and of everything else no more
    /// than the last word about each thing waits (`Inbox`).
    public static let inboxLength = 50_000
    /// Events that one step, and so one transaction, takes at the most.
    public static let eventsPerStep = 512
    /// How long to wait before a step whose commit failed is tried again.
    public static let storageRetryDelay = Duration.seconds(1)
    /// A failure to save that lasts is logged again after this long.
    public static let storageLogInterval = Duration.seconds(60)
    /// How often a host that answers is asked whether it still does.
    public static let heartbeatInterval = Duration.seconds(5)
    /// How long the answer to a heartbeat may take before the host gets no new seats. With the interval it is less than
    /// `Limits.silenceGrace`, so that an engine that accepts and never answers is found out in that time.
    public static let heartbeatPatience = Duration.seconds(3)
    /// How often all containers of a host are listed although its events arrive: event streams are known to hang.
    public static let relistInterval = Duration.seconds(60)
    /// Containers of one host that are measured at the same time.
    public static let samplesAtOnce = 4
    /// How often the wall clock is held against one that only goes forward, when nothing else happens.
    public static let clockLookInterval = Duration.seconds(5)
    /// By how much the two must have moved apart for the wall clock to have been set, and not only slowed or hurried.
    public static let clockJump = Duration.seconds(2)
    /// A host whose clock differs from ours by this much is warned of.
    public static let clockSkewWarning = Duration.seconds(5)
    /// A pull that tells nothing new for this long has failed.
    public static let pullSilence = Duration.seconds(300)
    /// Pulls under way on one host at the same time.
    public static let pullsPerHost = 4
    /// The first and the greatest pause before a host that does not answer is tried again.
    public static let reconnectDelay = Duration.milliseconds(500)
    public static let reconnectDelayMaximum = Duration.seconds(10)
    /// How often a started lab is asked whether it is ready.
    public static let readinessInterval = Duration.milliseconds(25)
    /// After a lab has ended in order: whether it is the engine that is being stopped shows by then.
    public static let exitDoubt = Duration.milliseconds(700)
    /// How long one question to a lab may take.
    public static let labQuestionTimeout = Duration.seconds(5)
    /// A lab's answer to a question of ours; a longer one is no answer.
    public static let labAnswerBytes = 1 << 20
    /// Addresses at which calendars of reservations can be read.
    public static let calendarFeeds = 100
    /// How long a one-time code is good for.
    public static let entryCodeLifetime = Duration.seconds(60)
    /// One-time codes outstanding at the same time; beyond it the oldest go.
    public static let entryCodes = 20_000
    /// Of them, those for one session; beyond it its oldest go. As many as there are browsers that hold its key.
    public static let entryCodesPerSession = StoreLimits.grantsPerSession
    /// Views that may wait for one slow watcher; beyond it the oldest go, the newest stays.
    public static let viewsPerWatcher = 16
    /// How often watchers of queued sessions learn of a new position, at the most.
    public static let queueNewsInterval = Duration.milliseconds(500)
    /// Lines of a lab's own output that are told when it stops before it was ready.
    public static let logLinesTold = 12
    /// Characters of one such line, and of all of them together: they stay in the session's record.
    static let logLineTold = 200
    static let logTold = 2_000
    /// How long mounting, or the container that tries it out, may take.
    public static let slotTimeout = Duration.seconds(15)
    /// How long the container that tries mounting out waits for the mount to show.
    public static let slotTrialTimeout = Duration.seconds(5)
    /// How often a helper is started whose name the engine has not given up yet, and how long it is given in between.
    public static let helperAttempts = 20
    public static let helperPause = Duration.milliseconds(200)
    /// A home that is to be attached waits for others while they come within this long of one another, at the most so long
    /// in all.
    public static let slotLull = Duration.milliseconds(20)
    public static let slotGathering = Duration.milliseconds(100)
    /// Homes that are attached in one call.
    public static let slotsPerCall = 64
    /// How long setting the packet filter of a host may take, and the watcher of a try-out to begin.
    public static let proofTimeout = Duration.seconds(15)
    /// What a lab may need of what the kernel counts for all labs of a host together: see `KernelLimits`. An editor takes a
    /// dozen instances and thousands of watches; a pipe takes 16 pages.
    public static let inotifyInstancesPerLab: Int64 = 32
    public static let inotifyWatchesPerLab: Int64 = 8_192
    public static let pipePagesPerLab: Int64 = 512
    /// The first pause before a host that did not prove what labs are promised is tried again; the next are twice as long,
    /// up to the interval of listings.
    public static let proofRetryDelay = Duration.seconds(3)
    /// For how long the port of a try-out is asked before it counts as unreachable, and the pause between two questions.
    static let tryOutPatience = Duration.seconds(8)
    static let tryOutPause = Duration.milliseconds(100)
    /// Where the container of a try-out listens.
    static let tryOutPort = 9_999
    /// Addresses of other hosts that one try-out tries.
    static let hostsPerTryOut = 8
    /// Lines of what the watcher of a try-out saw.
    static let sightings = 300
    /// A container is given this long to stop by itself before it is killed.
    public static let stopGrace = Duration.seconds(5)
}
