import BrokerCore
import DockerEngine

/// How far a host's clock is from ours. No moment that a host tells is compared with ours without it.
enum ClockSkew {
    /// The host's clock minus ours. The answer was given somewhere between question and answer: half way, on average;
    /// and a clock that shows a moment between the two may well be ours.
    static func measured(_ theirs: Timestamp, asked: Timestamp, answered: Timestamp) -> Duration {
        if (asked...max(asked, answered)).contains(theirs) { return .zero }
        return theirs - (asked + (answered - asked) / 2)
    }

    static func isWorthAWarning(_ skew: Duration) -> Bool {
        skew >= BrokerLimits.clockSkewWarning || skew <= .zero - BrokerLimits.clockSkewWarning
    }
}

extension OtherUse {
    /// A container of another Carrel, whose helpers are no labs; older ones do not say how much memory it has.
    mutating func add(_ container: ContainerSummary) {
        guard container.isRunning, ContainerLabels(container.labels).run != nil else { return }
        containers += 1
        memoryBytes += container.labels[LabContainer.Label.memory].flatMap { Int64($0) }.map { max(0, $0) } ?? 0
    }
}
