import ArgumentParser
import EventLoop
import Foundation
import Logging
import Takeover

/// A service that runs in the foreground until it is told to stop, or until another process takes over.
@ControlLoop
protocol Daemon: AnyObject {
    /// Called when another process serves: this one only drains.
    var onHandedOver: () -> Void { get set }
    /// - Parameter takesOver: whether it takes over from a process that already runs, if there is one.
    func start(takesOver: Bool) async throws
    func reload() async
    /// Drains what is open here; returns when that is done, when its time is up, or after `stop()`.
    func leave() async
    func stop() async
}

/// What all commands share that run in the foreground until they are told to stop.
enum DaemonProcess {
    /// Ignores SIGPIPE, so that a disconnected peer is an error of one write, and raises the limit of open files.
    static func prepare() {
        signal(SIGPIPE, SIG_IGN)
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return }
        limit.rlim_cur = limit.rlim_max
        _ = setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    }

    /// Runs a service until SIGTERM or SIGINT, or until it has handed over and drained. SIGHUP reloads it; SIGUSR2
    /// starts the program again, as it is on the disk now, and that process takes over.
    @ControlLoop
    static func run(_ daemon: some Daemon, takesOver: Bool, _ log: Logger) async throws {
        let signals = try Signals()
        daemon.onHandedOver = { signals.add(.handedOver) }
        do { try await daemon.start(takesOver: takesOver) } catch {
            await daemon.stop()
            throw error
        }
        ServiceManager.notify("READY=1")
        events: for await event in signals.events {
            switch event {
            case .signal(SIGHUP): await daemon.reload()
            case .signal(SIGUSR2): Successor.start(log)
            case .signal, .finished: break events
            case .handedOver:
                Task { @ControlLoop in
                    await daemon.leave()
                    signals.add(.finished)
                }
            }
        }
        ServiceManager.notify("STOPPING=1")
        signals.close()
        await daemon.stop()
    }

    /// The stream of signals and other events that a running service waits for.
    @ControlLoop
    private struct Signals {
        enum Event: Sendable {
            case signal(Int32)
            case handedOver, finished
        }

        let events: AsyncStream<Event>
        private let continuation: AsyncStream<Event>.Continuation
        private let watchers: [SignalWatcher]

        init() throws {
            let (events, continuation) = AsyncStream.makeStream(of: Event.self, bufferingPolicy: .bufferingNewest(8))
            self.events = events
            self.continuation = continuation
            watchers = try [SIGTERM, SIGINT, SIGHUP, SIGUSR2].map { signal in
                try SignalWatcher(on: ControlLoop.loop, signal: signal) { continuation.yield(.signal(signal)) }
            }
        }

        func add(_ event: Event) { continuation.yield(event) }

        /// Restores the default action of the signals: a second one ends the process immediately.
        func close() {
            for watcher in watchers { watcher.close() }
        }
    }
}

/// The same command, started again to take over from this process.
enum Successor {
    static let option = "--takeover"

    /// Its success shows when it takes over; if it does not, this process continues.
    static func start(_ log: Logger) {
        guard let path = CommandLine.arguments.first.flatMap(executable) else {
            return log.error("this program's file cannot be found, so nothing takes over")
        }
        let process = Process()
        process.executableURL = URL(fileURLWithPath: path)
        process.arguments = CommandLine.arguments.dropFirst().filter { $0 != option } + [option]
        process.terminationHandler = { process in
            log.warning(
                "the process that was to take over has ended",
                metadata: ["pid": "\(process.processIdentifier)", "status": "\(process.terminationStatus)"])
        }
        do {
            try process.run()
            log.info("started a process to take over", metadata: ["pid": "\(process.processIdentifier)"])
        } catch {
            log.error("\(path) cannot be started, so nothing takes over: \(error.localizedDescription)")
        }
    }

    /// The path by which the program was started; the file there may be a newer version now.
    private static func executable(_ name: String) -> String? {
        if name.contains("/") { return name }
        let folders = ProcessInfo.processInfo.environment["PATH"]?.split(separator: ":") ?? []
        return folders.map { "\($0)/\(name)" }.first { FileManager.default.isExecutableFile(atPath: $0) }
    }
}

enum LogLevel: String, CaseIterable, ExpressibleByArgument {
    case trace, debug, info, notice, warning, error, critical

    /// Sends the log of this process to standard error. Call it once, before anything is logged.
    func bootstrap() {
        let level = Logger.Level(rawValue: rawValue) ?? .info
        LoggingSystem.bootstrap { label in
            VisibleLogHandler(label: label, level: level)
        }
    }
}
