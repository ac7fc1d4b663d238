import BrokerCore
import Identity

/// A pool of the file, with its reader for messages about it.
struct DecodedPool {
    let spec: PoolSpec
    let reader: MappingReader

    /// - Parameter only: the only portal of the file; `nil` if there are several, and the pool must name one.
    init?(_ reader: MappingReader, only: PortalID?) {
        self.reader = reader
        reader.allow("portal", "lab", "minimum", "maximum", "per_host")
        let portal = only == nil ? reader.required("portal", .portal) : reader.optional("portal", .portal) ?? only
        let lab = reader.required("lab", .name)
        let minimum = reader.required("minimum", .integer(0...Limits.poolSeats))
        let maximum = reader.optional("maximum", .integer(0...Limits.poolSeats))
        let perHost = reader.optional("per_host", .integer(1...Limits.poolSeats))
        if let minimum, let maximum, maximum < minimum {
            reader.problems.add(
                reader.place(of: "maximum"),
                "\(reader.path).maximum is \(maximum), but must not be less than minimum, \(minimum)")
        }
        guard let portal, let lab, let minimum else { return nil }
        spec = PoolSpec(
            key: LabKey(portal: portal, name: lab), minimum: minimum, maximum: maximum ?? minimum,
            perHost: perHost ?? Limits.poolSeats)
    }
}
