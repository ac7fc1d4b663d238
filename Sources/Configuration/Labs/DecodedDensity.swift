import BrokerCore

/// How hosts' memory is shared, from the file.
struct DecodedDensity {
    private(set) var density = Density()
    private(set) var sampleInterval = Duration.seconds(30)

    init(_ reader: MappingReader?) {
        guard let reader else { return }
        reader.allow("policy", "sample_every", "margin", "floor", "sessions", "close_above", "open_below")
        density.policy = reader.optional("policy", .oneOf) ?? density.policy
        sampleInterval =
            reader.optional("sample_every", .duration(.seconds(5) ... .seconds(3600))) ?? sampleInterval
        if let margin = reader.optional("margin", .number(1...4)) {
            density.marginPercent = Int((margin * 100).rounded())
        }
        density.floorBytes = reader.optional("floor", .size((16 << 20)...(1 << 40))) ?? density.floorBytes
        density.sessions = reader.optional("sessions", .integer(5...10_000)) ?? density.sessions
        density.closeAbovePercent = reader.optional("close_above", .integer(10...100)) ?? density.closeAbovePercent
        density.openBelowPercent = reader.optional("open_below", .integer(5...99)) ?? density.openBelowPercent
        if density.openBelowPercent >= density.closeAbovePercent {
            let key = reader.node("open_below") == nil ? "close_above" : "open_below"
            reader.problems.add(
                reader.place(of: key),
                "density.open_below is \(density.openBelowPercent), but must be less than close_above, "
                    + "\(density.closeAbovePercent)")
        }
    }
}
