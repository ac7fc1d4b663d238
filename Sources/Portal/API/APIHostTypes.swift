import Broker
import BrokerCore

/// The body of `POST /v1/hosts`.
public struct APIHostAdd: Hashable, Sendable, Codable {
    public struct TLS: Hashable, Sendable, Codable {
        /// Absolute paths of PEM files on the broker's machine.
        public var ca: String
        public var certificate: String
        public var key: String

        public init(ca: String, certificate: String, key: String) {
            self.ca = ca
            self.certificate = certificate
            self.key = key
        }
    }

    public var name: String
    /// `unix:///path`, or `tcp://address:port`, which takes `tls` and `publish_address`.
    public var endpoint: String
    public var tls: TLS?
    /// 127.0.0.1 if left out.
    public var publishAddress: String?
    public var slots: Int
    public var memoryBytes: Int64
    /// 1 if left out.
    public var overcommit: Double?
    /// 8 if left out.
    public var maximumStarts: Int?
    public var labels: [String: String]?

    public init(_ entry: HostEntry) {
        name = entry.spec.name
        endpoint = entry.address.endpoint
        tls = entry.address.identity.map { TLS(ca: $0.authority, certificate: $0.certificate, key: $0.key) }
        publishAddress = entry.address.publishAddress
        slots = entry.spec.slots
        memoryBytes = entry.spec.memoryBytes
        overcommit = entry.spec.overcommit
        maximumStarts = entry.spec.maximumStarts
        labels = entry.spec.labels
    }

    init(body: [UInt8]) throws(APIRefusal) {
        self = try APIRefusal.decode(
            APIHostAdd.self, from: body,
            example:
                "{\"name\":\"three\",\"endpoint\":\"unix:///run/docker.sock\",\"slots\":40,\"memory_bytes\":51539607552}"
        )
    }

    /// Only the syntax is checked here; the broker checks the numbers and the endpoint.
    func entry() throws(APIRefusal) -> HostEntry {
        if endpoint.hasPrefix("tcp://"), publishAddress == nil {
            throw APIRefusal.bad("publish_address must be there for a tcp:// endpoint: the host's private IP address.")
        }
        return HostEntry(
            spec: HostSpec(
                name: name, slots: slots, memoryBytes: memoryBytes, overcommit: overcommit ?? 1,
                maximumStarts: maximumStarts ?? 8, labels: labels ?? [:]),
            address: HostAddress(
                endpoint: endpoint,
                identity: tls.map {
                    HostAddress.Identity(authority: $0.ca, certificate: $0.certificate, key: $0.key)
                }, publishAddress: publishAddress ?? "127.0.0.1"))
    }
}

/// The body of `POST /v1/hosts/NAME/set`: fields that are missing stay unchanged.
public struct APIHostSet: Hashable, Sendable, Codable {
    public var slots: Int?
    public var memoryBytes: Int64?
    public var labels: [String: String]?
    public var removedLabels: [String]?
    public var policy: DensityPolicy?
    /// Discards all earlier changes.
    public var reset: Bool?

    public init(_ change: HostAdjustment, reset: Bool) {
        slots = change.slots
        memoryBytes = change.memoryBytes
        labels = change.labels
        removedLabels = change.removedLabels.sorted()
        policy = change.policy
        self.reset = reset
    }

    init(body: [UInt8]) throws(APIRefusal) {
        self = try APIRefusal.decode(
            APIHostSet.self, from: body, example: "{\"slots\":40,\"labels\":{\"gpu\":\"true\"}}")
    }

    var adjustment: HostAdjustment {
        HostAdjustment(
            slots: slots, memoryBytes: memoryBytes, labels: labels ?? [:], removedLabels: Set(removedLabels ?? []),
            policy: policy)
    }
}

/// The body of `POST /v1/hosts/NAME/remove`. An empty body requires that the host is empty.
public struct APIHostRemove: Hashable, Sendable, Codable {
    /// Drains the host first. A deadline alone implies it.
    public var drain: Bool?
    /// The same as in `APIDrain`.
    public var deadlineSeconds: Int?
    public var withoutNotice: Bool?

    public init(drain: Bool, deadlineSeconds: Int?, withoutNotice: Bool? = nil) {
        self.drain = drain
        self.deadlineSeconds = deadlineSeconds
        self.withoutNotice = withoutNotice
    }

    var isDraining: Bool { drain ?? (deadlineSeconds != nil) }

    init(body: [UInt8]) throws(APIRefusal) {
        self = try APIRefusal.decode(APIHostRemove.self, from: body, example: "{\"deadline_seconds\":1800}")
    }
}

/// The answer to it.
public struct APIHostRemoved: Hashable, Sendable, Codable {
    /// The host, if it is removed as soon as it is empty; `nil` if it has been removed.
    public var host: HostView?
    public init(host: HostView?) { self.host = host }
}

/// The answer to `GET /v1/drain`: the rolling drain in progress, if any.
public struct APIRollingDrain: Hashable, Sendable, Codable {
    public var drain: RollingDrainView?
    public init(drain: RollingDrainView?) { self.drain = drain }
}

/// The body of `POST /v1/drain`.
public struct APIRollingDrainStart: Hashable, Sendable, Codable {
    /// In the order in which they are drained.
    public var hosts: [String]
    /// How many hosts may be out of service at the same time; 1 if missing.
    public var maxUnavailable: Int?
    /// The deadline of each host, counted from the start of its drain, as in `APIDrain`.
    public var deadlineSeconds: Int?
    public var withoutNotice: Bool?

    public init(hosts: [String], maxUnavailable: Int, deadlineSeconds: Int?, withoutNotice: Bool? = nil) {
        self.hosts = hosts
        self.maxUnavailable = maxUnavailable
        self.deadlineSeconds = deadlineSeconds
        self.withoutNotice = withoutNotice
    }

    init(body: [UInt8]) throws(APIRefusal) {
        self = try APIRefusal.decode(
            APIRollingDrainStart.self, from: body,
            example: "{\"hosts\":[\"one\",\"two\"],\"max_unavailable\":1,\"deadline_seconds\":7200}")
    }
}
