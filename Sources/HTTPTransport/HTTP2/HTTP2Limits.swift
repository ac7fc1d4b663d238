/// How much of HTTP/2's own machinery one client may use. Limits for heads are in `HTTPLimits`, timeouts in
/// `ServerTimeouts`.
///
/// An allowance is a token bucket: a burst, and a refill per second. A client that exceeds one receives
/// ENHANCE_YOUR_CALM and loses the connection.
public struct HTTP2Limits: Sendable, Hashable {
    public struct Allowance: Sendable, Hashable {
        public var atOnce: Int
        public var perSecond: Int

        public init(atOnce: Int, perSecond: Int) {
            self.atOnce = atOnce
            self.perSecond = perSecond
        }

        /// A burst of eight seconds' worth.
        public init(perSecond: Int) { self.init(atOnce: 8 * perSecond, perSecond: perSecond) }
    }

    /// Requests and WebSockets in progress at once on one connection; a further one is refused, and may be retried.
    public var concurrentStreams = 128
    /// Streams that the client cancels: leaving a page cancels all its outstanding requests. Each costs the upstream a
    /// request (CVE-2023-44487).
    public var resets = Allowance(perSecond: 32)
    /// Streams that we reset because of the client's protocol errors, a variant of the same attack (CVE-2025-8671).
    public var faults = Allowance(atOnce: 64, perSecond: 8)
    /// SETTINGS, each of which must be acknowledged.
    public var settings = Allowance(atOnce: 16, perSecond: 1)
    /// PING frames, each of which must be acknowledged.
    public var pings = Allowance(atOnce: 64, perSecond: 8)
    /// PRIORITY frames and frames of unknown types, which have no effect here.
    public var priorities = Allowance(atOnce: 512, perSecond: 64)
    /// DATA frames that are empty and do not end their stream.
    public var emptyData = Allowance(atOnce: 32, perSecond: 4)
    /// WINDOW_UPDATE frames, in addition to two for each DATA frame sent.
    public var windowUpdates = Allowance(atOnce: 1024, perSecond: 64)
    /// CONTINUATION frames of one header block that are smaller than `smallContinuation`.
    public var smallContinuations = 8
    /// Bytes below which a CONTINUATION frame counts as small.
    public var smallContinuation = 4096
    /// All CONTINUATION frames of one header block: enough for the surplus cookies of a browser, which are skipped.
    public var continuations = 272
    /// SETTINGS and PING acknowledgements that are queued.
    public var waitingAcknowledgements = 64

    public init() {}
}
