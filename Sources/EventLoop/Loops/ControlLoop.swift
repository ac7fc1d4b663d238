/// The control plane's actor: everything that decides, remembers and acts runs on this one loop.
@globalActor
public actor ControlLoop {
    /// The loop beneath; it lives as long as the process.
    public static let loop = Loop(name: "control")
    public static let shared = ControlLoop()

    public nonisolated var unownedExecutor: UnownedSerialExecutor {
        Self.loop.asUnownedSerialExecutor()
    }

    /// Runs `operation` at once, in a place that is on the control loop but that the compiler cannot know to be: a libuv
    /// callback. Traps on any other thread.
    public static func assumeIsolated<Result: Sendable>(
        _ operation: @ControlLoop () throws -> Result
    ) rethrows -> Result {
        loop.preconditionCurrent()
        // The same step as `MainActor.assumeIsolated`: the isolation was just checked, so it can leave the type.
        return try withoutActuallyEscaping(operation) { isolated in
            try unsafeBitCast(isolated, to: (() throws -> Result).self)()
        }
    }
}
