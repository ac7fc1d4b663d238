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
    public static let idleConnectionsPerUpstream = 32
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
}
