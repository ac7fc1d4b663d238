import ArgumentParser
import Broker
import BrokerCore
import Text

struct SessionExtend: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "extend",
        abstract: "Let running sessions live longer.",
        discussion: """
            Moves the end of its lifetime, and the moment before which it does not end for idleness. All extensions of \
            one run together are at most \(DurationText.format(Limits.extensionMaximum)). Who and why are in the \
            session's story. A drain's deadline stays as it is.

            Examples:
              carrel session extend k3v7 --by 2h
              carrel session extend k3v7 --by 90m --note "The exam takes longer."
              carrel session extend --course 101 --by 30m
            """)

    @OptionGroup var configurationOption: ConfigurationOption
    @OptionGroup var selection: SessionSelection
    @Option(help: ArgumentHelp("By how much.", valueName: "duration")) var by: DurationArgument
    @Option(help: "Why, for the story.") var note = ""
    @OptionGroup var output: JSONOption

    func validate() throws {
        guard by.duration > .zero, by.duration <= Limits.extensionMaximum else {
            throw ValidationError(
                "--by is \(DurationText.format(by.duration)), but must be from 1s to "
                    + DurationText.format(Limits.extensionMaximum))
        }
    }

    func run() async throws {
        let (duration, note) = (by.duration, note)
        let running = SessionState.Name.running.rawValue
        let act = SessionAct(verb: "extend", participle: "extended", states: [running]) { client, id in
            try await client.extend(id, by: duration, note: note)
        } outcome: {
            Self.words($0, duration)
        }
        try await act.run(on: selection, try ControlClient(configurationOption), output)
    }

    private static func words(_ session: SessionView, _ duration: Duration) -> String {
        let time = TimeText()
        let ends = [
            session.idleEndsAt.map { "without activity it ends at \(time.moment($0))" },
            session.lifetimeEndsAt.map { "in any case at \(time.moment($0))" },
        ].compactMap(\.self).joined(separator: ", ")
        return "session \(session.id) is extended by \(DurationText.format(duration)): \(ends)"
    }
}
