import BrokerCore
import EventLoop
import Identity
import Words

extension Broker {
    /// The pools of the scope, by portal and lab.
    public func pools(in scope: Scope) -> [PoolView] {
        core.poolStatuses(at: now).filter { scope.admits($0.key.portal) }.map { PoolView($0) }
    }

    /// Sets a pool's size, effective immediately until it is reset; surplus seats are removed at once.
    public func setPool(_ spec: PoolSpec) async throws(BrokerError) -> PoolView {
        _ = try await ask { .setPool(spec, request: $0) }
        probeHomes()
        return try pool(spec.key)
    }

    /// Resets the pool to the configuration's; returns `nil` if the configuration has none.
    public func resetPool(_ key: LabKey) async throws(BrokerError) -> PoolView? {
        _ = try await ask { .resetPool(key, request: $0) }
        return try? pool(key)
    }

    /// The pool in force.
    public func poolSpec(of key: LabKey) -> PoolSpec? { core.poolSpec(of: key) }

    private func pool(_ key: LabKey) throws(BrokerError) -> PoolView {
        guard let view = pools(in: .portal(key.portal)).first(where: { $0.lab == key.name }) else {
            throw BrokerError(Refusal.unknownPool(key))
        }
        return view
    }
}

/// A pool as operators see it.
public struct PoolView: Hashable, Sendable, Codable {
    public var portal: PortalID
    public var lab: String
    public var minimum: Int
    public var maximum: Int
    public var perHost: Int
    /// Whether an operator has overridden the configuration.
    public var isSet: Bool
    /// The current target of unclaimed seats.
    public var wanted: Int
    public var ready: Int
    public var starting: Int
    /// Warm seats by host.
    public var hosts: [String: Int]
    /// Why it has fewer seats than its target.
    public var reason: String?

    init(_ status: PoolStatus) {
        portal = status.key.portal
        lab = status.key.name
        minimum = status.spec.minimum
        maximum = status.spec.maximum
        perHost = status.spec.perHost
        isSet = status.isSet
        wanted = status.wanted
        ready = status.ready
        starting = status.starting
        hosts = status.hosts
        reason = status.reason
    }
}
