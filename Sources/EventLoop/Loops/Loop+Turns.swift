import CLibUV

/// Something that has work left for the end of the loop's turn, such as bytes that were gathered to be sent together.
public protocol EndOfTurnTask: AnyObject {
    /// Called on the loop, outside every other callback. May ask for the end of the turn again.
    func endOfTurn()
}

extension Loop {
    /// Calls `task.endOfTurn()` once, after the callback that runs now and before the loop waits again. Loop thread only.
    ///
    /// Costs no allocation and no system call, unlike `post`. A loop that is stopped first does not call it.
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
        // The rest comes after the sockets; the loop must not fall asleep on it.
        uv_async_send(wakeup)
    }
}

/// Two handles that let a loop run tasks before it waits for sockets (what timers and the mailbox left) and after it has
/// served them. They belong to their loop as `Loop` says, and do not keep it alive.
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
