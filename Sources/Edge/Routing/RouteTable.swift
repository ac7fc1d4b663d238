import Glibc
import HTTPTransport
import HTTPWire
import TLS

/// One loop's copy of all routes. Owned by that loop; a lookup and a change are O(1), however many there are.
struct RouteTable {
    /// What a request needs of its route. A connection may cache it from one request to the next: `isCurrent` tells
    /// whether it is still in the table. Confined to the table's loop.
    final class Entry {
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
            upstream: UpstreamAddress, kind: Edge.LabKind, authorization: String?, grants: [Digest32],
            activity: ActivityCell?
        ) {
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
        case .set(let route):
            let activity = sessions[Self.slug(route.slug)]?.activity ?? ActivityCell(slug: route.slug)
            let entry = Entry(
                upstream: route.upstream, kind: route.kind, authorization: route.authorization,
                grants: route.grants.suffix(EdgeLimits.grantsPerRoute), activity: activity)
            sessions.updateValue(entry, forKey: Self.slug(route.slug))?.isCurrent = false
        case .remove(let slug):
            sessions.removeValue(forKey: Self.slug(slug))?.isCurrent = false
        case .grant(let slug, let digest):
            sessions[Self.slug(slug)]?.add(digest)
        case .setHost(let hostname, let upstream):
            let entry = Entry(upstream: upstream, kind: .http, authorization: nil, grants: [], activity: nil)
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
        case .grant: nil
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
}

/// A hostname as a key: lower-case bytes, either its own or, for one lookup, borrowed.
private struct HostKey: Hashable {
    private enum Bytes {
        case owned([UInt8])
        /// Valid only within `withLowercased`.
        case lent(UnsafeRawBufferPointer)
    }

    private let bytes: Bytes

    init(_ hostname: String) { bytes = .owned(Array(hostname.lowercased().utf8)) }
    private init(lent: UnsafeRawBufferPointer) { bytes = .lent(lent) }

    static func withLowercased<Result>(_ host: UnsafeRawBufferPointer, _ body: (HostKey) -> Result?) -> Result? {
        guard host.count <= 255 else { return nil }
        return withUnsafeTemporaryAllocation(byteCount: 256, alignment: 8) { room in
            for index in 0..<host.count {
                let byte = host[index]
                room[index] = byte &- 0x41 < 26 ? byte | 0x20 : byte
            }
            return body(HostKey(lent: UnsafeRawBufferPointer(rebasing: room[..<host.count])))
        }
    }

    private func withBytes<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result {
        switch bytes {
        case .owned(let bytes): bytes.withUnsafeBytes(body)
        case .lent(let bytes): body(bytes)
        }
    }

    static func == (a: HostKey, b: HostKey) -> Bool {
        a.withBytes { a in
            b.withBytes { b in a.count == b.count && (a.isEmpty || memcmp(a.baseAddress!, b.baseAddress!, a.count) == 0)
            }
        }
    }

    func hash(into hasher: inout Hasher) { withBytes { hasher.combine(bytes: $0) } }
}
