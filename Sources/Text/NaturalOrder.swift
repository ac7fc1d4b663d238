/// The order in which people expect names: `h1`, `h2`, `h10`, and `Ada` beside `ada`.
public enum NaturalOrder {
    /// Whether `a` is listed before `b`. Runs of ASCII digits are compared as numbers of any length, everything else
    /// without regard to case. Names that are equal so far are told apart by their scalars, so that this is a total
    /// order. O(length).
    public static func isBefore(_ a: String, _ b: String) -> Bool {
        switch compare(Array(a.lowercased().unicodeScalars), Array(b.lowercased().unicodeScalars)) {
        case 0: a.unicodeScalars.lexicographicallyPrecedes(b.unicodeScalars)
        case let order: order < 0
        }
    }

    /// Names as they are listed.
    public static func sorted(_ names: some Sequence<String>) -> [String] { names.sorted(by: isBefore) }

    /// Negative if `a` comes first, 0 if neither does.
    private static func compare(_ a: [Unicode.Scalar], _ b: [Unicode.Scalar]) -> Int {
        var (i, j) = (0, 0)
        while i < a.count, j < b.count {
            if isDigit(a[i]), isDigit(b[j]) {
                let (first, second) = (number(a, &i), number(b, &j))
                // Without leading zeros, the longer number is the greater one.
                if first.count != second.count { return first.count - second.count }
                if first != second { return first.lexicographicallyPrecedes(second) ? -1 : 1 }
            } else if a[i] != b[j] {
                return a[i] < b[j] ? -1 : 1
            } else {
                i += 1
                j += 1
            }
        }
        return (a.count - i) - (b.count - j)
    }

    private static func number(_ text: [Unicode.Scalar], _ index: inout Int) -> ArraySlice<Unicode.Scalar> {
        let start = index
        while index < text.count, isDigit(text[index]) { index += 1 }
        return text[start..<index].drop { $0 == "0" }
    }

    private static func isDigit(_ scalar: Unicode.Scalar) -> Bool { ("0"..."9").contains(scalar) }
}

extension Sequence {
    /// In the order in which people expect the names.
    public func sortedNaturally(by name: (Element) -> String) -> [Element] {
        sorted { NaturalOrder.isBefore(name($0), name($1)) }
    }
}
