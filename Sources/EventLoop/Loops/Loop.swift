import CLibUV
import Glibc
import Synchronization

/// One libuv loop on a thread of its own. Only that thread touches the loop's handles, its timers and all that they
/// own.
///
/// It is a `SerialExecutor` (an actor can run on it) and a `TaskExecutor` (a task can prefer it).
///
/// Ownership: `uv_loop_t`, the mailbox's `uv_async_t` and the tick's `uv_timer_t` are allocated here at stable
/// addresses. Only the loop thread touches them, except for `uv_async_send`, which is thread-safe and is called under
/// the mailbox's lock, never after the mailbox is sealed. The thread frees them after `uv_loop_close`.
///
/// `@unchecked Sendable` because every stored variable is either constant, an atomic, the mailbox (a mutex), or touched
/// by the loop's thread alone.
public final class Loop: @unchecked Sendable {
    /// The name of the loop; its first 15 bytes name the thread.
    public let name: String

    let uv: UnsafeMutablePointer<uv_loop_t>
    /// The one buffer that all reads on this loop share.
    let readBuffer: UnsafeMutableRawBufferPointer
    var pendingResolutions: Set<Resolution> = []
    private(set) var isStopping = false

    let wakeup: UnsafeMutablePointer<uv_async_t>
    private let ticker: UnsafeMutablePointer<uv_timer_t>
    private let turn: UnsafeMutablePointer<TurnHandles>
    // Exclusivity checks are off where no code that runs during an access can access the same property again.
    @exclusivity(unchecked) var turnTasks: [any EndOfTurnTask] = []
    private let mailbox = Mailbox()
    private let threadID = Atomic<UInt>(0)
    private var batch: [Mailbox.Entry] = []
    private var wheel: TimerWheel
    private let dueTimers = TimerList()
    private var armedTick = Int64.max
    private let ending = Mutex(Ending())

    private struct Ending {
        var thread: pthread_t?
        var hasEnded = false
        var waiting: [CheckedContinuation<Void, Never>] = []
    }

    /// Makes the loop and starts its thread; it runs until ``stop()``. The thread keeps the object alive.
    public init(name: String) {
        self.name = name
        uv = .allocate(capacity: 1)
        wakeup = .allocate(capacity: 1)
        ticker = .allocate(capacity: 1)
        turn = .allocate(capacity: 1)
        // libuv does not touch `data`; nil marks the loop's own handles.
        wakeup.initialize(to: uv_async_t())
        ticker.initialize(to: uv_timer_t())
        turn.initialize(to: TurnHandles())
        readBuffer = .allocate(byteCount: EventLoopLimits.readBufferBytes, alignment: 16)
        Self.demand(uv_loop_init(uv), "create the event loop \(name)")
        wheel = TimerWheel(currentTick: Int64(uv_now(uv)) / EventLoopLimits.tickMilliseconds)
        uv_timer_init(uv, ticker)
        let opaque = Unmanaged.passUnretained(self).toOpaque()
        uv.pointee.data = opaque
        let onWakeup: uv_async_cb = { Loop.of($0!.pointee.loop).emptyMailbox() }
        Self.demand(uv_async_init(uv, wakeup, onWakeup), "create the mailbox of the event loop \(name)")
        TurnHandles.start(turn, on: uv)
        start()
    }

    deinit {
        readBuffer.deallocate()
    }

    private static func demand(_ status: Int32, _ deed: String) {
        guard status < 0 else { return }
        preconditionFailure("cannot \(deed): \(StreamError(code: status, operation: "start").message)")
    }

    /// The loop that a libuv callback runs on.
    static func of(_ uv: UnsafeMutablePointer<uv_loop_t>) -> Loop {
        Unmanaged<Loop>.fromOpaque(uv.pointee.data).takeUnretainedValue()
    }

    // MARK: Threads

    /// Whether the calling thread is this loop's thread.
    public var isCurrent: Bool {
        threadID.load(ordering: .relaxed) == UInt(pthread_self())
    }

    /// Traps unless called on the loop's thread.
    public func preconditionCurrent() {
        precondition(isCurrent, "this belongs to the loop \(name) and was called from another thread")
    }

    /// Runs `work` on the loop's thread, after everything posted earlier. Any thread. The work is dropped if the loop
    /// has stopped.
    public func post(_ work: @escaping @Sendable () -> Void) {
        _ = mailbox.add(.work(work)) { uv_async_send(wakeup) }
    }

    /// As `post`, for callers that wait for the work.
    /// - Returns: true if the work is certain to run; false if the loop has stopped and it will not.
    public func postIfRunning(_ work: @escaping @Sendable () -> Void) -> Bool {
        mailbox.add(.work(work)) { uv_async_send(wakeup) }
    }

    func enqueue(job: UnownedJob) {
        let isAccepted = mailbox.add(.job(job)) { uv_async_send(wakeup) }
        precondition(isAccepted, "the loop \(name) has stopped while a task or an actor still runs on it")
    }

    private func emptyMailbox() {
        for _ in 0..<EventLoopLimits.mailboxRounds {
            guard runBatch() else { return }
        }
        // Serve the sockets first, then the remaining entries.
        uv_async_send(wakeup)
    }

    private func runBatch() -> Bool {
        guard mailbox.take(&batch) else { return false }
        var running: [Mailbox.Entry] = []
        swap(&running, &batch)
        for entry in running {
            switch entry {
            case .work(let work): work()
            case .job(let job): run(job)
            }
        }
        running.removeAll(keepingCapacity: running.capacity <= EventLoopLimits.keptMailboxEntries)
        swap(&running, &batch)
        return true
    }

    // MARK: Time

    /// The loop's clock: read once per turn of the loop, to the millisecond. Loop thread only.
    public var now: MonotonicTime {
        assert(isCurrent)
        return MonotonicTime(nanoseconds: Int64(uv_now(uv)) * 1_000_000)
    }

    /// Runs `body` once on this loop, `delay` after ``now``, rounded up to a shared tick of 10 ms, and never within
    /// this call. Loop thread only. The body never runs on a loop that is stopping.
    public func schedule(after delay: Duration, _ body: @escaping () -> Void) -> LoopTimer {
        assert(isCurrent)
        let tick = tick(at: now + delay)
        let timer = wheel.add(tick: tick, body)
        if !isStopping, timer.tick < armedTick { arm(timer.tick) }
        return timer
    }

    /// The first tick that is not before `time`.
    private func tick(at time: MonotonicTime) -> Int64 {
        let length = EventLoopLimits.tickMilliseconds * 1_000_000
        let (whole, rest) = time.nanoseconds.quotientAndRemainder(dividingBy: length)
        return rest > 0 ? whole + 1 : whole
    }

    private func arm(_ tick: Int64) {
        armedTick = tick
        let wait = tick * EventLoopLimits.tickMilliseconds - Int64(uv_now(uv))
        uv_timer_start(ticker, { Loop.of($0!.pointee.loop).fireTimers() }, UInt64(max(wait, 0)), 0)
    }

    private func fireTimers() {
        armedTick = .max
        wheel.advance(to: Int64(uv_now(uv)) / EventLoopLimits.tickMilliseconds, into: dueTimers)
        // A body may cancel timers that are due with it, so they leave the list one by one.
        while let timer = dueTimers.popFirst() {
            let body = timer.body
            timer.body = nil
            body?()
        }
        if !isStopping, let next = wheel.nextTick(), next < armedTick { arm(next) }
    }

    // MARK: Beginning and end

    private func start() {
        let context = Unmanaged.passRetained(self)
        var thread = pthread_t()
        let status = pthread_create(&thread, nil, { Loop.main($0) }, context.toOpaque())
        Self.demand(-status, "start the thread of the event loop \(name)")
        ending.withLock { $0.thread = thread }
    }

    private static func main(_ context: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
        let loop = Unmanaged<Loop>.fromOpaque(context!).takeRetainedValue()
        loop.threadID.store(UInt(pthread_self()), ordering: .relaxed)
        carrel_name_this_thread(loop.name)
        // Writing to a closed connection returns an error (EPIPE) instead of raising a signal.
        var signals = sigset_t()
        sigemptyset(&signals)
        sigaddset(&signals, SIGPIPE)
        pthread_sigmask(SIG_BLOCK, &signals, nil)
        uv_update_time(loop.uv)
        uv_run(loop.uv, UV_RUN_DEFAULT)
        loop.end()
        return nil
    }

    /// Closes every handle of the loop (their owners are notified as usual), runs the work posted earlier, then ends
    /// and joins the thread. Idempotent. May be called from any task that does not itself run on this loop.
    public func stop() async {
        post {
            self.isStopping = true
            uv_stop(self.uv)
        }
        await withCheckedContinuation { continuation in
            let hasEnded = ending.withLock { ending in
                if !ending.hasEnded { ending.waiting.append(continuation) }
                return ending.hasEnded
            }
            if hasEnded { continuation.resume() }
        }
        let thread = ending.withLock { ending in
            defer { ending.thread = nil }
            return ending.thread
        }
        if let thread { pthread_join(thread, nil) }
    }

    private func end() {
        wheel.removeAll()
        uv_close(Self.handle(ticker), nil)
        TurnHandles.close(turn)
        uv_unref(Self.handle(wakeup))
        var rounds = 0
        repeat {
            precondition(rounds < EventLoopLimits.stopRounds, "callbacks of the loop \(name) open handles for ever")
            rounds += 1
            for resolution in pendingResolutions { resolution.cancel() }
            closeHandles()
            uv_run(uv, UV_RUN_DEFAULT)
            while runBatch() {}
            turnTasks.removeAll()
        } while uv_loop_alive(uv) != 0 || !mailbox.seal()
        wheel.removeAll()
        uv_close(Self.handle(wakeup), nil)
        uv_run(uv, UV_RUN_DEFAULT)
        let status = uv_loop_close(uv)
        precondition(status == 0, "the loop \(name) still has handles after closing all of them")
        ticker.deallocate()
        turn.deallocate()
        wakeup.deallocate()
        uv.deallocate()
        threadID.store(0, ordering: .relaxed)
        let waiting = ending.withLock { ending in
            ending.hasEnded = true
            return ending.waiting
        }
        for continuation in waiting { continuation.resume() }
    }

    private func closeHandles() {
        uv_walk(
            uv,
            { handle, _ in
                guard let data = handle!.pointee.data, uv_is_closing(handle) == 0 else { return }
                let owner = Unmanaged<AnyObject>.fromOpaque(data).takeUnretainedValue()
                guard let owner = owner as? any HandleOwner else {
                    preconditionFailure("a libuv handle without an owner")
                }
                owner.closeAtLoopEnd()
            }, nil)
    }

    static func handle<Kind>(_ pointer: UnsafeMutablePointer<Kind>) -> UnsafeMutablePointer<uv_handle_t> {
        UnsafeMutableRawPointer(pointer).assumingMemoryBound(to: uv_handle_t.self)
    }
}

/// The owner of a libuv handle: `data` points to it and retains it from the handle's opening to its close callback.
protocol HandleOwner: AnyObject {
    /// Closes the handle, because the loop is stopping and waits for the close callback.
    func closeAtLoopEnd()
}
