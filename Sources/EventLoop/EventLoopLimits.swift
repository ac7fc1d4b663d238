/// The named limits of this module.
public enum EventLoopLimits {
    /// Size in bytes of the one buffer that all reads on a loop share.
    public static let readBufferBytes = 64 * 1024
    /// How many times one stream is read in a turn before other streams are served.
    static let readsAtOnce = 32
    /// Bytes that may be queued for writing on one stream. Writers must stop well before this; a stream that exceeds it
    /// is closed with ENOBUFS, because a layer above ignores back pressure.
    public static let streamQueuedBytes = 64 * 1024 * 1024
    /// A queue buffer larger than this, in bytes, is freed as soon as it is empty.
    static let keptQueueBytes = 64 * 1024
    /// How long the data that the peer sent earlier may still be read after a write has failed.
    public static let lateReadGrace = Duration.seconds(1)
    /// Seconds without traffic before the kernel sends a keepalive probe to a TCP peer.
    public static let tcpKeepAliveSeconds: UInt32 = 60
    /// Seconds between keepalive probes, and how many may go unanswered before the connection is dropped; libuv uses
    /// the same.
    static let tcpProbeSeconds: Int32 = 1
    static let tcpProbes: Int32 = 10
    /// The backlog of connections that wait for `accept`, unless the listener sets its own; Linux caps it at
    /// `net.core.somaxconn`, 4096 by default.
    public static let listenBacklog: Int32 = 4096
    /// Listening sockets that another process may hand over to this one.
    public static let inheritedSockets: Int32 = 4096
    /// Bytes of one message between processes.
    public static let messageBytes = 64 * 1024
    /// Sockets that one message may carry; the kernel's limit is 253.
    public static let messageSockets = 64
    /// Messages queued until the other process reads them; beyond this the connection is closed with ENOBUFS.
    static let waitingMessages = 1024
    /// The longest path of a Unix socket in bytes (`sun_path` holds 108 with the terminating zero).
    public static let unixPathBytes = 107
    /// The length of a timer tick; timers are rounded up to it.
    public static let tickMilliseconds: Int64 = 10
    /// Slots of the timer wheel: one revolution takes 10.24 s.
    static let timerSlots = 1024
    /// How many times in a row the mailbox is emptied before sockets are served again.
    static let mailboxRounds = 16
    /// How many times in a row end-of-turn tasks are run, when they schedule themselves again, before sockets are
    /// served.
    static let turnRounds = 16
    /// The mailbox keeps its memory up to this many entries.
    static let keptMailboxEntries = 4096
    /// Host name lookups in progress at once on one loop.
    public static let pendingResolutions = 256
    /// How long a host name may take to resolve, unless the caller says otherwise.
    public static let resolveTimeout = Duration.seconds(5)
    /// Rounds of closing handles when a loop stops; after these we assume that its callbacks open new handles
    /// endlessly.
    static let stopRounds = 1000
}
