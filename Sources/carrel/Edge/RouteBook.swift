import Edge
import EventLoop
import HTTPTransport

/// The routes of a standalone edge, as its loops have them: a change here is applied there.
@ControlLoop
final class RouteBook {
    /// Changes that a loop applies at a time before it serves connections again.
    private static let changesAtATime = 1000

    /// The difference between two sets of routes.
    struct Difference: Equatable {
        var added = 0
        var changed = 0
        var removed = 0
    }

    private(set) var routes: [String: UpstreamAddress] = [:]
    /// Routes set or removed since all routes were last replaced; `nil` for removed ones.
    private(set) var overrides: [String: UpstreamAddress?] = [:]
    private let edge: Edge

    init(edge: Edge) { self.edge = edge }

    /// Replaces all routes; unchanged ones are not touched.
    func replace(by fresh: [String: UpstreamAddress]) -> Difference {
        var difference = Difference()
        var changes: [RouteChange] = []
        for hostname in routes.keys where fresh[hostname] == nil {
            difference.removed += 1
            changes.append(.removeHost(hostname: hostname))
        }
        for (hostname, upstream) in fresh {
            let before = routes[hostname]
            if before == upstream { continue }
            if before == nil { difference.added += 1 } else { difference.changed += 1 }
            changes.append(.setHost(hostname: hostname, upstream: upstream))
        }
        routes = fresh
        overrides = [:]
        give(changes)
        return difference
    }

    /// Adds or changes routes.
    /// - Returns: how many hostnames are new.
    @discardableResult
    func set(_ added: [String: UpstreamAddress]) -> Int {
        var fresh = 0
        for (hostname, upstream) in added {
            if routes.updateValue(upstream, forKey: hostname) == nil { fresh += 1 }
            overrides.updateValue(upstream, forKey: hostname)
        }
        give(added.map { .setHost(hostname: $0.key, upstream: $0.value) })
        return fresh
    }

    /// - Returns: whether there was such a route.
    func remove(_ hostname: String) -> Bool {
        guard routes.removeValue(forKey: hostname) != nil else { return false }
        overrides.updateValue(nil, forKey: hostname)
        give([.removeHost(hostname: hostname)])
        return true
    }

    private func give(_ changes: [RouteChange]) {
        var rest = changes[...]
        while !rest.isEmpty {
            edge.apply(Array(rest.prefix(Self.changesAtATime)))
            rest = rest.dropFirst(Self.changesAtATime)
        }
    }
}
