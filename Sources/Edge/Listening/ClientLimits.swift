import HTTPTransport
import HTTPWire

/// The limits on the edge's clients. What exceeds a limit is refused or closed, and counted.
public struct ClientLimits: Sendable, Hashable {
    /// Connections of one loop; a further one is closed at once. At least 1.
    public var connectionsPerLoop = EdgeLimits.connectionsPerLoop
    /// Connections of one client address on all loops together; a further one is closed at once. An IPv6 client is
    /// counted by its /64, within which it can choose its address. At least 1.
    public var connectionsPerAddress = EdgeLimits.connectionsPerAddress
    /// From accepting the connection to the end of the TLS handshake.
    public var handshake = TransportLimits.handshakeTimeout
    /// Timeouts for a request's head and body, for idle connections, and for clients that do not read.
    public var timeouts = ServerTimeouts()
    /// Size limits of heads.
    public var http = HTTPLimits()
    /// Limits that only HTTP/2 has.
    public var http2 = HTTP2Limits()

    public init() {}
}
