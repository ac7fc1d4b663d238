/// A host that an operator added while Carrel ran: its placement settings, and how to reach its engine.
public struct HostEntry: Hashable, Sendable {
    public var spec: HostSpec
    public var address: HostAddress
    /// Whether it is removed as soon as it is empty.
    public var isLeaving: Bool

    public init(spec: HostSpec, address: HostAddress, isLeaving: Bool = false) {
        self.spec = spec
        self.address = address
        self.isLeaving = isLeaving
    }
}

/// How to reach a host. The core only stores this.
public struct HostAddress: Hashable, Sendable {
    /// The files for mutual TLS, as absolute paths.
    public struct Identity: Hashable, Sendable {
        public var authority: String
        public var certificate: String
        public var key: String

        public init(authority: String, certificate: String, key: String) {
            self.authority = authority
            self.certificate = certificate
            self.key = key
        }
    }

    /// `unix:///path` or `tcp://address:port`.
    public var endpoint: String
    /// Only with `tcp://`.
    public var identity: Identity?
    /// The host's private address, on which labs' ports are published.
    public var publishAddress: String

    public init(endpoint: String, identity: Identity?, publishAddress: String) {
        self.endpoint = endpoint
        self.identity = identity
        self.publishAddress = publishAddress
    }
}

/// An operator's changes to the settings in a host's configuration or entry.
public struct HostAdjustment: Hashable, Sendable {
    public var slots: Int?
    public var memoryBytes: Int64?
    public var labels: [String: String]
    public var removedLabels: Set<String>
    public var policy: DensityPolicy?

    public init(
        slots: Int? = nil, memoryBytes: Int64? = nil, labels: [String: String] = [:], removedLabels: Set<String> = [],
        policy: DensityPolicy? = nil
    ) {
        self.slots = slots
        self.memoryBytes = memoryBytes
        self.labels = labels
        self.removedLabels = removedLabels
        self.policy = policy
    }

    public var isEmpty: Bool { self == HostAdjustment() }

    /// Merges a later adjustment, whose values take precedence.
    mutating func add(_ later: HostAdjustment) {
        slots = later.slots ?? slots
        memoryBytes = later.memoryBytes ?? memoryBytes
        policy = later.policy ?? policy
        for label in later.removedLabels {
            labels[label] = nil
            removedLabels.insert(label)
        }
        for (label, value) in later.labels {
            removedLabels.remove(label)
            labels[label] = value
        }
    }

    func applied(to spec: HostSpec) -> HostSpec {
        var spec = spec
        spec.slots = slots ?? spec.slots
        spec.memoryBytes = memoryBytes ?? spec.memoryBytes
        spec.policy = policy ?? spec.policy
        for label in removedLabels { spec.labels[label] = nil }
        spec.labels.merge(labels) { _, new in new }
        return spec
    }
}

/// Where a host was defined.
public enum HostOrigin: String, Hashable, Sendable, Codable {
    case configuration, runtime
}

/// State of hosts stored by an earlier broker, apart from their duties.
public struct StoredHosts: Hashable, Sendable {
    /// Hosts added while Carrel ran, by name.
    public var entries: [HostEntry]
    public var adjustments: [String: HostAdjustment]
    /// The identity of the engine behind each host.
    public var engines: [String: String]
    /// The last proof of each host's network isolation: see `BrokerCore.proof(on:)`.
    public var proofs: [String: String]
    public var rollingDrain: RollingDrain?

    public init(
        entries: [HostEntry] = [], adjustments: [String: HostAdjustment] = [:], engines: [String: String] = [:],
        proofs: [String: String] = [:], rollingDrain: RollingDrain? = nil
    ) {
        self.rollingDrain = rollingDrain
        self.entries = entries
        self.adjustments = adjustments
        self.engines = engines
        self.proofs = proofs
    }
}

extension HostSpec {
    /// What is wrong with the settings; `nil` if nothing is.
    public var problem: BadTerms? {
        let bytes = name.utf8
        let isName =
            (1...63).contains(bytes.count) && bytes.first != 0x2D && bytes.last != 0x2D
            && bytes.allSatisfy { HostLabel.isLowerOrDigit($0) || $0 == 0x2D }
        if !isName { return .hostName(name) }
        if !(1...Limits.hostSlots).contains(slots) { return .hostSlots(slots) }
        if !Limits.hostMemory.contains(memoryBytes) { return .hostMemory }
        if !(0.1...10).contains(overcommit) { return .hostOvercommit(overcommit) }
        if !(1...100).contains(maximumStarts) { return .hostStarts }
        if labels.count > Limits.hostLabels { return .hostLabelCount }
        for (key, value) in labels where !HostLabel.isKey(key) || !HostLabel.isValue(value) {
            return .hostLabel(key: key, value: value)
        }
        return nil
    }
}

/// The syntax of a host's labels.
public enum HostLabel {
    public static func isKey(_ text: String) -> Bool {
        (1...63).contains(text.utf8.count)
            && text.utf8.allSatisfy { isLowerOrDigit($0) || "._-/".utf8.contains($0) }
            // A trailing hyphen, as in `KEY-`, removes a label.
            && !text.hasSuffix("-")
    }

    public static func isValue(_ text: String) -> Bool {
        (1...63).contains(text.utf8.count)
            && text.utf8.allSatisfy {
                isLowerOrDigit($0) || (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0) || "._-".utf8.contains($0)
            }
    }

    static func isLowerOrDigit(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }
}
