/// The named limits of this room.
public enum TransportLimits {
    // MARK: Channels

    /// From the first byte of a TLS handshake to its end.
    public static let handshakeTimeout = Duration.seconds(10)
    /// Bytes that wait to be sent; above it whoever feeds the channel stops until it has drained.
    public static let highWaterBytes = 256 * 1024
    /// After the last byte was sent: how long the peer may take to end its side too, before it is cut off.
    public static let lingerTimeout = Duration.seconds(2)
    /// Plaintext that is taken out of TLS at a time: one record.
    static let plaintextBytes = 16 * 1024
    /// How often channels are looked at: one that was silent all the while gives its buffers back.
    static let bufferIdleInterval = Duration.seconds(1)
    /// Plaintext that is encrypted before the ciphertext is handed on: bounds the memory of a large write.
    static let encryptionBytes = 64 * 1024

    // MARK: Upstreams

    /// From the first look at an address to a connection that can be written to, the TLS handshake included.
    public static let connectTimeout = Duration.seconds(5)
    /// How long bytes for an upstream may wait without all of them leaving: with the high-water mark it is the least
    /// rate at which an upstream must read.
    public static let writeStallTimeout = Duration.seconds(60)
    /// Connections of one pool to one upstream, busy ones and tunnels included.
    public static let connectionsPerUpstream = 512
    /// Unused connections that a pool keeps per upstream; beyond it the oldest is closed.
    public static let idleConnectionsPerUpstream = 256
    /// Unused connections that a pool keeps in all; beyond it none is added.
    public static let idleConnections = 4096
    /// How long an unused connection is kept: shorter than upstreams keep theirs.
    public static let idleConnectionTimeout = Duration.seconds(30)
    /// Addresses of one host name that are tried.
    static let addressesTried = 4

    // MARK: The control plane's client

    /// Bytes of a request's body that are handed to the connection at a time.
    static let bodyPieceBytes = 64 * 1024
    /// Pieces of a streamed answer that may wait for their reader.
    public static let waitingPieces = 1024
    /// Bytes of one WebSocket message.
    public static let webSocketMessageBytes = 16 << 20
    /// WebSocket messages that may wait for their reader; beyond it the connection is not read.
    public static let waitingMessages = 64
    /// How long the other side may take to answer a WebSocket's closing.
    public static let webSocketCloseTimeout = Duration.seconds(5)

    // MARK: Server connections

    /// From the first byte of a request's head to its last.
    public static let headTimeout = Duration.seconds(10)
    /// A connection without a request, new or kept alive.
    public static let idleTimeout = Duration.seconds(75)
    /// How far a request's body may be behind, while its reader wants more: without a piece for so long it is given up.
    public static let bodyTimeout = Duration.seconds(30)
    /// Bytes per second. What comes or is taken slower falls behind, and a byte now and then does not hold a connection.
    public static let minimumBodyRate = 1024
    /// How far a client may be behind with taking the bytes that wait for it.
    public static let writeTimeout = Duration.seconds(60)
    /// How much of a request is read and forgotten after its response is complete, to keep the connection.
    public static let discardedBytes = 256 * 1024
    /// How long that may take.
    public static let discardTimeout = Duration.seconds(5)
    /// Bytes read ahead of the request being answered; above it the socket is left alone.
    public static let readAheadBytes = 64 * 1024
    /// How often it is looked whether a client is still there whose socket is left alone for that.
    public static let presenceInterval = Duration.seconds(10)
    /// Framed bytes that are gathered to be sent in one write.
    static let gatheredBytes = 16 * 1024
    /// A gathering buffer larger than this is not kept by an idle connection.
    static let keptBufferBytes = 4 * 1024

    // MARK: HTTP/2

    /// Bytes of one request's body that may come before the upstream has taken any: the window of a stream.
    static let streamWindowBytes = 256 * 1024
    /// The same for all requests of one connection together.
    static let connectionWindowBytes = 1024 * 1024
    /// Bytes of one response that wait for the client's window; above it the upstream is held back.
    static let streamHighWaterBytes = 32 * 1024
    /// Bytes of all responses of one connection that wait; above it every upstream with bytes waiting is held back.
    static let streamsHighWaterBytes = 1024 * 1024
    /// Payload of one DATA frame: with its head it is one TLS record.
    static let dataFrameBytes = 16 * 1024 - 9
    /// Frames of many streams that are gathered to be sent in one write.
    static let gatheredFrameBytes = 48 * 1024
    /// How long the client may take to answer the announcement that the connection ends, before its end is fixed.
    static let goAwayNoticeTimeout = Duration.seconds(1)
    /// Streams and buffers that one loop keeps for use again.
    static let spareStreams = 1024
    static let spareGathers = 16

    // MARK: The control plane's server

    /// Connections open at once; further ones are closed as they come.
    public static let serverConnections = 1024
    /// Bytes of a request's body. Over it: 413.
    public static let requestBodyBytes = 1024 * 1024
    /// Fields of a form or a query. Over it: 400.
    public static let formFields = 1000
}
