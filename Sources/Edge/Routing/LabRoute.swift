import HTTPTransport
import TLS

/// Where a session's hostname leads, and who may go there.
public struct LabRoute: Sendable, Hashable {
    /// The label of the hostname: 1–32 lower-case letters and digits.
    public var slug: String
    /// The name of its portal. The lab answers under this portal's labs domain only, and nowhere while the edge does not
    /// know the portal.
    public var portal: String
    public var upstream: UpstreamAddress
    /// Decides which header rules apply.
    public var kind: Edge.LabKind
    /// The value of the Authorization field that every request to the lab gets, whatever the client sent: `token …` for
    /// Jupyter.
    public var authorization: String?
    /// SHA-256 of each access token that opens this lab; at most `EdgeLimits.grantsPerRoute`, oldest first.
    public var grants: [Digest32]

    public init(
        slug: String, portal: String, upstream: UpstreamAddress, kind: Edge.LabKind, authorization: String?,
        grants: [Digest32]
    ) {
        self.slug = slug
        self.portal = portal
        self.upstream = upstream
        self.kind = kind
        self.authorization = authorization
        self.grants = grants
    }
}

/// One change of the route table; every loop applies the changes in the given order.
public enum RouteChange: Sendable, Hashable {
    /// Replaces the portals. What changed about a portal of the same name applies to its routes at once, requests in
    /// progress included. The labs of a portal that is gone answer nowhere, their WebSockets are sent a close frame
    /// (1001), and their routes apply again when it is back. Only for an edge that routes sessions.
    case portals([EdgePortal])
    /// Adds the route, or replaces the one with the same slug, grants included.
    case set(LabRoute)
    /// Removes the route; the hostname then leads to the portal, which tells what became of the session.
    case remove(slug: String)
    /// Opens a lab for one more token. Does nothing if there is no route with that slug.
    case grant(slug: String, digest: Digest32)
    /// Closes a lab for these tokens, or for all with `nil`, until they are granted again. WebSockets that no grant opens
    /// any more are sent a close frame (1001); other requests in progress may finish. Does nothing if there is no route
    /// with that slug.
    case revoke(slug: String, digests: [Digest32]?)
    /// Routes a hostname (in any case, without port) to an upstream, replacing an existing route. For an edge that
    /// routes by hostnames; on one that routes sessions it has no effect.
    case setHost(hostname: String, upstream: UpstreamAddress)
    case removeHost(hostname: String)
}
