import CLibUV

/// An object with work deferred to the end of the loop's turn, such as bytes that are batched into one write.
public protocol EndOfTurnTask: AnyObject {
    /// Called on the loop, outside every other callback. May schedule itself for the end of the turn again.
    func endOfTurn()
}

extension Loop {
    /// Calls `task.endOfTurn()` once, after the current callback returns and before the loop polls again. Loop thread
    /// only.
    ///
    /// Unlike `post`, this costs no allocation and no system call. If the loop is stopped first, the task is not
    /// called.
    public func atEndOfTurn(_ task: any EndOfTurnTask) {
        assert(isCurrent)
        turnTasks.append(task)
    }

    fileprivate func runTurnTasks() {
        for _ in 0..<EventLoopLimits.turnRounds {
            if turnTasks.isEmpty { return }
            var running: [any EndOfTurnTask] = []
            swap(&running, &turnTasks)
            for task in running { task.endOfTurn() }
            if turnTasks.isEmpty {
                running.removeAll(keepingCapacity: true)
                swap(&running, &turnTasks)
            }
        }
        // The remaining tasks run after the sockets; the loop must not block in poll while they wait.
        uv_async_send(wakeup)
    }
}

/// Two handles that let a loop run tasks before it polls (tasks left by timers and the mailbox) and after it has served
/// the sockets. The loop owns them, as `Loop` describes, and they do not keep it alive.
struct TurnHandles {
    private var before = uv_prepare_t()
    private var after = uv_check_t()

    static func start(_ handles: UnsafeMutablePointer<TurnHandles>, on loop: UnsafeMutablePointer<uv_loop_t>) {
        let (before, after) = pointers(handles)
        uv_prepare_init(loop, before)
        uv_check_init(loop, after)
        uv_prepare_start(before) { Loop.of($0!.pointee.loop).runTurnTasks() }
        uv_check_start(after) { Loop.of($0!.pointee.loop).runTurnTasks() }
        uv_unref(Loop.handle(before))
        uv_unref(Loop.handle(after))
    }

    static func close(_ handles: UnsafeMutablePointer<TurnHandles>) {
        let (before, after) = pointers(handles)
        uv_close(Loop.handle(before), nil)
        uv_close(Loop.handle(after), nil)
    }

    private static func pointers(
        _ handles: UnsafeMutablePointer<TurnHandles>
    ) -> (UnsafeMutablePointer<uv_prepare_t>, UnsafeMutablePointer<uv_check_t>) {
        let raw = UnsafeMutableRawPointer(handles)
        let offset = MemoryLayout<TurnHandles>.offset(of: \.after)!
        return (
            raw.assumingMemoryBound(to: uv_prepare_t.self),
            (raw + offset).assumingMemoryBound(to: uv_check_t.self)
        )
    }
}
