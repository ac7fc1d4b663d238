import ArgumentParser

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
