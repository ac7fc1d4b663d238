/// What a listing tells of a host beside our containers.
public struct HostFacts: Hashable, Sendable {
    /// What tells the engine from others; the same over its restarts. `nil`: not known.
    public var engineID: String?
    public var others: OtherUse
    /// By reference, as labs name them: what the host has by that name, if anything. What is not here was not asked for.
    public var images: [String: HostImage?]
    /// What is known of the host's network at the moment of the listing.
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

/// What the labs of other Carrels, with an instance identifier of their own, take of a host.
public struct OtherUse: Hashable, Sendable {
    public var containers: Int
    /// In bytes, as far as their labels say.
    public var memoryBytes: Int64

    public init(containers: Int = 0, memoryBytes: Int64 = 0) {
        self.containers = containers
        self.memoryBytes = memoryBytes
    }
}

/// One engine under two names would have the labs of one taken for orphans of the other.
extension BrokerCore {
    /// The host that has this engine already.
    func owner(ofEngine id: String, besides name: String) -> String? {
        hosts.first { host in
            if case .duplicate = host.settings.host.link { return false }
            return host.name != name && book.engines[host.name] == id
        }?.name
    }

    /// Write which engine is behind a host.
    mutating func setEngine(_ id: String?, of name: String) {
        guard book.engines[name] != id else { return }
        journal.keep(book)
        book.engines[name] = id
        journal.changes.append(.engine(host: name, id))
    }

    /// It answers, and is another host: nothing that it says is taken for this one's.
    mutating func becomeDuplicate(_ name: String, of owner: String, at now: Timestamp) {
        setEngine(nil, of: name)
        giveUpStarts(
            on: name, link: .duplicate(of: owner), because: "The host \(name) is the same engine as \(owner).", at: now)
    }
}
