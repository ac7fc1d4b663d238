/// The named limits of this room.
public enum EventLoopLimits {
    /// Bytes of the one buffer that every read on a loop uses.
    public static let readBufferBytes = 64 * 1024
    /// How often one stream is read before others get their turn.
    static let readsAtOnce = 32
    /// Bytes that may wait in one stream. Whoever writes is to stop long before; a stream that passes this is closed
    /// with ENOBUFS, because something above it ignores backpressure.
    public static let streamQueuedBytes = 64 * 1024 * 1024
    /// A queue buffer larger than this is given back as soon as it is empty.
    static let keptQueueBytes = 64 * 1024
    /// After a write failed, how long what the peer sent before may still be read.
    public static let lateReadGrace = Duration.seconds(1)
    /// Seconds without traffic before the kernel asks whether a TCP peer still lives.
    public static let tcpKeepAliveSeconds: UInt32 = 60
    /// Seconds between its questions, and how many go unanswered before the connection is given up; libuv has the same.
    static let tcpProbeSeconds: Int32 = 1
    static let tcpProbes: Int32 = 10
    /// Connections that wait for `accept`, unless the listener says otherwise; Linux takes no more of it than
    /// `net.core.somaxconn`, 4096 by default.
    public static let listenBacklog: Int32 = 4096
    /// Listening sockets that another process may pass on to this one.
    public static let inheritedSockets: Int32 = 4096
    /// Bytes of one message between processes.
    public static let messageBytes = 64 * 1024
    /// Sockets that one message carries; the kernel takes 253.
    public static let messageSockets = 64
    /// Messages that may wait until the other process takes them; beyond it the connection is closed with ENOBUFS.
    static let waitingMessages = 1024
    /// The longest path of a Unix socket in bytes (`sun_path` has 108 with the closing zero).
    public static let unixPathBytes = 107
    /// The length of a timer tick; timers are rounded up to it.
    public static let tickMilliseconds: Int64 = 10
    /// Slots of the timer wheel: one turn takes 10.24 s.
    static let timerSlots = 1024
    /// How often the mailbox is emptied before sockets get their turn again.
    static let mailboxRounds = 16
    /// How often tasks that ask again for the end of the same turn are run before sockets get their turn.
    static let turnRounds = 16
    /// Entries for which the mailbox keeps its memory.
    static let keptMailboxEntries = 4096
    /// Host names being resolved at once on one loop.
    public static let pendingResolutions = 256
    /// How long a host name may take to resolve, unless the caller says otherwise.
    public static let resolveTimeout = Duration.seconds(5)
    /// Rounds of closing handles at the end of a loop, before its callbacks are taken to open new ones for ever.
    static let stopRounds = 1000
}
