import EventLoop
import HTTPTransport
import TLS

/// What an edge is made of; fixed for its life, but for the certificates, which can be reloaded.
public struct EdgeConfiguration: Sendable {
    /// Where clients connect, always by TLS. Every loop listens on every address.
    public var listen: [SocketAddress]
    /// Loops, each on a thread of its own; at least 1.
    public var loops: Int
    public var routing: Routing
    public var certificates: CertificateStore
    /// The listener without TLS, if there is to be one.
    public var redirect: RedirectConfiguration?
    /// For how many seconds browsers are told to come by `https` only (HSTS, RFC 6797); 0 tells them nothing.
    public var hstsSeconds = EdgeLimits.hstsSeconds
    /// The origins whose pages may show labs in a frame, such as `https://courses.example.org`.
    public var embeddedIn: [String] = []
    /// Whether clients may speak HTTP/2; otherwise they all speak HTTP/1.1.
    public var http2 = true
    /// How much is borne from clients.
    public var limits = ClientLimits()
    /// What seals the sessions that clients keep. The keys of the process before this one open what clients have of it.
    public var tickets = TicketKeys()
    /// Gets a line for each exchange. Whoever made it closes it, after the edge has stopped.
    public var accessLog: AccessLog?

    var portalUpstream: UpstreamAddress? {
        if case .sessions(_, _, let upstream) = routing { upstream } else { nil }
    }

    /// What the routes are, and who may use them.
    public enum Routing: Sendable, Hashable {
        /// Each session has one label under `labsDomain`, and opens for those who have its cookie. What has no route and
        /// Carrel's own paths lead to the portal, as does `portalHostname` (in any case, without port).
        case sessions(portalHostname: String, labsDomain: String, portalUpstream: UpstreamAddress)
        /// Each route is a whole hostname, and open to everybody. There is no portal.
        case hostnames
    }

    /// An edge that routes by hostnames.
    public init(listen: [SocketAddress], loops: Int, certificates: CertificateStore) {
        self.listen = listen
        self.loops = loops
        self.certificates = certificates
        routing = .hostnames
        // The hostnames are their upstreams' own, and so is what is said of them.
        hstsSeconds = 0
    }

    /// An edge in front of a portal and its sessions.
    public init(
        listen: [SocketAddress], loops: Int, portalHostname: String, labsDomain: String,
        portalUpstream: UpstreamAddress, certificates: CertificateStore
    ) {
        self.listen = listen
        self.loops = loops
        self.certificates = certificates
        routing = .sessions(
            portalHostname: portalHostname, labsDomain: labsDomain, portalUpstream: portalUpstream)
    }
}
