/// Durations in the usual notation: `90s`, `30m`, `8h`, `1h30m`, `2d`.
public enum DurationText {
    private static let units: [(letter: Character, seconds: Int64)] = [
        ("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1),
    ]

    /// The longest duration that is accepted; about a century, so that the sum of two never overflows.
    public static let longest = Duration.seconds(36_500 * 86_400)

    /// `nil` unless the text consists of whole numbers with the units d, h, m, s, each at most once and in this order.
    public static func parse(_ text: String) -> Duration? {
        var seconds: Int64 = 0
        var digits = ""
        var remaining = units[...]
        for character in text {
            if character.isASCII, character.isNumber {
                digits.append(character)
                continue
            }
            guard let number = Int64(digits), let index = remaining.firstIndex(where: { $0.letter == character }),
                case (let product, let overflow) = number.multipliedReportingOverflow(by: units[index].seconds),
                !overflow,
                case (let sum, let sumOverflow) = seconds.addingReportingOverflow(product), !sumOverflow
            else { return nil }
            seconds = sum
            digits = ""
            remaining = units[(index + 1)...]
        }
        guard digits.isEmpty, !text.isEmpty, .seconds(seconds) <= longest else { return nil }
        return .seconds(seconds)
    }

    /// The shortest text that `parse` reads back, for whole seconds: `1h30m`.
    public static func format(_ duration: Duration) -> String {
        var rest = duration.components.seconds
        if rest <= 0 { return "0s" }
        var text = ""
        for unit in units where rest >= unit.seconds {
            text += "\(rest / unit.seconds)\(unit.letter)"
            rest %= unit.seconds
        }
        return text
    }

    /// For a table: at most the two greatest units (`2d3h`), one decimal below ten seconds (`1.5s`), and milliseconds
    /// below one second (`850ms`).
    public static func brief(_ duration: Duration) -> String {
        let (seconds, attoseconds) = duration.components
        let milliseconds = seconds * 1000 + attoseconds / 1_000_000_000_000_000
        if milliseconds < 0 { return "-" + brief(.zero - duration) }
        if milliseconds < 1000 { return "\(milliseconds)ms" }
        if milliseconds < 10_000 { return "\(milliseconds / 1000).\(milliseconds % 1000 / 100)s" }
        var rest = seconds
        var parts: [String] = []
        for unit in units {
            let count = rest / unit.seconds
            rest %= unit.seconds
            if count > 0 { parts.append("\(count)\(unit.letter)") } else if !parts.isEmpty { break }
            if parts.count == 2 { break }
        }
        return parts.joined()
    }
}
