import HTTPTransport
import HTTPWire
import TLS

/// One loop's copy of all routes. Owned by that loop; a lookup and a change cost O(1), however many there are.
struct RouteTable {
    /// What a request needs of its route.
    struct Entry {
        var upstream: UpstreamAddress
        var kind: Edge.LabKind
        var authorization: String?
        var grants: [Digest32]
        /// Where the meter notes that something happened in this session.
        let activity: ActivityCell

        /// Whether a cookie's token opens this lab. Digests are compared, so that time tells nothing about the token.
        func admits(_ token: UnsafeRawBufferPointer) -> Bool {
            let digest = SHA256.digest(token)
            return grants.contains(digest)
        }
    }

    private var entries: [Slug: Entry] = [:]

    var count: Int { entries.count }

    func entry(for slug: Slug) -> Entry? { entries[slug] }

    /// - Precondition: slugs are slugs; what makes sessions makes them so.
    mutating func apply(_ change: RouteChange) {
        switch change {
        case .set(let route):
            let slug = Self.slug(route.slug)
            let activity = entries[slug]?.activity ?? ActivityCell(slug: route.slug)
            entries[slug] = Entry(
                upstream: route.upstream, kind: route.kind, authorization: route.authorization,
                grants: route.grants.suffix(EdgeLimits.grantsPerRoute), activity: activity)
        case .remove(let slug):
            entries[Self.slug(slug)] = nil
        case .grant(let slug, let digest):
            entries[Self.slug(slug)]?.add(digest)
        }
    }

    private static func slug(_ text: String) -> Slug {
        guard let slug = Slug(text) else { preconditionFailure("a route's slug must be 1–32 letters and digits") }
        return slug
    }
}

extension RouteTable.Entry {
    fileprivate mutating func add(_ digest: Digest32) {
        if grants.contains(digest) { return }
        if grants.count == EdgeLimits.grantsPerRoute { grants.removeFirst() }
        grants.append(digest)
    }
}
