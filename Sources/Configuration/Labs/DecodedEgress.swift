import Broker

extension ConfigurationDecoder {
    /// The addresses that labs with `egress: allow` can reach.
    func egressRanges() -> EgressRanges {
        guard let reader = root.mapping("egress") else { return EgressRanges() }
        reader.allow("closed", "open")
        let ranges = EgressRanges(closed: reader.ranges("closed"), open: reader.ranges("open"))
        for range in ranges.open where ranges.closed.contains(range) {
            reader.problems.add(
                reader.place(of: "open"),
                "egress.open has \(range), which egress.closed has, too; keep it in one of them")
        }
        return ranges
    }
}

extension MappingReader {
    /// A list of addresses and ranges; empty when the key is absent.
    func ranges(_ key: String) -> [AddressRange] {
        let list = list(
            key, of: "addresses or ranges such as 10.20.0.0/16", maximum: Configuration.FileLimits.addressRanges)
        return (list ?? []).compactMap { read($0.node, at: $0.place, name: $0.path, .addressRange) }
    }
}

extension Rule where Value == AddressRange {
    static var addressRange: Rule {
        Rule(expectation: "an IP address or a range such as 10.20.0.0/16 or fd00:20::/32") { AddressRange($0.text) }
    }
}
