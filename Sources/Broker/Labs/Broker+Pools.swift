import BrokerCore
import EventLoop

extension Broker {
    /// All pools, by portal and lab.
    public func pools() -> [PoolView] { core.poolStatuses(at: now).map { PoolView($0, now: now) } }

    /// Sets a pool's size, in force at once, until it is reset; what is too much is removed at once.
    public func setPool(_ spec: PoolSpec) async throws(BrokerError) -> PoolView {
        _ = try await ask { .setPool(spec, request: $0) }
        probeHomes()
        return try pool(spec.key)
    }

    /// The pool is as the configuration says again; `nil` when that has none.
    public func resetPool(_ key: PoolKey) async throws(BrokerError) -> PoolView? {
        _ = try await ask { .resetPool(key, request: $0) }
        return try? pool(key)
    }

    /// As it is in force now.
    public func poolSpec(of key: PoolKey) -> PoolSpec? { core.poolSpec(of: key) }

    private func pool(_ key: PoolKey) throws(BrokerError) -> PoolView {
        guard let view = pools().first(where: { $0.portal == key.portal && $0.lab == key.lab }) else {
            throw BrokerError(Refusal.unknownPool(key))
        }
        return view
    }
}

/// A pool as operators see it.
public struct PoolView: Hashable, Sendable, Codable {
    public var portal: String
    public var lab: String
    public var minimum: Int
    public var maximum: Int
    public var perHost: Int
    /// An operator has set it, beside the configuration.
    public var isSet: Bool
    /// Unclaimed seats that it is to have now.
    public var wanted: Int
    public var ready: Int
    public var starting: Int
    /// Warm seats by host.
    public var hosts: [String: Int]
    /// Why it has fewer than it wants.
    public var reason: String?

    init(_ status: PoolStatus, now: Timestamp) {
        portal = status.key.portal
        lab = status.key.lab
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
