import Glibc

/// Waits for child processes and decodes their exit status.
public enum ChildExit {
    /// Interval at which a running child is polled.
    private static let pause = Duration.milliseconds(2)

    /// The exit status, or 128 plus the signal's number.
    public static func wait(_ pid: pid_t, within limit: Duration) async throws -> Int32 {
        let deadline = ContinuousClock.now + limit
        while true {
            if let status = try poll(pid) { return status }
            if ContinuousClock.now >= deadline { throw ProgramError("process \(pid) did not end within \(limit)") }
            try await Task.sleep(for: pause)
        }
    }

    /// The status if the child has ended; it is reaped then, so do not ask again.
    public static func poll(_ pid: pid_t) throws -> Int32? {
        var status: Int32 = 0
        let result = waitpid(pid, &status, WNOHANG)
        if result == 0 { return nil }
        if result < 0 { throw ProgramError("process \(pid) is not a child of the tests") }
        let signal = status & 0x7f
        return signal == 0 ? (status >> 8) & 0xff : 128 + signal
    }
}
