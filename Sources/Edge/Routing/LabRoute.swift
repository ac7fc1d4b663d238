import HTTPTransport
import TLS

/// Where a session's hostname leads, and who may go there.
public struct LabRoute: Sendable, Hashable {
    /// The label of the hostname: 1–32 lower-case letters and digits.
    public var slug: String
    public var upstream: UpstreamAddress
    /// Decides which header rules hold on the way.
    public var kind: Edge.LabKind
    /// The value of the Authorization field that every request gets, whatever the client sent: `token …` for Jupyter.
    public var authorization: String?
    /// SHA-256 of each access token that opens this lab; at most `EdgeLimits.grantsPerRoute`, oldest first.
    public var grants: [Digest32]

    public init(slug: String, upstream: UpstreamAddress, kind: Edge.LabKind, authorization: String?, grants: [Digest32])
    {
        self.slug = slug
        self.upstream = upstream
        self.kind = kind
        self.authorization = authorization
        self.grants = grants
    }
}

/// One change of the route table; every loop applies the changes in the order in which they were given.
public enum RouteChange: Sendable, Hashable {
    /// Adds the route, or replaces the one of the same slug, grants included.
    case set(LabRoute)
    /// Without a route the hostname leads to the portal, which tells what became of the session.
    case remove(slug: String)
    /// Opens a lab for one more token. Without a route of that slug it changes nothing.
    case grant(slug: String, digest: Digest32)
    /// Leads a hostname (in any case, without port) to an upstream, or to another one. For an edge that routes by
    /// hostnames; on one that routes sessions it leads nowhere.
    case setHost(hostname: String, upstream: UpstreamAddress)
    case removeHost(hostname: String)
}
