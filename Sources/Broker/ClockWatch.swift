import BrokerCore
import EventLoop

/// Detects that the wall clock was set, or the machine was suspended, by comparing it with `CLOCK_MONOTONIC`, which
/// never steps back and stops during suspend.
struct ClockWatch {
    /// The difference between the wall clock and the monotonic clock, in milliseconds, when they last agreed.
    private var offset: Int64

    init(wall: Timestamp, steady: MonotonicTime) { offset = Self.offset(wall, steady) }

    /// How much further the wall clock has moved than the monotonic clock (negative if less); `nil` if by less than
    /// `BrokerLimits.clockJump`. Returns the same jump until it is accepted.
    func jump(wall: Timestamp, steady: MonotonicTime) -> Duration? {
        let jump = Duration.milliseconds(Self.offset(wall, steady) - offset)
        return jump >= BrokerLimits.clockJump || jump <= .zero - BrokerLimits.clockJump ? jump : nil
    }

    /// Accepts a jump, after everything that depends on the clock has been adjusted.
    mutating func accept(_ jump: Duration) { offset += jump.wholeMilliseconds }

    private static func offset(_ wall: Timestamp, _ steady: MonotonicTime) -> Int64 {
        wall.milliseconds - steady.nanoseconds / 1_000_000
    }
}
