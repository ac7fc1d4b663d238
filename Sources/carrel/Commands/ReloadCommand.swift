import ArgumentParser
import Portal

struct ReloadCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "reload",
        abstract: "Have the running broker read its configuration again, and say what has changed.",
        discussion: """
            It is what SIGHUP does, with an answer: hosts and labs that are new, changed or taken out, the certificate, \
            and reservations that are at other moments because the rules of their time zones have changed. A file with a \
            mistake changes nothing: its lines are named, and the command fails.

            Examples:
              carrel reload
              carrel reload --json
            """)

    @OptionGroup var configurationOption: ConfigurationOption
    @OptionGroup var output: JSONOption

    func run() async throws {
        let answer = try await ControlClient(configurationOption).reload()
        if output.json {
            Output.print(Output.json(answer))
            if answer.problem != nil { throw ExitCode.failure }
            return
        }
        if let problem = answer.problem { throw CommandFailure(problem) }
        Output.print(Self.text(answer, time: TimeText()))
    }

    static func text(_ answer: APIReload, time: TimeText) -> String {
        var lines = answer.changes
        for moved in answer.retimed {
            let view = moved.reservation
            let missing = view.missingSeats > 0 ? "; no host has room for \(view.missingSeats) of its seats then" : ""
            lines.append(
                "reservation \(view.id): keeps its time in \(view.zone ?? "its zone") and begins at "
                    + "\(time.moment(view.from)), not \(time.moment(moved.from))\(missing)")
        }
        if lines.isEmpty, answer.waiting.isEmpty { lines.append("nothing has changed") }
        if !answer.waiting.isEmpty {
            lines.append("changes of \(answer.waiting.joined(separator: ", ")) wait for the next start of carrel serve")
        }
        return lines.joined(separator: "\n")
    }
}
