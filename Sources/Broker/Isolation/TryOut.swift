import BrokerCore

/// One try-out of a host's network: what our own containers on the labs' networks try to reach, and the verdict if
/// something is reached or seen to leave.
///
/// Its packets are recognised by a port and a word that are unique to this try-out. A watcher on the host reports where
/// such packets pass; because it sees them come out of the containers, silence elsewhere means that nothing left. A TCP
/// SYN has no room for the word, and a lab may send some to any port, so the address must be one that was tried. Those
/// addresses are closed to labs, unless the operator has opened them. The kernel delivers no other packets to the
/// watcher, so that no lab can flood it.
struct TryOut: Hashable {
    /// Documentation addresses (RFC 5737, RFC 3849): no host has them, but packets to them leave all the same.
    static let outside = "198.51.100.7"
    static let outside6 = "2001:db8::7"
    static let linkLocal = "169.254.169.254"
    static let linkLocal6 = "fe80::1"

    /// The TCP and UDP port by which the watcher recognises attempts, and on which it listens on the host itself.
    var port: Int
    /// The addresses of our other containers that listen on the networks, by network.
    var neighbours: [Egress: String]
    /// The port inside the containers.
    var labPort: Int
    /// The published port of the container on each network.
    var published: [Egress: Int]
    var publishAddress: String
    /// The addresses of the bridges.
    var gateways: [String]
    var hosts: [AddressRange]
    var ranges: EgressRanges

    /// The attempts of the container on this network, in the syntax of the helper's subcommand `try`.
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
        // What the operator has opened is reachable and proves nothing.
        return attempts.filter { attempt in
            let address = Self.address(of: attempt)
            return ranges.isClosed(address, hosts: hosts) || neighbours.values.contains(address)
        }
    }

    /// The addresses at which TCP connections to `port` are tried. They do not depend on the containers' own addresses,
    /// so the watcher can be configured before the containers exist.
    var watched: [String] {
        let attempts = attempts(from: .none).filter { $0.hasPrefix("tcp,") && $0.hasSuffix(",\(port)") }
        let addresses = attempts.compactMap { AddressRange(Self.address(of: $0)) }.filter(\.isAddress)
        return Set(addresses.map(\.description)).sorted()
    }

    /// Empty if the attempt has no address.
    private static func address(of attempt: String) -> String {
        attempt.split(separator: ",").dropFirst().first.map(String.init) ?? ""
    }

    /// The results of a try-out.
    struct Observations: Hashable {
        /// The log of the attempts by the container on each network: `ATTEMPT OUTCOME MILLISECONDS`.
        var outcomes: [Egress: [String]]
        /// The watcher's log on the host: `came|left INTERFACE PROTOCOL ADDRESS`, `heard PROTOCOL`; and `blind` if it
        /// may have missed something.
        var sightings: [String]
        /// The bridges' interfaces.
        var bridges: [Egress: String]
    }

    /// Whether the host keeps the network promises made to labs.
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
            // Without this sighting the watcher was blind, and what it did not see means nothing.
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
