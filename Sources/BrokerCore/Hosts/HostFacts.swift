/// Facts about a host that a listing reports besides our containers.
public struct HostFacts: Hashable, Sendable {
    /// The engine's identity, which survives its restarts; `nil` if it is not known.
    public var engineID: String?
    public var others: OtherUse
    /// Images by reference, as labs name them; a `nil` value if the host does not have the image. References that are
    /// absent here were not looked up.
    public var images: [String: HostImage?]
    /// The state of the host's network isolation at the time of the listing.
    public var isolation: HostIsolation

    public init(
        engineID: String? = nil, others: OtherUse = OtherUse(), images: [String: HostImage?] = [:],
        isolation: HostIsolation = .proved
    ) {
        self.engineID = engineID
        self.others = others
        self.images = images
        self.isolation = isolation
    }
}

/// What the labs of other Carrel instances, which have their own instance identifiers, use on a host.
public struct OtherUse: Hashable, Sendable {
    public var containers: Int
    /// In bytes, as declared by their labels.
    public var memoryBytes: Int64

    public init(containers: Int = 0, memoryBytes: Int64 = 0) {
        self.containers = containers
        self.memoryBytes = memoryBytes
    }
}

/// One engine must not serve as two hosts: the labs of each would be taken for orphans of the other.
extension BrokerCore {
    /// Another host that already has this engine.
    func owner(ofEngine id: String, besides name: String) -> String? {
        hosts.first { host in
            if case .duplicate = host.settings.host.link { return false }
            return host.name != name && book.engines[host.name] == id
        }?.name
    }

    /// Stores which engine is behind a host.
    mutating func setEngine(_ id: String?, of name: String) {
        guard book.engines[name] != id else { return }
        journal.keep(book)
        book.engines[name] = id
        journal.changes.append(.engine(host: name, id))
    }

    /// The host answers but is another host's engine, so nothing that it reports is attributed to this one.
    mutating func becomeDuplicate(_ name: String, of owner: String, at now: Timestamp) {
        setEngine(nil, of: name)
        giveUpStarts(on: name, link: .duplicate(of: owner), because: .sameEngine(name, as: owner), at: now)
    }
}
