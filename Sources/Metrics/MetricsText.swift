/// Writes metrics in the Prometheus text format (version 0.0.4): families with a help text and a type, each followed by
/// its samples.
///
/// The caller is responsible for valid names and labels: in the tests `promtool check metrics` verifies them.
public struct MetricsText {
    /// The type of a family's samples.
    public enum Kind: String, Sendable {
        /// Only increases, from 0 at the start of the process. Its name ends in `_total`.
        case counter
        /// The current value.
        case gauge
        case histogram
    }

    /// The media type of the text, for the Content-Type field.
    public static let mediaType = "text/plain; version=0.0.4; charset=utf-8"

    public private(set) var text = ""
    private var family = ""

    public init() {}

    /// Begins a family, to which the following samples belong. A family may be begun only once.
    public mutating func begin(_ name: String, _ kind: Kind, _ help: String) {
        family = name
        text += "# HELP \(name) \(Self.escape(help, quote: false))\n# TYPE \(name) \(kind.rawValue)\n"
    }

    public mutating func add(_ labels: KeyValuePairs<String, String> = [:], _ value: UInt64) {
        line("", Array(labels), "\(value)")
    }

    public mutating func add(_ labels: KeyValuePairs<String, String> = [:], _ value: Int) {
        line("", Array(labels), "\(value)")
    }

    public mutating func add(_ labels: KeyValuePairs<String, String> = [:], _ value: Double) {
        line("", Array(labels), "\(value)")
    }

    /// Writes a family with a single sample.
    public mutating func add(_ name: String, _ kind: Kind, _ help: String, _ value: Double) {
        begin(name, kind, help)
        add([:], value)
    }

    /// Writes a histogram's buckets, sum and count; the current family must be a histogram.
    public mutating func add(_ labels: KeyValuePairs<String, String> = [:], _ histogram: Histogram) {
        let labels = Array(labels)
        var sum: UInt64 = 0
        for (bound, count) in zip(histogram.bounds, histogram.counts) {
            sum += count
            line("_bucket", labels + [("le", Self.seconds(bound))], "\(sum)")
        }
        line("_bucket", labels + [("le", "+Inf")], "\(histogram.count)")
        line("_sum", labels, "\(Double(histogram.sumNanoseconds) / 1e9)")
        line("_count", labels, "\(histogram.count)")
    }

    private mutating func line(_ suffix: String, _ labels: [(key: String, value: String)], _ value: String) {
        text += family + suffix
        if !labels.isEmpty {
            text += "{"
            text += labels.map { "\($0.key)=\"\(Self.escape($0.value, quote: true))\"" }.joined(separator: ",")
            text += "}"
        }
        text += " \(value)\n"
    }

    private static func seconds(_ nanoseconds: Int64) -> String { "\(Double(nanoseconds) / 1e9)" }

    private static func escape(_ text: String, quote: Bool) -> String {
        var escaped = ""
        for character in text.unicodeScalars {
            switch character {
            case "\\": escaped += "\\\\"
            case "\n": escaped += "\\n"
            case "\"" where quote: escaped += "\\\""
            default: escaped.unicodeScalars.append(character)
            }
        }
        return escaped
    }
}
