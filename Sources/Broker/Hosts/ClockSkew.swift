import BrokerCore
import DockerEngine

/// The difference between a host's clock and ours. Every time that a host reports is corrected by it before it is
/// compared with ours.
enum ClockSkew {
    /// The host's clock minus ours. The host read its clock between our request and its answer, on average half way
    /// through; if its time is within that interval, the skew counts as zero.
    static func measured(_ theirs: Timestamp, asked: Timestamp, answered: Timestamp) -> Duration {
        if (asked...max(asked, answered)).contains(theirs) { return .zero }
        return theirs - (asked + (answered - asked) / 2)
    }

    static func isWorthAWarning(_ skew: Duration) -> Bool {
        skew >= BrokerLimits.clockSkewWarning || skew <= .zero - BrokerLimits.clockSkewWarning
    }
}

extension OtherUse {
    /// Adds a container of another Carrel. Its helpers are not labs and do not count; older versions do not label their
    /// memory.
    mutating func add(_ container: ContainerSummary) {
        guard container.isRunning, ContainerLabels(container.labels).run != nil else { return }
        containers += 1
        memoryBytes += container.labels[LabContainer.Label.memory].flatMap { Int64($0) }.map { max(0, $0) } ?? 0
    }
}
