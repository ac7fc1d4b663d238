import BrokerCore
import EventLoop

/// Finds out whether the wall clock was set, or the machine was suspended, by holding it against a clock that only goes
/// forward and stands still while the machine does (`CLOCK_MONOTONIC`).
struct ClockWatch {
    /// The wall clock minus the steady one, in milliseconds, when they last agreed.
    private var offset: Int64

    init(wall: Timestamp, steady: MonotonicTime) { offset = Self.offset(wall, steady) }

    /// By how much the wall clock has moved more (or less) than time has passed; `nil` while they agree, but for
    /// `BrokerLimits.clockJump`. The same again until it is accepted.
    func jump(wall: Timestamp, steady: MonotonicTime) -> Duration? {
        let jump = Duration.milliseconds(Self.offset(wall, steady) - offset)
        return jump >= BrokerLimits.clockJump || jump <= .zero - BrokerLimits.clockJump ? jump : nil
    }

    /// Everything that depends on it has been put right.
    mutating func accept(_ jump: Duration) { offset += jump.wholeMilliseconds }

    private static func offset(_ wall: Timestamp, _ steady: MonotonicTime) -> Int64 {
        wall.milliseconds - steady.nanoseconds / 1_000_000
    }
}
