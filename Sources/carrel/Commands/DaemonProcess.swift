import ArgumentParser
import EventLoop
import Foundation
import Logging

/// What the commands that run in the foreground until they are told to end have in common.
enum DaemonProcess {
    /// A peer that is gone is an error of one write, and as many connections may be open as the machine allows.
    static func prepare() {
        signal(SIGPIPE, SIG_IGN)
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return }
        limit.rlim_cur = limit.rlim_max
        _ = setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    }

    /// SIGTERM, SIGINT and SIGHUP as they come.
    @ControlLoop
    struct Signals {
        let stream: AsyncStream<Int32>
        private let watchers: [SignalWatcher]

        init() throws {
            let (stream, continuation) = AsyncStream.makeStream(of: Int32.self, bufferingPolicy: .bufferingNewest(8))
            self.stream = stream
            watchers = try [SIGTERM, SIGINT, SIGHUP].map { signal in
                try SignalWatcher(on: ControlLoop.loop, signal: signal) { continuation.yield(signal) }
            }
        }

        /// A second signal has its default action again: it ends the process at once.
        func close() {
            for watcher in watchers { watcher.close() }
        }
    }
}

enum LogLevel: String, CaseIterable, ExpressibleByArgument {
    case trace, debug, info, notice, warning, error, critical

    /// Sends the log of this process to standard error. Once, before anything is logged.
    func bootstrap() {
        let level = Logger.Level(rawValue: rawValue) ?? .info
        LoggingSystem.bootstrap { label in
            var handler = StreamLogHandler.standardError(label: label)
            handler.logLevel = level
            return handler
        }
    }
}
