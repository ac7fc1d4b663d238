import BrokerCore

/// A pool of the file, with its reader for messages about it.
struct DecodedPool {
    let spec: PoolSpec
    let reader: MappingReader

    init?(_ reader: MappingReader, portal: String) {
        self.reader = reader
        reader.allow("lab", "minimum", "maximum", "per_host")
        let lab = reader.required("lab", .name)
        let minimum = reader.required("minimum", .integer(0...Limits.poolSeats))
        let maximum = reader.optional("maximum", .integer(0...Limits.poolSeats))
        let perHost = reader.optional("per_host", .integer(1...Limits.poolSeats))
        if let minimum, let maximum, maximum < minimum {
            reader.problems.add(
                reader.place(of: "maximum"),
                "\(reader.path).maximum is \(maximum), but must not be less than minimum, \(minimum)")
        }
        guard let lab, let minimum else { return nil }
        spec = PoolSpec(
            key: PoolKey(portal: portal, lab: lab), minimum: minimum, maximum: maximum ?? minimum,
            perHost: perHost ?? Limits.poolSeats)
    }
}
