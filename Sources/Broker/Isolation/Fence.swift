import BrokerCore

/// The packet filter around a host's labs, as rules for the helper's subcommand `fence`: one table of nf_tables ahead
/// of the engine's own filters, where a dropped packet stays dropped whatever the engine's rules say. It applies to
/// IPv4 and IPv6, and does not depend on how the engine implements the options of its networks.
struct Fence: Hashable {
    /// The interfaces of the bridges.
    var bridges: [Egress: String]
    /// The addresses from which labs' ports are reached, as the host sees them; if empty, only the host's own.
    var brokers: [AddressRange]
    /// Whether the broker runs on this host, so that the host itself reaches labs.
    var isLocal: Bool
    /// The addresses of all hosts.
    var hosts: [AddressRange]
    var ranges: EgressRanges

    static func table(instance: String) -> String { "carrel_\(instance)" }

    /// The name of a bridge's interface: at most 15 bytes (IFNAMSIZ), and stable when the network is recreated.
    static func bridge(instance: String, egress: Egress) -> String {
        "cr\(instance.prefix(11))-\(egress == .none ? "n" : "a")"
    }

    /// In order of evaluation; the first matching rule decides.
    var rules: [String] {
        let labs = Egress.allCases.compactMap { bridges[$0] }
        var rules: [String] = []
        // Labs on the same or the other bridge, including access to each other's published ports, which the engine has
        // already translated to container addresses.
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
        // The engine's resolver in the container queries the host's resolvers from the container's address.
        ["udp=53", "tcp=53"].map { "forward in=\(bridge) to=resolvers \($0) accept" }
            + decisions.map { "forward in=\(bridge) to=\($0.range) \($0.isOpen ? "accept" : "refuse")" }
    }
}
