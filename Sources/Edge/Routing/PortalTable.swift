import HTTPWire

/// One loop's record of a portal. Its routes point to it, so that a changed frame policy applies to running labs.
/// Confined to the loop.
final class PortalRecord {
    let name: String
    /// Who may show the portal's labs in a frame.
    fileprivate(set) var frames = FramePolicy(embeddedIn: [])
    /// The number of its labs domain in the table; `nil` while the edge does not know the portal.
    fileprivate(set) var domain: Int?

    fileprivate init(name: String) { self.name = name }
}

/// One loop's portals. Owned by that loop; no lookup costs an allocation, however many there are.
struct PortalTable {
    /// Of every portal that was ever named, because routes point to the records, and a portal may come back.
    private var byName: [String: PortalRecord] = [:]
    private var byHostname: [HostKey: PortalRecord] = [:]
    /// The labs domain of the first portal, with the number 0: compared before any lookup, and often the only one.
    private var firstDomain: LabsDomain?
    /// The numbers of the others.
    private var otherDomains: [HostKey: Int] = [:]

    /// The portal of that name; without a labs domain while it is not among the portals.
    mutating func record(named name: String) -> PortalRecord {
        if let record = byName[name] { return record }
        let record = PortalRecord(name: name)
        byName[name] = record
        return record
    }

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
    /// - Precondition: names and hostnames are unique, and names, hostnames and domains are valid; the code that reads
    ///   configurations ensures it.
    mutating func set(_ portals: [EdgePortal]) {
        for record in byName.values { record.domain = nil }
        (byHostname, firstDomain, otherDomains) = ([:], nil, [:])
        for portal in portals {
            precondition(portal.name.utf8.allSatisfy { (0x21...0x7E).contains($0) }, "a portal's name is not valid")
            precondition(Hostname.isValid(portal.hostname), "a portal's hostname is not valid")
            let record = record(named: portal.name)
            precondition(record.domain == nil, "two portals have the same name")
            record.frames = FramePolicy(embeddedIn: portal.embeddedIn)
            record.domain = number(ofDomain: portal.labsDomain)
            precondition(
                byHostname.updateValue(record, forKey: HostKey(portal.hostname)) == nil,
                "two portals have the same hostname")
        }
    }

    /// The number of a labs domain, which gets the next one if it has none.
    private mutating func number(ofDomain name: String) -> Int {
        guard let domain = LabsDomain(name) else { preconditionFailure("a labs domain is not a valid hostname") }
        if firstDomain == nil { firstDomain = domain }
        if firstDomain == domain { return 0 }
        let next = otherDomains.count + 1
        let number = otherDomains[HostKey(name)] ?? next
        otherDomains[HostKey(name)] = number
        return number
    }
}
