import BrokerCore

/// One try-out of a host's network: what containers of our own, on the networks of labs, try to reach, and what it
/// means that something was reached or seen to leave.
///
/// Every packet of it is known by a port and a word made for this one try-out. A watcher on the host tells where such
/// packets pass; as it sees those that come out of the containers, silence elsewhere means that nothing left. What opens a
/// TCP connection has no room for the word, and a lab may open some to any port: so the address has to be one that was
/// tried. Those are closed to labs, but for what the operator has opened. The kernel hands the watcher no other packets
/// than these, so that no lab can keep it from seeing them by sending many.
struct TryOut: Hashable {
    /// Addresses for documentation (RFC 5737, RFC 3849): nobody is there, and a packet to them leaves all the same.
    static let outside = "198.51.100.7"
    static let outside6 = "2001:db8::7"
    static let linkLocal = "169.254.169.254"
    static let linkLocal6 = "fe80::1"

    /// TCP and UDP port by which the watcher knows attempts, and on which it listens on the host itself.
    var port: Int
    /// Where containers of ours that are on the networks, too, listen, by network.
    var neighbours: [Egress: String]
    /// The port inside containers.
    var labPort: Int
    /// The published port of the container on each network.
    var published: [Egress: Int]
    var publishAddress: String
    /// The addresses of the bridges.
    var gateways: [String]
    var hosts: [AddressRange]
    var ranges: EgressRanges

    /// What the container on this network tries, as the helper's subcommand `try` takes it.
    func attempts(from egress: Egress) -> [String] {
        var attempts = [
            "udp,\(Self.linkLocal),\(port)", "tcp,\(Self.linkLocal),\(port)", "udp,\(Self.linkLocal6),\(port)",
        ]
        if egress == .none {
            attempts += ["tcp", "udp"].flatMap { ["\($0),\(Self.outside),\(port)", "\($0),\(Self.outside6),\(port)"] }
            attempts += ["icmp,\(Self.outside)", "dns"]
        }
        for address in gateways + [publishAddress] { attempts += ["tcp,\(address),\(port)", "udp,\(address),\(port)"] }
        for host in hosts.prefix(BrokerLimits.hostsPerTryOut) where host.isAddress && "\(host)" != publishAddress {
            attempts += ["tcp,\(host),\(port)", "udp,\(host),\(port)"]
        }
        for address in neighbours.values.sorted() {
            attempts += ["tcp,\(address),\(labPort)", "udp,\(address),\(port)"]
        }
        for (other, port) in published where other != egress { attempts.append("tcp,\(publishAddress),\(port)") }
        guard egress == .allow else { return attempts }
        // What the operator has opened is reached, and proves nothing.
        return attempts.filter { attempt in
            let address = Self.address(of: attempt)
            return ranges.isClosed(address, hosts: hosts) || neighbours.values.contains(address)
        }
    }

    /// The addresses at which a TCP connection to `port` is tried. They do not depend on the containers' own addresses,
    /// so the watcher can be told before there are any containers.
    var watched: [String] {
        let attempts = attempts(from: .none).filter { $0.hasPrefix("tcp,") && $0.hasSuffix(",\(port)") }
        let addresses = attempts.compactMap { AddressRange(Self.address(of: $0)) }.filter(\.isAddress)
        return Set(addresses.map(\.description)).sorted()
    }

    /// Empty where it has none.
    private static func address(of attempt: String) -> String {
        attempt.split(separator: ",").dropFirst().first.map(String.init) ?? ""
    }

    /// What came of it.
    struct Observations: Hashable {
        /// What the container on each network wrote of its attempts: `ATTEMPT OUTCOME MILLISECONDS`.
        var outcomes: [Egress: [String]]
        /// What the watcher on the host wrote: `came|left INTERFACE PROTOCOL ADDRESS`, `heard PROTOCOL`; and `blind` where
        /// it may have missed something.
        var sightings: [String]
        /// The bridges' interfaces.
        var bridges: [Egress: String]
    }

    /// Whether the host keeps what labs are promised.
    func verdict(_ seen: Observations) -> HostIsolation {
        for egress in Egress.allCases {
            let made = Set((seen.outcomes[egress] ?? []).compactMap { $0.split(separator: " ").first.map(String.init) })
            if let missing = attempts(from: egress).first(where: { !made.contains($0) }) {
                return .unproved(
                    reason: "the try-out with egress \(egress.rawValue) did not make the attempt \(missing)")
            }
            if let reason = reached(seen.outcomes[egress] ?? [], from: egress) { return .unproved(reason: reason) }
        }
        let tried = Set(
            Egress.allCases.flatMap { attempts(from: $0) }.compactMap { AddressRange(Self.address(of: $0)) })
        for sighting in seen.sightings {
            let words = sighting.split(separator: " ").map(String.init)
            if words.first == "heard" {
                return .unproved(reason: "a lab reaches the host's own ports by \(words.last ?? "")")
            }
            if words.first == "left", words.count == 4,
                ["dns", "icmp"].contains(words[2]) || AddressRange(words[3]).map(tried.contains) == true
            {
                return .unproved(
                    reason: "a packet of a lab (\(words[2])) to \(words[3]) left by the interface \(words[1])")
            }
        }
        if seen.sightings.contains("blind") {
            return .unproved(
                reason: "so many packets passed on the host that the try-out could not see all of them; it is repeated")
        }
        for egress in Egress.allCases {
            // Without this the watcher was blind, and what it did not see means nothing.
            let witness = "came \(seen.bridges[egress] ?? "") udp \(Self.linkLocal)"
            let isClosed = egress == .none || ranges.isClosed(Self.linkLocal, hosts: hosts)
            guard !isClosed || seen.sightings.contains(witness) else {
                return .unproved(
                    reason: "the attempts with egress \(egress.rawValue) were not seen on the bridge "
                        + "\(seen.bridges[egress] ?? "") of their network")
            }
        }
        return .proved
    }

    private func reached(_ outcomes: [String], from egress: Egress) -> String? {
        for outcome in outcomes {
            let words = outcome.split(separator: " ").map(String.init)
            guard words.count == 3, ["reached", "answered"].contains(words[1]) else { continue }
            let parts = words[0].split(separator: ",").map(String.init)
            if parts[0] == "dns" { return "names are resolved for a lab with egress none" }
            let target = parts.dropFirst().joined(separator: " port ")
            return "a lab with egress \(egress.rawValue) reaches \(target) by \(parts[0])"
        }
        return nil
    }
}
