import Glibc
import Synchronization
import Testing

@testable import EventLoop

@Suite("A loop", .timeLimit(.minutes(1)))
struct LoopTests {
    @Test("Work posted by one thread runs in order, and all of it, whatever other threads post")
    func postingFromManyThreads() async throws {
        try await withLoop { loop in
            let (threads, posts) = (8, 2_000)
            let seen = Mutex<[[Int]]>(Array(repeating: [], count: threads))
            try await loop.until { (finish: Finish<Void>) in
                let count = Counter(threads * posts)
                for thread in 0..<threads {
                    let context = Posting(loop: loop, thread: thread, posts: posts) { thread, number in
                        seen.withLock { $0[thread].append(number) }
                        if count.decrement() == 0 { finish() }
                    }
                    context.startThread()
                }
            }
            #expect(seen.withLock { $0 } == Array(repeating: Array(0..<posts), count: threads))
        }
    }

    @Test("Work runs on the loop's thread and nowhere else")
    func ownThread() async throws {
        try await withLoop { loop in
            #expect(!loop.isCurrent)
            let isCurrent = try await loop.run { loop.isCurrent }
            #expect(isCurrent)
        }
    }

    @Test("An actor whose executor is the loop runs on its thread, before and after waiting")
    func actorOnTheLoop() async throws {
        try await withLoop { loop in
            let resident = Resident(loop: loop)
            #expect(await resident.isAtHome())
        }
    }

    @Test("A task that prefers the loop runs there, and so does a default actor that it calls")
    func preferringTask() async throws {
        try await withLoop { loop in
            let (task, visitor) = await Task(executorPreference: loop) {
                (loop.isCurrent, await Visitor().isOn(loop))
            }.value
            #expect(task)
            #expect(visitor)
        }
    }

    @Test("Inside a libuv callback of the control loop assumeIsolated reaches the control actor's state")
    func assumeIsolatedInCallback() async throws {
        let result: Int = try await ControlLoop.loop.until { finish in
            // The timer's body is called by libuv, with no task around it.
            _ = ControlLoop.loop.schedule(after: .zero) {
                finish(ControlLoop.assumeIsolated { controlState.answer() })
            }
        }
        #expect(result == 42)
    }

    @Test("assumeIsolated on another thread traps")
    func assumeIsolatedElsewhere() async {
        await #expect(processExitsWith: .failure) {
            _ = ControlLoop.assumeIsolated { controlState.answer() }
        }
    }

    @Test("Stopping runs what was posted before, joins the thread and may be asked twice")
    func stopJoins() async throws {
        let loop = Loop(name: "short")
        let ran = Atomic(0)
        for _ in 0..<100 { loop.post { ran.add(1, ordering: .relaxed) } }
        await loop.stop()
        await loop.stop()
        #expect(ran.load(ordering: .relaxed) == 100)
        #expect(!threadNames().contains("short"))
        loop.post { ran.add(1, ordering: .relaxed) }
        #expect(ran.load(ordering: .relaxed) == 100)
    }

    @Test("Stopping closes open streams and listeners, each of which says so once")
    func stopCloses() async throws {
        let loop = Loop(name: "closing")
        let closes = Atomic(0)
        try await loop.until { (finish: Finish<Void>) in
            let listener = try Listener(on: loop, address: localhost) { stream in
                Handler(stream).onClose = { _ in closes.add(1, ordering: .relaxed) }
                stream.startReading()
                finish()
            }
            Stream.connect(to: listener.boundAddress, on: loop, timeout: .seconds(5)) { result in
                guard case .success(let stream) = result else { return }
                Handler(stream).onClose = { _ in closes.add(1, ordering: .relaxed) }
                stream.startReading()
            }
        }
        await loop.stop()
        #expect(closes.load(ordering: .relaxed) == 2)
    }

    @Test("A signal reaches its watcher on the loop, until the watcher is closed")
    func signals() async throws {
        try await withLoop { loop in
            let number: Int32 = try await loop.until { finish in
                let box = Box<SignalWatcher>()
                box.value = try SignalWatcher(on: loop, signal: SIGUSR1) {
                    loop.preconditionCurrent()
                    box.value?.close()
                    finish(SIGUSR1)
                }
                kill(getpid(), SIGUSR1)
            }
            #expect(number == SIGUSR1)
            let error = try await loop.run { () -> StreamError? in
                do throws(StreamError) {
                    _ = try SignalWatcher(on: loop, signal: SIGKILL) {}
                    return nil
                } catch {
                    return error
                }
            }
            #expect(error?.code == StreamError.invalid)
        }
    }
}

final class Box<Value> {
    var value: Value?
}

private final class Counter: Sendable {
    private let value: Atomic<Int>
    init(_ value: Int) { self.value = Atomic(value) }
    func decrement() -> Int { value.subtract(1, ordering: .relaxed).newValue }
}

private final class Posting: Sendable {
    let loop: Loop
    let thread: Int
    let posts: Int
    let body: @Sendable (Int, Int) -> Void

    init(loop: Loop, thread: Int, posts: Int, body: @escaping @Sendable (Int, Int) -> Void) {
        self.loop = loop
        self.thread = thread
        self.posts = posts
        self.body = body
    }

    func startThread() {
        var id = pthread_t()
        pthread_create(
            &id, nil,
            { context in
                let posting = Unmanaged<Posting>.fromOpaque(context!).takeRetainedValue()
                for number in 0..<posting.posts {
                    posting.loop.post { posting.body(posting.thread, number) }
                }
                return nil
            }, Unmanaged.passRetained(self).toOpaque())
        pthread_detach(id)
    }
}

private actor Resident {
    let loop: Loop
    init(loop: Loop) { self.loop = loop }
    nonisolated var unownedExecutor: UnownedSerialExecutor { loop.asUnownedSerialExecutor() }

    func isAtHome() async -> Bool {
        let before = loop.isCurrent
        await Task.detached { await Task.yield() }.value
        return before && loop.isCurrent
    }
}

private actor Visitor {
    func isOn(_ loop: Loop) -> Bool { loop.isCurrent }
}

@ControlLoop
private final class ControlState {
    private var number = 41
    func answer() -> Int {
        number = 42
        return number
    }
}

@ControlLoop private let controlState = ControlState()

private func threadNames() -> [String] {
    var names: [String] = []
    guard let directory = opendir("/proc/self/task") else { return [] }
    defer { closedir(directory) }
    while let entry = readdir(directory) {
        let id = withUnsafePointer(to: &entry.pointee.d_name) {
            $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
        }
        guard let file = fopen("/proc/self/task/\(id)/comm", "r") else { continue }
        defer { fclose(file) }
        var line = [CChar](repeating: 0, count: 32)
        guard fgets(&line, 32, file) != nil else { continue }
        names.append(String(decoding: line.prefix { $0 != 0 && $0 != 10 }.map { UInt8($0) }, as: UTF8.self))
    }
    return names
}

@Suite("The end of a turn", .timeLimit(.minutes(1)))
struct EndOfTurnTests {
    private final class Task: EndOfTurnTask {
        var run: (Task) -> Void
        init(_ run: @escaping (Task) -> Void) { self.run = run }
        func endOfTurn() { run(self) }
    }

    @Test("Tasks run after the callback that asked, in order, before the next timer, and may ask again without end")
    func order() async throws {
        try await withLoop { loop in
            let order: [String] = try await loop.until { finish in
                var order: [String] = []
                var again = 100
                loop.atEndOfTurn(Task { _ in order.append("first") })
                loop.atEndOfTurn(
                    Task { task in
                        again -= 1
                        if again > 0 { return loop.atEndOfTurn(task) }
                        order.append("asked again a hundred times")
                        _ = loop.schedule(after: .zero) {
                            loop.atEndOfTurn(
                                Task { _ in
                                    order.append("left by a timer")
                                    finish(order)
                                })
                            order.append("timer")
                        }
                    })
                order.append("callback")
            }
            #expect(order == ["callback", "first", "asked again a hundred times", "timer", "left by a timer"])
        }
    }
}
