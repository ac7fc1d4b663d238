/// The edge's own limits; those of connections are in `HTTPTransport`, those of messages in `HTTPWire`.
public enum EdgeLimits {
    /// How often each loop reports the sessions with activity.
    public static let activityReportInterval = Duration.seconds(1)
    /// Bytes at the start of a client's frame by which it is classified. Kernel channels need more, because Jupyter's
    /// own framing puts the message type behind a table of offsets and a date.
    public static let frameBytes = 64
    public static let kernelFrameBytes = 256
    /// How many names are tracked in one WebSocket, and among the requests of one session on one loop, to find those
    /// that come by a timer.
    public static let beatsPerTunnel = 4
    public static let beatsPerSession = 8
    /// Access grants of one session; a further one replaces the oldest.
    public static let grantsPerRoute = 16
    /// Client connections of one loop, unless the configuration says otherwise; a further one is closed at once.
    public static let connectionsPerLoop = 20_000
    /// Client connections of one address on all loops, unless the configuration says otherwise: a class of hundreds may
    /// share one address, and each of its browsers opens a dozen.
    public static let connectionsPerAddress = 8_192
    /// For how long browsers must use `https` only: a year, unless the configuration says otherwise.
    public static let hstsSeconds: Int64 = 365 * 86_400
    /// From the end of a request to the head of its response. Long polls are silent for minutes and notebooks compute
    /// for hours; this limit only keeps an upstream that has lost a request from holding it forever.
    public static let responseHeadTimeout = Duration.seconds(4 * 3600)
    /// Seconds after which the error page of a lab reloads itself, and the value of Retry-After.
    public static let retrySeconds = 3
    /// How long a half-closed WebSocket may stay open: once one direction has ended, the other has this long to end
    /// too.
    public static let halfOpenTimeout = Duration.seconds(60)
    /// After a handover: how long a connection between two requests stays open for a request that is on its way.
    public static let leavingIdleTimeout = Duration.seconds(5)
    /// How often each loop checks the limits above; there is no timer per request.
    public static let sweepInterval = Duration.seconds(30)
    /// Connections of one loop to one upstream, tunnels included. The portal is one upstream, and every page that waits
    /// for a lab holds a connection to it.
    public static let connectionsPerUpstream = 16_384
    /// Buffers that one loop keeps for request heads, and the largest size of one, in bytes.
    static let spareBuffers = 64
    static let spareBufferBytes = 16 * 1024
    /// Exchanges that one loop keeps for reuse.
    static let spareExchanges = 1024
}
