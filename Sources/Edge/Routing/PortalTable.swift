import HTTPWire

/// One loop's record of a portal. Its routes point to it, so that a changed frame policy applies to running labs.
/// Confined to the loop.
final class PortalRecord {
    let name: String
    /// Who may show the portal's labs in a frame.
    fileprivate(set) var frames: FramePolicy
    /// The number of its labs domain in the table; `nil` once the portal is gone.
    fileprivate(set) var domain: Int?

    fileprivate init(name: String, frames: FramePolicy) {
        self.name = name
        self.frames = frames
    }
}

/// One loop's portals. Owned by that loop; no lookup costs an allocation, however many there are.
struct PortalTable {
    private var byName: [String: PortalRecord] = [:]
    private var byHostname: [HostKey: PortalRecord] = [:]
    /// The labs domain of most portals, with the number 0: compared before any lookup, and often the only one.
    private var firstDomain: LabsDomain?
    /// The numbers of the others.
    private var otherDomains: [HostKey: Int] = [:]

    func record(named name: String) -> PortalRecord? { byName[name] }

    /// - Parameter host: a hostname without port, in any case.
    func record(forHostname host: UnsafeRawBufferPointer) -> PortalRecord? {
        HostKey.withLowercased(host) { byHostname[$0] }
    }

    /// The label before a labs domain, and that domain's number; `nil` if the host is not exactly one label under one.
    /// - Parameter host: a hostname without port, in any case.
    func label(of host: UnsafeRawBufferPointer) -> (label: Range<Int>, domain: Int)? {
        guard let firstDomain else { return nil }
        if let label = firstDomain.label(of: host) { return (label, 0) }
        guard !otherDomains.isEmpty, let dot = host.firstIndex(of: UInt8(ascii: ".")), dot > 0 else { return nil }
        let parent = UnsafeRawBufferPointer(rebasing: host[(dot + 1)...])
        return HostKey.withLowercased(parent) { otherDomains[$0] }.map { (0..<dot, $0) }
    }

    /// Replaces the portals. Those that stay keep their records.
    /// - Precondition: names and hostnames are unique, and hostnames and domains are valid; the code that reads
    ///   configurations ensures it.
    mutating func set(_ portals: [EdgePortal]) {
        let former = byName
        self = PortalTable()
        let numbers = setDomains(of: portals)
        for portal in portals {
            precondition(Hostname.isValid(portal.hostname), "a portal's hostname is not valid")
            let frames = FramePolicy(embeddedIn: portal.embeddedIn)
            let record = former[portal.name] ?? PortalRecord(name: portal.name, frames: frames)
            record.frames = frames
            record.domain = numbers[portal.labsDomain.lowercased()]
            precondition(byName.updateValue(record, forKey: portal.name) == nil, "two portals have the same name")
            precondition(
                byHostname.updateValue(record, forKey: HostKey(portal.hostname)) == nil,
                "two portals have the same hostname")
        }
        for (name, record) in former where byName[name] == nil { record.domain = nil }
    }

    /// - Returns: the number of each domain, by its lower-case name.
    private mutating func setDomains(of portals: [EdgePortal]) -> [String: Int] {
        var portalCounts: [String: Int] = [:]
        for portal in portals { portalCounts[portal.labsDomain.lowercased(), default: 0] += 1 }
        let domains = portalCounts.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.map(\.key)
        for (number, name) in domains.enumerated() {
            guard let domain = LabsDomain(name) else { preconditionFailure("a labs domain is not a valid hostname") }
            if number == 0 { firstDomain = domain } else { otherDomains[HostKey(name)] = number }
        }
        return Dictionary(uniqueKeysWithValues: zip(domains, domains.indices))
    }
}
