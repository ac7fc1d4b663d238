import HTTPTransport
import HTTPWire
import TLS

/// One loop's copy of the portals and of all routes. Owned by that loop; a lookup and a change of a route are O(1),
/// however many there are.
struct RouteTable {
    /// What a request needs of its route. A connection may cache it from one request to the next: `isCurrent` tells
    /// whether it is still in the table. Confined to the table's loop.
    final class Entry {
        /// `nil` for a hostname's route.
        let portal: PortalRecord?
        let upstream: UpstreamAddress
        let kind: Edge.LabKind
        let authorization: String?
        fileprivate(set) var grants: [Digest32]
        /// The cell where the meter records activity of this session; a hostname's route has no session.
        let activity: ActivityCell?
        /// The pool's connections for its upstream, cached while that is current.
        var site: UpstreamSite?
        /// True until the route is replaced or removed.
        fileprivate(set) var isCurrent = true

        init(
            portal: PortalRecord?, upstream: UpstreamAddress, kind: Edge.LabKind, authorization: String?,
            grants: [Digest32], activity: ActivityCell?
        ) {
            self.portal = portal
            self.upstream = upstream
            self.kind = kind
            self.authorization = authorization
            self.grants = grants
            self.activity = activity
        }

        /// Whether a cookie's token opens this lab. Digests are compared, so that timing reveals nothing about the
        /// token.
        func admits(_ token: UnsafeRawBufferPointer) -> Bool {
            let digest = SHA256.digest(token)
            return grants.contains(digest)
        }
    }

    private(set) var portals = PortalTable()
    private var sessions: [Slug: Entry] = [:]
    private var hostnames: [HostKey: Entry] = [:]

    var count: Int { sessions.count + hostnames.count }

    func entry(for slug: Slug) -> Entry? { sessions[slug] }

    /// - Parameter host: a hostname without port, in any case. Costs no allocation.
    func entry(forHost host: UnsafeRawBufferPointer) -> Entry? {
        HostKey.withLowercased(host) { hostnames[$0] }
    }

    /// - Precondition: slugs and hostnames are valid; the code that creates routes ensures it.
    mutating func apply(_ change: RouteChange) {
        switch change {
        case .portals(let portals):
            self.portals.set(portals)
        case .set(let route):
            let activity = sessions[Self.slug(route.slug)]?.activity ?? ActivityCell(slug: route.slug)
            let entry = Entry(
                portal: portals.record(named: route.portal), upstream: route.upstream, kind: route.kind,
                authorization: route.authorization,
                grants: route.grants.suffix(EdgeLimits.grantsPerRoute), activity: activity)
            sessions.updateValue(entry, forKey: Self.slug(route.slug))?.isCurrent = false
        case .remove(let slug):
            sessions.removeValue(forKey: Self.slug(slug))?.isCurrent = false
        case .grant(let slug, let digest):
            sessions[Self.slug(slug)]?.add(digest)
        case .revoke(let slug, let digests):
            sessions[Self.slug(slug)]?.revoke(digests)
        case .setHost(let hostname, let upstream):
            let entry = Entry(
                portal: nil, upstream: upstream, kind: .http, authorization: nil, grants: [], activity: nil)
            hostnames.updateValue(entry, forKey: HostKey(hostname))?.isCurrent = false
        case .removeHost(let hostname):
            hostnames.removeValue(forKey: HostKey(hostname))?.isCurrent = false
        }
    }

    /// The upstream that this change takes a route away from, if any.
    func upstream(leftBy change: RouteChange) -> UpstreamAddress? {
        switch change {
        case .set(let route): left(Slug(route.slug).flatMap { sessions[$0] }, for: route.upstream)
        case .remove(let slug): left(Slug(slug).flatMap { sessions[$0] }, for: nil)
        case .setHost(let hostname, let upstream): left(hostnames[HostKey(hostname)], for: upstream)
        case .removeHost(let hostname): left(hostnames[HostKey(hostname)], for: nil)
        case .portals, .grant, .revoke: nil
        }
    }

    private func left(_ entry: Entry?, for next: UpstreamAddress?) -> UpstreamAddress? {
        entry?.upstream == next ? nil : entry?.upstream
    }

    private static func slug(_ text: String) -> Slug {
        guard let slug = Slug(text) else { preconditionFailure("a route's slug must be 1–32 letters and digits") }
        return slug
    }
}

extension RouteTable.Entry {
    fileprivate func add(_ digest: Digest32) {
        if grants.contains(digest) { return }
        if grants.count == EdgeLimits.grantsPerRoute { grants.removeFirst() }
        grants.append(digest)
    }

    fileprivate func revoke(_ digests: [Digest32]?) {
        guard let digests else { return grants.removeAll() }
        grants.removeAll { digests.contains($0) }
    }
}
