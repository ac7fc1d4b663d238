import ArgumentParser
import Broker
import BrokerCore
import EventLoop
import Foundation
import Portal

struct HostDrain: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "drain",
        abstract: "Empty a host without hurting anybody.",
        discussion: """
            The host gets no new sessions from now on. Live ones go on until they end by themselves, or until the \
            deadline, when they end with a reason that their learners can read; files stay. Then the host is \
            drained, and stays so until it is uncordoned. The broker does this by itself: interrupting this command cancels nothing.

            Examples:
              carrel host drain one
              carrel host drain one --deadline 2h --wait
              carrel host uncordon one
            """)

    @OptionGroup var configurationOption: ConfigurationOption
    @Argument(help: "The host's name.") var name: String
    @Option(help: ArgumentHelp("When the last sessions end, from now.", valueName: "duration"))
    var deadline = DurationArgument(.seconds(1800))
    @Flag(help: "Show who is still there until the host is drained.") var wait = false

    /// How often the broker is asked while waiting.
    static let pollInterval = Duration.seconds(1)
    /// How often in a row the broker may fail to answer while waiting; it may be restarting, and drains go on then.
    static let failureLimit = 60
    /// As many sessions as one host can have.
    static let sessionLimit = 1_000

    func validate() throws {
        guard deadline.duration <= PortalLimits.drainDeadlineMaximum else {
            throw ValidationError(
                "--deadline is \(DurationText.format(deadline.duration)), but must be at most "
                    + DurationText.format(PortalLimits.drainDeadlineMaximum))
        }
    }

    func run() async throws {
        let client = try await ControlClient(configurationOption)
        try await client.drain(name, deadline: deadline.duration)
        if !wait {
            return Output.print(
                "\(name) drains: its live sessions end by themselves, or in \(DurationText.format(deadline.duration))")
        }
        let screen = DrainScreen(isTerminal: isatty(STDOUT_FILENO) == 1)
        let watching = Task { try await Self.watch(name, client, screen) }
        let interruption = try await Interruption.onSignal { watching.cancel() }
        defer { interruption.end() }
        do {
            try await watching.value
        } catch is CancellationError {
            Output.note(
                "interrupted, which cancels nothing: \(name) goes on draining; carrel host uncordon \(name) ends that")
            throw ExitCode(130)
        }
    }

    private static func watch(_ name: String, _ client: ControlClient, _ screen: DrainScreen) async throws {
        var progress = DrainProgress(host: name)
        var screen = screen
        var failures = 0
        while true {
            let host: HostView?
            let sessions: [SessionView]
            do {
                host = try await client.hosts().first { $0.name == name }
                sessions = try await client.sessions(host: name, limit: sessionLimit)
                failures = 0
            } catch {
                try Task.checkCancellation()
                failures += 1
                if failures == failureLimit { throw error }
                try await Task.sleep(for: pollInterval)
                continue
            }
            try Task.checkCancellation()
            let text = progress.text(host, sessions, now: .current(), time: TimeText())
            screen.show(text, isNews: progress.isNews(host, sessions))
            switch progress.outcome(host) {
            case .goesOn: try await Task.sleep(for: pollInterval)
            case .drained: return
            case .cancelled(let reason): throw CommandFailure(reason)
            }
        }
    }
}

/// Where the progress goes: drawn over the last one on a terminal, and below it, when there is news, anywhere else.
struct DrainScreen {
    let isTerminal: Bool
    private var lines = 0

    init(isTerminal: Bool) { self.isTerminal = isTerminal }

    mutating func show(_ text: String, isNews: Bool) {
        if isTerminal {
            // Up to the first line of what was drawn last, and clear from there.
            let back = lines == 0 ? "" : "\u{1B}[\(lines)A\u{1B}[J"
            lines = text.split(separator: "\n", omittingEmptySubsequences: false).count
            Output.print(back + text)
        } else if isNews {
            Output.print(text)
        }
    }
}

/// Turns SIGINT and SIGTERM into a call, instead of the end of the process.
struct Interruption: Sendable {
    private let watchers: Watchers

    @ControlLoop private final class Watchers {
        var all: [SignalWatcher] = []
        func close() {
            for watcher in all { watcher.close() }
            all = []
        }
    }

    @ControlLoop static func onSignal(_ handler: @escaping @Sendable () -> Void) throws -> Interruption {
        let watchers = Watchers()
        for signal in [SIGINT, SIGTERM] {
            watchers.all.append(try SignalWatcher(on: ControlLoop.loop, signal: signal) { handler() })
        }
        return Interruption(watchers: watchers)
    }

    func end() { Task { @ControlLoop in watchers.close() } }
}
