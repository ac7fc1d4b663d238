import BrokerCore

/// The packet filter around a host's labs, as rules for the helper's subcommand `fence`: one table of nf_tables before
/// the engine's own filters, where a packet that is dropped stays dropped whatever the engine's rules say. It holds for
/// IPv4 and IPv6, and does not depend on what the engine makes of the options of its networks.
struct Fence: Hashable {
    /// The interfaces of the bridges.
    var bridges: [Egress: String]
    /// The addresses from which labs' ports are reached, as the host sees them; none besides the host's own if empty.
    var brokers: [AddressRange]
    /// The broker runs on this host, so that the host itself reaches labs.
    var isLocal: Bool
    /// The addresses of all hosts.
    var hosts: [AddressRange]
    var ranges: EgressRanges

    static func table(instance: String) -> String { "carrel_\(instance)" }

    /// The name of a bridge's interface: of at most 15 bytes (IFNAMSIZ), and the same whenever the network is made again.
    static func bridge(instance: String, egress: Egress) -> String {
        "cr\(instance.prefix(11))-\(egress == .none ? "n" : "a")"
    }

    /// In the order in which they are tried; the first that matches decides.
    var rules: [String] {
        let labs = Egress.allCases.compactMap { bridges[$0] }
        var rules: [String] = []
        // Neighbours, on the same bridge or on the other one; also where they ask for each other's published ports, which
        // the engine has translated by now.
        for lab in labs { rules += labs.map { "forward in=\(lab) out=\($0) drop" } }
        rules += labs.flatMap { ["forward in=\($0) state=known accept", "forward out=\($0) state=known accept"] }
        rules += labs.flatMap { lab in brokers.map { "forward out=\(lab) from=\($0) accept" } }
        rules += labs.map { "forward out=\($0) drop" }
        if let closed = bridges[.none] { rules.append("forward in=\(closed) refuse") }
        if let open = bridges[.allow] { rules += Self.rules(ranges.decisions(hosts: hosts), for: open) }
        rules += labs.flatMap { ["input in=\($0) state=known accept", "input in=\($0) refuse"] }
        if !isLocal { rules += labs.flatMap { ["output out=\($0) state=known accept", "output out=\($0) drop"] } }
        return rules
    }

    private static func rules(_ decisions: [(range: AddressRange, isOpen: Bool)], for bridge: String) -> [String] {
        // The engine's resolver in the container asks the host's resolvers from the container's address.
        ["udp=53", "tcp=53"].map { "forward in=\(bridge) to=resolvers \($0) accept" }
            + decisions.map { "forward in=\(bridge) to=\($0.range) \($0.isOpen ? "accept" : "refuse")" }
    }
}
