import EventLoop
import HTTPTransport
import TLS

/// What an edge is made of; fixed for its life, but for the certificates, which can be reloaded.
public struct EdgeConfiguration: Sendable {
    /// Where clients connect, always by TLS. Every loop listens on every address.
    public var listen: [SocketAddress]
    /// Loops, each on a thread of its own; at least 1.
    public var loops: Int
    /// In any case; without port.
    public var portalHostname: String
    /// The domain under which each session has one label.
    public var labsDomain: String
    /// Where the portal answers.
    public var portalUpstream: UpstreamAddress
    public var certificates: CertificateStore
    /// Client connections of one loop; a further one is closed at once.
    public var connectionsPerLoop = EdgeLimits.connectionsPerLoop

    public init(
        listen: [SocketAddress], loops: Int, portalHostname: String, labsDomain: String,
        portalUpstream: UpstreamAddress, certificates: CertificateStore
    ) {
        self.listen = listen
        self.loops = loops
        self.portalHostname = portalHostname
        self.labsDomain = labsDomain
        self.portalUpstream = portalUpstream
        self.certificates = certificates
    }
}
