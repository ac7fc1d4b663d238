import CLibUV
import Glibc
import SeededRandom
import Synchronization

/// The sockets, the clock and the randomness of one simulated loop. It serves ready items in an order that the seed
/// decides; if there are none, the clock jumps to the next time at which something is due.
///
/// `@unchecked Sendable` because the loop's thread alone touches it, except for `wake()`, which is protected by a
/// mutex.
final class SimulatedKernel: @unchecked Sendable {
    /// In milliseconds.
    private(set) var now: UInt64 = 1_000_000
    var random: SplitMix64
    private(set) var sockets: [SimulatedSocket] = []
    /// Called when the loop connects; false refuses.
    var onConnect: (SimulatedSocket) -> Bool = { _ in false }
    /// The run is over and being checked: time stands still, and only the mailbox is served.
    var isOver = false
    /// The number of events served so far.
    private(set) var events = 0

    // The loop's own handles, as registered through `SimulatedUV`.
    var mailbox: () -> Void = {}
    var mailboxHandle: HandlePointer?
    var timer: (due: UInt64, fire: () -> Void)?
    var beforeWaiting: () -> Void = {}
    var afterWaiting: () -> Void = {}
    var isStopAsked = false

    private var agenda: [(due: UInt64, number: Int, body: () -> Void)] = []
    private var closing: [() -> Void] = []
    private var isMailboxAwaited = true
    private var byHandle: [HandlePointer: SimulatedSocket] = [:]
    private var nextDescriptor = SimulatedKernel.firstDescriptor
    /// Above every descriptor that a process can have.
    private static let firstDescriptor: Int32 = 1 << 28
    private let signal: UnsafeMutablePointer<sem_t>
    private let isAwake = Mutex(false)
    private var number = 0

    init(seed: UInt64) {
        random = SplitMix64(seed: seed)
        signal = .allocate(capacity: 1)
        sem_init(signal, 0, 0)
    }

    deinit {
        sem_destroy(signal)
        signal.deallocate()
    }

    // MARK: The loop that it serves

    /// Marks a loop that is simulated, in the field where a real one has a file descriptor.
    private static let mark: Int32 = -0x5EED

    /// Simulates the next loop that is created on this thread.
    func serveNextLoop(_ make: () -> Void) {
        pthread_setspecific(Self.next, Unmanaged.passRetained(self).toOpaque())
        make()
    }

    private static let next: pthread_key_t = {
        var key = pthread_key_t()
        pthread_key_create(&key, nil)
        return key
    }()

    static func takeNext() -> SimulatedKernel? {
        guard let opaque = pthread_getspecific(next) else { return nil }
        pthread_setspecific(next, nil)
        return Unmanaged<SimulatedKernel>.fromOpaque(opaque).takeRetainedValue()
    }

    func takeOver(_ loop: LoopPointer) {
        loop.initialize(to: uv_loop_t())
        loop.pointee.backend_fd = Self.mark
        loop.pointee.internal_fields = Unmanaged.passRetained(self).toOpaque()
    }

    func letGo(of loop: LoopPointer) {
        precondition(sockets.isEmpty, "a loop was closed that still has streams")
        Unmanaged<SimulatedKernel>.fromOpaque(loop.pointee.internal_fields).release()
    }

    static func of(_ loop: LoopPointer) -> SimulatedKernel? {
        guard loop.pointee.backend_fd == mark else { return nil }
        return Unmanaged<SimulatedKernel>.fromOpaque(loop.pointee.internal_fields).takeUnretainedValue()
    }

    // MARK: Handles

    func add(_ stream: StreamPointer) {
        let handle = UnsafeMutableRawPointer(stream).assumingMemoryBound(to: uv_handle_t.self)
        let socket = SimulatedSocket(handle: handle, descriptor: nextDescriptor, kernel: self)
        nextDescriptor += 1
        sockets.append(socket)
        byHandle[handle] = socket
    }

    /// The simulated socket for a descriptor of this thread's loop; `nil` for a real one.
    static func socket(_ descriptor: Int32) -> SimulatedSocket? {
        guard descriptor >= firstDescriptor, let opaque = pthread_getspecific(running) else { return nil }
        let kernel = Unmanaged<SimulatedKernel>.fromOpaque(opaque).takeUnretainedValue()
        guard let socket = kernel.sockets.first(where: { $0.descriptor == descriptor }) else {
            preconditionFailure("a descriptor that the kernel does not know")
        }
        return socket
    }

    func socket(_ handle: HandlePointer) -> SimulatedSocket? { byHandle[handle] }

    func doNotWait(for handle: HandlePointer) {
        if handle == mailboxHandle { isMailboxAwaited = false }
    }

    func close(_ handle: HandlePointer, _ callback: @escaping () -> Void) {
        guard let socket = byHandle[handle] else { return closing.append(callback) }
        precondition(!socket.isClosing, "a handle was closed twice")
        socket.isClosing = true
        closing.append { [self] in
            socket.dropRequests()
            sockets.removeAll { $0 === socket }
            byHandle[handle] = nil
            callback()
        }
    }

    var isAlive: Bool { !sockets.isEmpty || !closing.isEmpty || isMailboxAwaited }

    /// Any thread.
    func wake() {
        let wasAwake = isAwake.withLock { isAwake in
            defer { isAwake = true }
            return isAwake
        }
        if !wasAwake { sem_post(signal) }
    }

    // MARK: Scripts

    /// Runs `body` in its turn, this many milliseconds from now.
    func after(_ milliseconds: UInt64, _ body: @escaping () -> Void) {
        number += 1
        agenda.append((now + milliseconds, number, body))
    }

    // MARK: Turns

    /// The kernel of the loop that runs on this thread.
    private static let running: pthread_key_t = {
        var key = pthread_key_t()
        pthread_key_create(&key, nil)
        return key
    }()

    func run() {
        pthread_setspecific(Self.running, Unmanaged.passUnretained(self).toOpaque())
        defer { pthread_setspecific(Self.running, nil) }
        while isAlive {
            if isStopAsked {
                isStopAsked = false
                return
            }
            turn()
        }
    }

    private func turn() {
        if !isOver, let timer, timer.due <= now {
            self.timer = nil
            timer.fire()
        }
        beforeWaiting()
        if isStopAsked { return }
        let served = serve()
        afterWaiting()
        let hadClosing = !closing.isEmpty
        if hadClosing {
            let callbacks = closing
            closing = []
            for callback in callbacks { callback() }
        }
        if !served, !hadClosing, isAlive, !isStopAsked { wait() }
    }

    /// Serves a few of the ready items, in any order. False if there were none.
    private func serve() -> Bool {
        var hasServed = takeMailbox()
        while true {
            var ready: [() -> Void] = []
            if !isOver {
                for index in agenda.indices where agenda[index].due <= now {
                    let number = agenda[index].number
                    ready.append { [self] in
                        guard let place = agenda.firstIndex(where: { $0.number == number }) else { return }
                        agenda.remove(at: place).body()
                    }
                }
            }
            for socket in sockets { socket.addReady(to: &ready) }
            guard let chosen = ready.randomElement(using: &random) else { break }
            chosen()
            events += 1
            hasServed = true
            // Drawn only if something happened: how often the mailbox is checked must not affect the run.
            if random.oneIn(3) { break }
        }
        return hasServed
    }

    private func takeMailbox() -> Bool {
        guard
            isAwake.withLock({ isAwake in
                defer { isAwake = false }
                return isAwake
            })
        else { return false }
        // Consumes its signal, which nothing waits for any more.
        sem_trywait(signal)
        mailbox()
        return true
    }

    private func wait() {
        let due = isOver ? nil : [timer?.due, agenda.map(\.due).min()].compactMap { $0 }.min()
        if let due {
            now = max(now, due)
        } else if !isAwake.withLock({ $0 }) {
            while sem_wait(signal) != 0 {}
            // `takeMailbox` consumes the signal again.
            sem_post(signal)
        }
    }
}
