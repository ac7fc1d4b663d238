import Broker
import BrokerCore
import Identity

/// The answer to `GET /v1/pools`, and to `POST /v1/pools`: the current pools, or those that were changed.
public struct APIPools: Hashable, Sendable, Codable {
    public var pools: [PoolView]
    public init(pools: [PoolView]) { self.pools = pools }
}

/// The body of `POST /v1/pools`. Fields that are missing stay unchanged.
public struct APIPool: Hashable, Sendable, Codable {
    public var portal: PortalID
    public var lab: String
    public var minimum: Int?
    public var maximum: Int?
    public var perHost: Int?
    /// Returns the pool to its configured sizes; the sizes must be missing.
    public var reset: Bool?

    public init(
        portal: PortalID, lab: String, minimum: Int? = nil, maximum: Int? = nil, perHost: Int? = nil, reset: Bool? = nil
    ) {
        self.portal = portal
        self.lab = lab
        self.minimum = minimum
        self.maximum = maximum
        self.perHost = perHost
        self.reset = reset
    }

    init(body: [UInt8]) throws(APIRefusal) {
        self = try APIRefusal.decode(
            APIPool.self, from: body,
            example: "{\"portal\":\"school\",\"lab\":\"python\",\"minimum\":10,\"maximum\":30}")
    }

    var key: LabKey { LabKey(portal: portal, name: lab) }

    /// The pool with these changes; the broker validates them.
    func changed(_ old: PoolSpec?) -> PoolSpec {
        var spec = old ?? PoolSpec(key: key, minimum: 0, maximum: 0)
        if let minimum {
            spec.minimum = minimum
            if maximum == nil { spec.maximum = max(spec.maximum, minimum) }
        }
        if let maximum { spec.maximum = maximum }
        if let perHost { spec.perHost = perHost }
        return spec
    }
}
