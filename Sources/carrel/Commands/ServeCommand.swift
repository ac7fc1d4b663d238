import ArgumentParser
import EventLoop
import Foundation
import Logging

struct ServeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve",
        abstract: "Run the broker, the portal and the edge in the foreground.",
        discussion: """
            Writes its log to standard error, with a line `ready` when everything listens. SIGTERM and SIGINT end it \
            gracefully: labs go on running, and the next start finds them. SIGHUP reads the configuration and the \
            certificates again; a configuration with a mistake is logged, and the old one stays in force.

            Examples:
              carrel serve
              carrel serve --config /etc/carrel/carrel.yaml --log-level debug
            """)

    @OptionGroup var configurationOption: ConfigurationOption
    @Option(help: ArgumentHelp("How much is logged.", valueName: "level")) var logLevel = LogLevel.info

    enum LogLevel: String, CaseIterable, ExpressibleByArgument {
        case trace, debug, info, notice, warning, error, critical
    }

    func run() async throws {
        let level = Logger.Level(rawValue: logLevel.rawValue) ?? .info
        LoggingSystem.bootstrap { label in
            var handler = StreamLogHandler.standardError(label: label)
            handler.logLevel = level
            return handler
        }
        Self.prepareProcess()
        try await Self.serve(try configurationOption.load(), Logger(label: "carrel"))
    }

    @ControlLoop private static func serve(_ configuration: Configuration, _ log: Logger) async throws {
        let (signals, watchers) = try watchSignals()
        let service = try Service(configuration, log: log)
        do { try await service.start() } catch {
            await service.stop()
            throw error
        }
        for await signal in signals {
            if signal != SIGHUP { break }
            await service.reload()
        }
        // A second signal has its default action again: it ends the process at once.
        for watcher in watchers { watcher.close() }
        await service.stop()
    }

    @ControlLoop private static func watchSignals() throws -> (AsyncStream<Int32>, [SignalWatcher]) {
        let (signals, continuation) = AsyncStream.makeStream(of: Int32.self, bufferingPolicy: .bufferingNewest(8))
        let watchers = try [SIGTERM, SIGINT, SIGHUP].map { signal in
            try SignalWatcher(on: ControlLoop.loop, signal: signal) { continuation.yield(signal) }
        }
        return (signals, watchers)
    }

    /// A peer that is gone is an error of one write, and as many connections may be open as the machine allows.
    private static func prepareProcess() {
        signal(SIGPIPE, SIG_IGN)
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return }
        limit.rlim_cur = limit.rlim_max
        _ = setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    }
}
