/// Sizes in bytes in the usual notation: `512MiB`, `1.5GiB`. Only binary units, which are unambiguous.
public enum SizeText {
    private static let units: [(suffix: String, bytes: Int64)] = [
        ("TiB", 1 << 40), ("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10), ("B", 1),
    ]

    /// The largest size that is accepted, in bytes.
    public static let greatest: Int64 = 1 << 50

    /// Rounded, for display: `3.2MiB`.
    public static func brief(_ bytes: Int64) -> String {
        let unit = units.first { bytes >= $0.bytes } ?? units[units.count - 1]
        let tenths = bytes * 10 / unit.bytes
        return tenths % 10 == 0 || tenths >= 1000
            ? "\(tenths / 10)\(unit.suffix)" : "\(tenths / 10).\(tenths % 10)\(unit.suffix)"
    }

    /// `nil` unless the text is a number with at most three decimals and a unit, and gives whole bytes.
    public static func parse(_ text: String) -> Int64? {
        guard let unit = units.first(where: { text.hasSuffix($0.suffix) }) else { return nil }
        let parts = text.dropLast(unit.suffix.count).split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count <= 2, parts.allSatisfy({ !$0.isEmpty && $0.allSatisfy { $0.isASCII && $0.isNumber } }),
            let whole = Int64(parts[0]), whole <= greatest / unit.bytes
        else { return nil }
        var thousandths: Int64 = 0
        if parts.count == 2 {
            guard parts[1].count <= 3,
                let decimals = Int64(parts[1] + String(repeating: "0", count: 3 - parts[1].count))
            else { return nil }
            thousandths = decimals
        }
        let fraction = thousandths * unit.bytes
        // 0.3GiB is not a whole number of bytes, and rounding it is harmless; 0.5B is not.
        if unit.bytes == 1, thousandths != 0 { return nil }
        let bytes = whole * unit.bytes + fraction / 1000
        return bytes <= greatest ? bytes : nil
    }

    /// With one decimal if the number is small and not whole: `1.5GiB`, `512MiB`.
    public static func format(_ bytes: Int64) -> String {
        for unit in units where bytes >= unit.bytes {
            let tenths = (Double(bytes) / Double(unit.bytes) * 10).rounded()
            let whole = Int64(tenths) / 10
            let tenth = Int64(tenths) % 10
            return tenth == 0 || whole >= 100 ? "\(whole)\(unit.suffix)" : "\(whole).\(tenth)\(unit.suffix)"
        }
        return "\(bytes)B"
    }
}
