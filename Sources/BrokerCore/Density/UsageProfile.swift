/// The measured use of a lab's sessions, accumulated one session at a time.
///
/// A session is one observation, made when its container is removed: its peak working set, and its average CPU over the
/// time in which it was measured. Old sessions decay: whenever `Limits.profileSessions` are remembered, the weight of
/// all of them is halved.
public struct UsageProfile: Hashable, Sendable {
    /// Number of sessions observed, including decayed ones.
    public private(set) var sessions: Int
    /// In units of `memoryUnit`.
    public private(set) var memory: UsageHistogram
    /// In units of `cpuUnit`.
    public private(set) var cpu: UsageHistogram

    /// In bytes.
    private static let memoryUnit: Int64 = 128 << 10
    /// Units per thousandth of a CPU.
    private static let cpuUnits: Int64 = 8

    public init(sessions: Int = 0, memory: UsageHistogram = UsageHistogram(), cpu: UsageHistogram = UsageHistogram()) {
        self.sessions = sessions
        self.memory = memory
        self.cpu = cpu
    }

    /// - Parameters:
    ///   - peakMemory: in bytes.
    ///   - cpuMillis: in thousandths of a CPU; `nil` if it could not be measured.
    mutating func observe(peakMemory: Int64, cpuMillis: Int64?) {
        let full = UInt64(Limits.profileSessions) * UInt64(UsageHistogram.whole)
        if memory.total >= full {
            memory.fade()
            cpu.fade()
        }
        sessions += 1
        memory.add(peakMemory / Self.memoryUnit)
        if let cpuMillis { cpu.add(cpuMillis * Self.cpuUnits) }
    }

    /// The memory, in bytes rounded up to the bin, that this percentage of sessions stayed within; `nil` without any.
    public func memoryBytes(percent: Int) -> Int64? {
        memory.quantile(percent: percent).map { ($0 + 1) * Self.memoryUnit }
    }

    /// The CPU, in thousandths, that this percentage of sessions stayed within; `nil` without any.
    public func cpuMillis(percent: Int) -> Int64? {
        cpu.quantile(percent: percent).map { ($0 + Self.cpuUnits - 1) / Self.cpuUnits }
    }
}
