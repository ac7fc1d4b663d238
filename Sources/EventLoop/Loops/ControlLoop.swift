/// The global actor of the control plane: all its decisions, state and I/O run on this one loop.
@globalActor
public actor ControlLoop {
    /// The underlying loop; it lives as long as the process.
    public static let loop = Loop(name: "control")
    public static let shared = ControlLoop()

    public nonisolated var unownedExecutor: UnownedSerialExecutor {
        Self.loop.asUnownedSerialExecutor()
    }

    /// Runs `operation` synchronously where the code is on the control loop but the compiler cannot prove it, as in a
    /// libuv callback. Traps on any other thread.
    public static func assumeIsolated<Result: Sendable>(
        _ operation: @ControlLoop () throws -> Result
    ) rethrows -> Result {
        loop.preconditionCurrent()
        // As in `MainActor.assumeIsolated`: isolation has just been checked, so it can be dropped from the type.
        return try withoutActuallyEscaping(operation) { isolated in
            try unsafeBitCast(isolated, to: (() throws -> Result).self)()
        }
    }
}
