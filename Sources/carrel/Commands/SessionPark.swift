import ArgumentParser

struct SessionPark: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "park",
        abstract: "Stop a running session and keep it: its learner's next visit brings it back.",
        discussion: """
            Its container is stopped and its seat is free for others; its files, hostname and access stay for as long \
            as the lab's parks_for says. A click in the same tab, or a launch, resumes it, by way of the queue if all \
            seats are taken. What is outside the home, and what programs held in memory, is gone. The note is what the \
            learner reads.

            Examples:
              carrel session park k3v7
              carrel session park k3v7 --note "The seat is needed for the exam."
            """)

    @OptionGroup var configurationOption: ConfigurationOption
    @Argument(help: "The session's identifier, or a beginning of it that no other session has.") var id: String
    @Option(help: "Why, for the learner.") var note = ""
    @OptionGroup var output: JSONOption

    func run() async throws {
        let session = try await ControlClient(configurationOption).park(id, note: note)
        if output.json { return Output.print(Output.json(session)) }
        Output.print(SessionTable.outcome(session))
    }
}
