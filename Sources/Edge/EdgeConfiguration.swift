import EventLoop
import HTTPTransport
import TLS

/// The configuration of an edge; fixed for its life, except for the certificates, which can be reloaded, and the portals.
public struct EdgeConfiguration: Sendable {
    /// The addresses to which clients connect, always with TLS. Every loop listens on every address.
    public var listen: [SocketAddress]
    /// The number of loops, each on a thread of its own; at least 1.
    public var loops: Int
    public var routing: Routing
    /// The portals that it starts with; `RouteChange.portals` replaces them. None where the routes are hostnames.
    public var portals: [EdgePortal] = []
    public var certificates: CertificateStore
    /// The listener without TLS, if any.
    public var redirect: RedirectConfiguration?
    /// For how many seconds browsers must use `https` only (HSTS, RFC 6797); 0 sends no such field.
    public var hstsSeconds = EdgeLimits.hstsSeconds
    /// Whether clients may use HTTP/2; otherwise all use HTTP/1.1.
    public var http2 = true
    /// The limits on clients.
    public var limits = ClientLimits()
    /// The keys that seal the TLS sessions that clients keep. With the predecessor's keys, clients can resume the
    /// sessions that it issued.
    public var tickets = TicketKeys()
    /// Gets a line for each exchange. Its creator closes it, after the edge has stopped.
    public var accessLog: AccessLog?

    var portalUpstream: UpstreamAddress? {
        if case .sessions(let upstream) = routing { upstream } else { nil }
    }

    /// The kind of routes, and who may use them.
    public enum Routing: Sendable, Hashable {
        /// Each session has one label under its portal's labs domain, and opens for clients that have its cookie. Names
        /// without a route and Carrel's own paths lead to the process that serves all portals, as do the portals'
        /// hostnames.
        case sessions(portalUpstream: UpstreamAddress)
        /// Each route is a whole hostname, and open to everybody. There is no portal.
        case hostnames
    }

    /// An edge that routes by hostnames.
    public init(listen: [SocketAddress], loops: Int, certificates: CertificateStore) {
        self.listen = listen
        self.loops = loops
        self.certificates = certificates
        routing = .hostnames
        // The hostnames belong to their upstreams, which decide about HSTS too.
        hstsSeconds = 0
    }

    /// An edge in front of portals and their sessions.
    public init(
        listen: [SocketAddress], loops: Int, portals: [EdgePortal], portalUpstream: UpstreamAddress,
        certificates: CertificateStore
    ) {
        self.listen = listen
        self.loops = loops
        self.certificates = certificates
        self.portals = portals
        routing = .sessions(portalUpstream: portalUpstream)
    }
}
