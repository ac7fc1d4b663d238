/// The limits of the edge that are its own; those of connections are in `HTTPTransport`, those of messages in `HTTPWire`.
public enum EdgeLimits {
    /// How often each loop reports the sessions in which something happened.
    public static let activityReportInterval = Duration.seconds(1)
    /// Bytes at the beginning of a client's frame by which it is known: of a kernel's channels more, because Jupyter's own
    /// framing has the message's type behind a table of offsets and a date.
    public static let frameBytes = 64
    public static let kernelFrameBytes = 256
    /// Things that are told apart in one WebSocket, and among the requests of one session on one loop, to find out which of
    /// them come by a clock.
    public static let beatsPerTunnel = 4
    public static let beatsPerSession = 8
    /// Access grants of one session; the oldest goes when one more comes.
    public static let grantsPerRoute = 16
    /// Client connections of one loop, unless the configuration says otherwise; a further one is closed at once.
    public static let connectionsPerLoop = 20_000
    /// Client connections of one address on all loops, unless the configuration says otherwise: a class of hundreds comes
    /// from behind one address, and each of its browsers opens a dozen.
    public static let connectionsPerAddress = 8_192
    /// A year, unless the configuration says otherwise: for how long browsers come by `https` only.
    public static let hstsSeconds: Int64 = 365 * 86_400
    /// From the end of a request to the head of its response. Long polls are silent for minutes and notebooks compute for
    /// hours; this only keeps an upstream that has forgotten a request from holding it for ever.
    public static let responseHeadTimeout = Duration.seconds(4 * 3600)
    /// Seconds after which the page of a lab that does not answer asks again, and the value of Retry-After.
    public static let retrySeconds = 3
    /// A WebSocket of which one direction has ended is over; the other has this long to end too.
    public static let halfOpenTimeout = Duration.seconds(60)
    /// Once another process listens: how long a connection between two requests is kept for a request that is on its way.
    public static let leavingIdleTimeout = Duration.seconds(5)
    /// How often each loop looks for what has passed one of the limits above: no timer is made per request.
    public static let sweepInterval = Duration.seconds(30)
    /// Connections of one loop to one upstream, tunnels included. The portal is one upstream, and every page that waits for
    /// a lab holds a connection to it.
    public static let connectionsPerUpstream = 16_384
    /// Buffers that one loop keeps for requests' heads, and how large one of them may be.
    static let spareBuffers = 64
    static let spareBufferBytes = 16 * 1024
    /// Exchanges that one loop keeps for further requests.
    static let spareExchanges = 1024
}
