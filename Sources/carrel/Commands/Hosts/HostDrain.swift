import ArgumentParser
import Broker
import BrokerCore
import EventLoop
import Foundation
import Portal
import Text

struct HostDrain: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "drain",
        abstract: "Empty a host, or several in turn, without hurting anybody.",
        discussion: """
            The host gets no new sessions from now on. Live ones go on until they end by themselves, or until the \
            deadline, when they end with a reason that their learners can read; files stay. Then the host is \
            drained, and stays so until it is uncordoned. The broker does this by itself: interrupting this command cancels nothing.

            Several hosts are drained one after the other, so that never more than --max-unavailable of them are out of \
            service: each from the beginning of its drain until it is uncordoned, when its maintenance is over. The \
            deadline is each host's own. To leave out one whose turn has not come, uncordon it.

            Without --deadline, the last sessions end in 30 minutes; if the host is being drained already, at the \
            deadline that it has. A deadline sooner than \(DurationText.format(PortalLimits.endNotice)), the notice of \
            carrel session end, and --now, which ends them at once, take consent where sessions are live: the command \
            says how many end and when, and asks, or --yes answers.

            Examples:
              carrel host drain one
              carrel host drain one --deadline 2h --wait
              carrel host drain one --now --yes
              carrel host drain one two three --max-unavailable 1 --deadline 2h --wait
              carrel host uncordon one
            """)

    @OptionGroup var configurationOption: ConfigurationOption
    @Argument(help: "The hosts' names, in the order of their turns.") var names: [String]
    @Option(help: ArgumentHelp("How many of several may be out of service at the same time.", valueName: "count"))
    var maxUnavailable = 1
    @OptionGroup var end: DrainDeadline
    @Flag(help: "Show who is still there until the host is drained.") var wait = false

    /// How often the broker is polled while waiting.
    static let pollInterval = Duration.seconds(1)
    /// The maximum number of sessions on one host.
    static let sessionLimit = 1_000

    func validate() throws {
        if Set(names).count < names.count { throw ValidationError("a host is named twice") }
        if maxUnavailable < 1 {
            throw ValidationError("--max-unavailable is \(maxUnavailable), but must be at least 1")
        }
    }

    func run() async throws {
        let client = try await ControlClient(configurationOption)
        try await end.ask(client, hosts: names)
        if names.count > 1 {
            try await client.drain(
                names, maxUnavailable: maxUnavailable, deadline: end.duration, withoutNotice: end.isShort)
            if !wait {
                return Output.print(
                    RollingText.outcome(
                        names, maxUnavailable: maxUnavailable, deadline: end.duration ?? Limits.drainTime))
            }
        } else {
            let host = try await client.drain(names[0], deadline: end.duration, withoutNotice: end.isShort)
            if !wait { return Output.print(DrainDeadline.outcome(host)) }
        }
        let screen = ProgressScreen(isTerminal: isatty(STDOUT_FILENO) == 1)
        let names = names
        let watching = Task {
            if names.count > 1 {
                try await Self.watchRolling(client, screen)
            } else {
                try await Self.watch(names[0], client, screen)
            }
        }
        let interruption = try await Interruption.onSignal { watching.cancel() }
        defer { interruption.end() }
        do {
            try await watching.value
        } catch is CancellationError {
            Output.note(
                "interrupted, which cancels nothing: carrel host uncordon \(names.joined(separator: " ")) does")
            throw ExitCode(130)
        }
    }

    private static func watch(_ name: String, _ client: ControlClient, _ screen: ProgressScreen) async throws {
        var progress = DrainProgress(host: name)
        var screen = screen
        var patience = Patience()
        while true {
            let host: HostView?
            let sessions: [SessionView]
            do {
                host = try await client.hosts().first { $0.name == name }
                sessions = try await client.sessions(host: name, limit: sessionLimit)
                patience.restore()
            } catch {
                try await patience.bear(error)
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

/// Retries while a broker that is being waited for does not answer: it may be restarting, and drains continue then.
struct Patience {
    /// How many consecutive failures are tolerated.
    static let failureLimit = 60
    private var failures = 0

    mutating func restore() { failures = 0 }

    /// Waits until the next attempt; rethrows the error if retrying is pointless.
    mutating func bear(_ error: any Error) async throws {
        try Task.checkCancellation()
        failures += 1
        if failures == Self.failureLimit { throw error }
        try await Task.sleep(for: HostDrain.pollInterval)
    }
}

/// Turns SIGINT and SIGTERM into a call instead of ending the process.
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
