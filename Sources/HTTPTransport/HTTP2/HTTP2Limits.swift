/// How much of HTTP/2's own machinery one client may use. Sizes of heads are in `HTTPLimits`, waiting times in
/// `ServerTimeouts`.
///
/// An allowance is a number at once and so many more per second. Whoever goes beyond one is told to calm down
/// (ENHANCE_YOUR_CALM) and loses the connection.
public struct HTTP2Limits: Sendable, Hashable {
    public struct Allowance: Sendable, Hashable {
        public var atOnce: Int
        public var perSecond: Int

        public init(atOnce: Int, perSecond: Int) {
            self.atOnce = atOnce
            self.perSecond = perSecond
        }

        /// At once as many as in eight seconds.
        public init(perSecond: Int) { self.init(atOnce: 8 * perSecond, perSecond: perSecond) }
    }

    /// Requests and WebSockets under way at once on one connection; a further one is refused, and may be sent again.
    public var concurrentStreams = 128
    /// Streams that the client gives up: a page that is left gives up all it had asked for. Each costs the upstream a
    /// request (CVE-2023-44487).
    public var resets = Allowance(perSecond: 32)
    /// Streams that are reset because the client broke the rules on them: the same by another door (CVE-2025-8671).
    public var faults = Allowance(atOnce: 64, perSecond: 8)
    /// SETTINGS, each of which must be acknowledged.
    public var settings = Allowance(atOnce: 16, perSecond: 1)
    /// PING, the same.
    public var pings = Allowance(atOnce: 64, perSecond: 8)
    /// PRIORITY and frames of unknown kinds, which do nothing here.
    public var priorities = Allowance(atOnce: 512, perSecond: 64)
    /// DATA without a byte in it, and without the end of its stream.
    public var emptyData = Allowance(atOnce: 32, perSecond: 4)
    /// WINDOW_UPDATE, besides two for each frame of DATA that was sent.
    public var windowUpdates = Allowance(atOnce: 1024, perSecond: 64)
    /// CONTINUATION frames of one header block that bring less than `smallContinuation`.
    public var smallContinuations = 8
    /// Bytes of a CONTINUATION frame.
    public var smallContinuation = 4096
    /// All CONTINUATION frames of one header block: what a browser needs to send the cookies that are read over.
    public var continuations = 272
    /// SETTINGS and PING acknowledgements that wait to be sent.
    public var waitingAcknowledgements = 64

    public init() {}
}
