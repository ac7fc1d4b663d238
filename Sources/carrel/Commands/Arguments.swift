import ArgumentParser
import Text

/// A duration on the command line: `30m`, `1h30m`.
struct DurationArgument: ExpressibleByArgument, Hashable, Sendable {
    var duration: Duration

    init(_ duration: Duration) { self.duration = duration }

    init?(argument: String) {
        guard let duration = DurationText.parse(argument) else { return nil }
        self.duration = duration
    }

    var defaultValueDescription: String { DurationText.format(duration) }
}

/// A percentage on the command line: `80%`, or `80`.
struct PercentArgument: ExpressibleByArgument, Hashable, Sendable {
    /// 0 to 100.
    var percent: Int

    init(_ percent: Int) { self.percent = percent }

    init?(argument: String) {
        let digits = argument.hasSuffix("%") ? argument.dropLast() : argument[...]
        guard digits.allSatisfy({ ("0"..."9").contains($0) }), let percent = Int(digits), percent <= 100 else {
            return nil
        }
        self.percent = percent
    }

    var defaultValueDescription: String { "\(percent)%" }
}
