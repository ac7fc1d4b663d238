import ArgumentParser
import Broker
import BrokerCore
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

struct SessionList: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "Show sessions, the newest first.",
        discussion: """
            Examples:
              carrel session list
              carrel session list --state queued
              carrel session list --host one --lab python --limit 500 --json
            """)

    enum State: String, CaseIterable, ExpressibleByArgument {
        case queued, starting, running, ending, parking, parked, ended, failed
    }

    @OptionGroup var configurationOption: ConfigurationOption
    @Option(help: "Only sessions in this state.") var state: State?
    @Option(help: "Only sessions on this host.") var host: String?
    @Option(help: ArgumentHelp("Only this learner's sessions.", valueName: "id")) var learner: String?
    @Option(help: "Only sessions of this lab.") var lab: String?
    @Option(help: "At most so many.") var limit = 100
    @OptionGroup var output: JSONOption

    static let greatestLimit = StoreLimits.listLength

    func validate() throws {
        guard (1...Self.greatestLimit).contains(limit) else {
            throw ValidationError("--limit is \(limit), but must be from 1 to \(Self.greatestLimit)")
        }
    }

    func run() async throws {
        let sessions = try await ControlClient(configurationOption).sessions(
            state: state?.rawValue, host: host, learner: learner, lab: lab, limit: limit)
        if output.json { return Output.print(Output.json(sessions)) }
        Output.print(SessionTable.text(sessions, now: .current(), time: TimeText()))
        if sessions.count == limit { Output.note("there may be more: only \(limit) are shown (--limit)") }
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
