import ArgumentParser
import Broker
import BrokerCore
import Foundation
import Store

struct SessionCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "session",
        abstract: "Watch, explain, extend, park and end learners' sessions.",
        subcommands: [
            SessionList.self, SessionShow.self, SessionExplain.self, SessionExtend.self, SessionPark.self,
            SessionEnd.self,
        ])
}

extension SessionState.Name: ExpressibleByArgument {}

struct SessionList: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "Show sessions, the newest first.",
        discussion: """
            Examples:
              carrel session list
              carrel session list --state queued
              carrel session list --host one --lab python --limit 500 --json
              carrel session list --course 101 --live --watch
            """)

    @OptionGroup var configurationOption: ConfigurationOption
    @OptionGroup var filter: PortalFilter
    @Option(help: "Only sessions in this state.") var state: SessionState.Name?
    @Option(help: "Only sessions on this host.") var host: String?
    @Option(help: ArgumentHelp("Only this learner's sessions.", valueName: "id")) var learner: String?
    @Option(help: "Only sessions of this lab.") var lab: String?
    @Option(help: "Only sessions of learners from this course.") var course: String?
    @Flag(help: "Only sessions that are not over.") var live = false
    @Flag(help: "Show them again as they change, until Ctrl-C; on a terminal, as many as it has room for.")
    var watch = false
    @Option(help: "How many to list at most.") var limit = 100
    @OptionGroup var output: JSONOption

    static let greatestLimit = StoreLimits.listLength

    func validate() throws {
        guard (1...Self.greatestLimit).contains(limit) else {
            throw ValidationError("--limit is \(limit), but must be from 1 to \(Self.greatestLimit)")
        }
        if watch, output.json { throw ValidationError("--watch is for people, --json for programs: give one of them") }
    }

    func run() async throws {
        let client = try await ControlClient(configurationOption)
        if watch { return try await follow(client) }
        let sessions = try await sessions(of: client)
        if output.json { return Output.print(Output.json(sessions)) }
        Output.print(SessionTable.text(sessions, now: .current(), time: TimeText()))
        if sessions.count == limit { Output.note("there may be more: only \(limit) are shown (--limit)") }
    }

    private func sessions(of client: ControlClient) async throws -> [SessionView] {
        try await client.sessions(
            of: filter.portal, state: state?.rawValue, host: host, learner: learner, lab: lab, course: course,
            isLive: live, limit: limit)
    }

    private func follow(_ client: ControlClient) async throws {
        var screen = ProgressScreen(isTerminal: isatty(STDOUT_FILENO) == 1)
        var patience = Patience()
        var last: [SessionView]?
        while true {
            let sessions: [SessionView]
            do {
                sessions = try await self.sessions(of: client)
                patience.restore()
            } catch {
                try await patience.bear(error)
                continue
            }
            let count = sessions.count == 1 ? "1 session" : "\(sessions.count) sessions"
            screen.show(
                SessionTable.text(sessions, now: .current(), time: TimeText()), total: count, isNews: sessions != last)
            last = sessions
            try await Task.sleep(for: HostDrain.pollInterval)
        }
    }
}

struct SessionShow: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Tell a session's whole story: every change, when, and why.",
        discussion: """
            Examples:
              carrel session show k3v7
              carrel session show k3v7 --json
            """)

    @OptionGroup var configurationOption: ConfigurationOption
    @Argument(help: "The session's identifier, or a beginning of it that no other session has.") var id: String
    @OptionGroup var output: JSONOption

    func run() async throws {
        let answer = try await ControlClient(configurationOption).session(id)
        if output.json { return Output.print(Output.json(answer)) }
        Output.print(SessionTable.story(answer.session, answer.story, now: .current(), time: TimeText()))
    }
}
