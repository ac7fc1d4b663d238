import ArgumentParser
import BrokerCore

struct SessionExplain: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "explain",
        abstract: "Say why a session is alive and until when, what it waits for, or why it ended.",
        discussion: """
            Shows what was decided last and on which facts, what showed last that the lab is in use, every limit that \
            applies with the moment at which it would end the session, and what counts as activity in such a lab.

            Examples:
              carrel session explain k3v7
              carrel session explain k3v7 --json
            """)

    @OptionGroup var configurationOption: ConfigurationOption
    @Argument(help: "The session's identifier, or a beginning of it that no other session has.") var id: String
    @OptionGroup var output: JSONOption

    func run() async throws {
        let explanation = try await ControlClient(configurationOption).explain(id)
        if output.json { return Output.print(Output.json(explanation)) }
        Output.print(ExplanationText.text(explanation, now: .current(), time: TimeText()))
    }
}
