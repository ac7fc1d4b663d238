import ArgumentParser
import BrokerCore
import Foundation

struct SessionExtend: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "extend",
        abstract: "Let a running session live longer.",
        discussion: """
            Moves the end of its lifetime, and the moment before which it does not end for idleness. All extensions of \
            one run together are at most \(DurationText.format(Limits.extensionMaximum)). Who and why are in the \
            session's story. A drain's deadline stays as it is.

            Examples:
              carrel session extend k3v7 --by 2h
              carrel session extend k3v7 --by 90m --note "The exam takes longer."
            """)

    @OptionGroup var configurationOption: ConfigurationOption
    @Argument(help: "The session's identifier, or a beginning of it that no other session has.") var id: String
    @Option(help: ArgumentHelp("By how much.", valueName: "duration")) var by: DurationArgument
    @Option(help: "Why, for the story.") var note = ""
    @Option(help: "Who, for the story; otherwise who runs this command.") var who = NSUserName()
    @OptionGroup var output: JSONOption

    func validate() throws {
        guard by.duration > .zero, by.duration <= Limits.extensionMaximum else {
            throw ValidationError(
                "--by is \(DurationText.format(by.duration)), but must be from 1s to "
                    + DurationText.format(Limits.extensionMaximum))
        }
    }

    func run() async throws {
        let session = try await ControlClient(configurationOption).extend(id, by: by.duration, who: who, note: note)
        if output.json { return Output.print(Output.json(session)) }
        let time = TimeText()
        let ends = [
            session.idleEndsAt.map { "without activity it ends at \(time.moment($0))" },
            session.lifetimeEndsAt.map { "in any case at \(time.moment($0))" },
        ].compactMap(\.self).joined(separator: ", ")
        Output.print("session \(session.id) is extended by \(DurationText.format(by.duration)): \(ends)")
    }
}
