/// The named limits of this module.
public enum TransportLimits {
    // MARK: Channels

    /// From the first byte of a TLS handshake to its end.
    public static let handshakeTimeout = Duration.seconds(10)
    /// Queued bytes above which the producer of a channel stops until the channel has drained.
    public static let highWaterBytes = 256 * 1024
    /// After the last byte was sent: how long to wait for the peer's end before the connection is closed.
    public static let lingerTimeout = Duration.seconds(2)
    /// Plaintext bytes decrypted at a time: one record.
    static let plaintextBytes = 16 * 1024
    /// Interval of the idle check: a channel that was idle for a whole interval frees its buffers.
    static let bufferIdleInterval = Duration.seconds(1)
    /// Plaintext bytes that are encrypted before the ciphertext is passed on: bounds the memory of a large write.
    static let encryptionBytes = 64 * 1024

    // MARK: Upstreams

    /// From resolving an address to a writable connection, including the TLS handshake.
    public static let connectTimeout = Duration.seconds(5)
    /// How long an upstream's queue may stay non-empty: together with the high-water mark this is the minimum rate at
    /// which an upstream must read.
    public static let writeStallTimeout = Duration.seconds(60)
    /// Connections of one pool to one upstream, including busy ones and tunnels.
    public static let connectionsPerUpstream = 512
    /// Idle connections that a pool keeps per upstream; beyond this the oldest is closed.
    public static let idleConnectionsPerUpstream = 256
    /// Idle connections that a pool keeps in total; beyond this none is added.
    public static let idleConnections = 4096
    /// How long an idle connection is kept: shorter than the upstreams' own idle timeouts.
    public static let idleConnectionTimeout = Duration.seconds(30)
    /// Addresses of one host name to try.
    static let addressesTried = 4

    // MARK: The control plane's client

    /// Bytes of a request's body that are passed to the connection at a time.
    static let bodyPieceBytes = 64 * 1024
    /// Pieces of a streamed response that may be queued for its reader.
    public static let waitingPieces = 1024
    /// Bytes of one WebSocket message.
    public static let webSocketMessageBytes = 16 << 20
    /// WebSocket messages that may be queued for their reader; beyond this the connection is not read.
    public static let waitingMessages = 64
    /// How long the peer may take to answer a WebSocket close frame.
    public static let webSocketCloseTimeout = Duration.seconds(5)

    // MARK: Server connections

    /// From the first byte of a request's head to its last.
    public static let headTimeout = Duration.seconds(10)
    /// Idle timeout of a connection without a request, new or kept alive.
    public static let idleTimeout = Duration.seconds(75)
    /// How far a request's body may fall behind while its reader wants more; after that without data it is aborted.
    public static let bodyTimeout = Duration.seconds(30)
    /// Bytes per second. Slower input or output falls behind, so that an occasional byte does not keep a connection
    /// open.
    public static let minimumBodyRate = 1024
    /// How far a client may fall behind in reading the bytes queued for it.
    public static let writeTimeout = Duration.seconds(60)
    /// Bytes of a request that are read and discarded after its response is complete, to keep the connection alive.
    public static let discardedBytes = 256 * 1024
    /// How long discarding may take.
    public static let discardTimeout = Duration.seconds(5)
    /// Bytes read ahead of the current request; above this the socket is not read.
    public static let readAheadBytes = 64 * 1024
    /// Interval of checks that a client whose socket is not read for that reason is still connected.
    public static let presenceInterval = Duration.seconds(10)
    /// Framed bytes that are gathered into one write.
    static let gatheredBytes = 16 * 1024
    /// A gathering buffer larger than this is not kept by an idle connection.
    static let keptBufferBytes = 4 * 1024

    // MARK: HTTP/2

    /// Bytes of one request's body that may arrive before the upstream has consumed any: the window of a stream.
    static let streamWindowBytes = 256 * 1024
    /// The window of a connection, for all its requests together.
    static let connectionWindowBytes = 1024 * 1024
    /// Bytes of one response queued for the client's window; above this, back pressure is applied to the upstream.
    static let streamHighWaterBytes = 32 * 1024
    /// Queued bytes of all responses of one connection; above this, back pressure is applied to every upstream with
    /// bytes queued.
    static let streamsHighWaterBytes = 1024 * 1024
    /// Payload bytes of one DATA frame: with its header it fills one TLS record.
    static let dataFrameBytes = 16 * 1024 - 9
    /// Bytes of frames, from many streams, that are gathered into one write.
    static let gatheredFrameBytes = 48 * 1024
    /// How long to wait for the client's acknowledgement of the shutdown notice before the last stream is fixed.
    static let goAwayNoticeTimeout = Duration.seconds(1)
    /// Streams and buffers that one loop keeps for reuse.
    static let spareStreams = 1024
    static let spareGathers = 16

    // MARK: The control plane's server

    /// Connections open at once; further ones are closed immediately.
    public static let serverConnections = 1024
    /// Bytes of a request's body. Over it: 413.
    public static let requestBodyBytes = 1024 * 1024
    /// Fields of a form or a query. Over it: 400.
    public static let formFields = 1000
}
