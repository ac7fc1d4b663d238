import HTTPTransport
import HTTPWire

/// How much the edge bears from its clients. What is beyond a limit is refused or ended, and counted.
public struct ClientLimits: Sendable, Hashable {
    /// Connections of one loop; a further one is closed at once. At least 1.
    public var connectionsPerLoop = EdgeLimits.connectionsPerLoop
    /// Connections of one client address on all loops together; a further one is closed at once. An IPv6 client counts by
    /// its network of 64 bits, in which it can choose its address. At least 1.
    public var connectionsPerAddress = EdgeLimits.connectionsPerAddress
    /// From the connection to the end of the TLS handshake.
    public var handshake = TransportLimits.handshakeTimeout
    /// Deadlines of a request's head and body, of idle connections, and of clients that take nothing.
    public var timeouts = ServerTimeouts()
    /// Sizes of heads.
    public var http = HTTPLimits()
    /// What HTTP/2 has more than HTTP/1.1.
    public var http2 = HTTP2Limits()

    public init() {}
}
