import ArgumentParser
import Broker

/// What stopping a session takes, for good or for a while: which one, and why.
struct SessionStop: ParsableArguments {
    @OptionGroup var configurationOption: ConfigurationOption
    @Argument(help: "The session's identifier, or a beginning of it that no other session has.") var id: String
    @Option(help: "Why, for the learner.") var note = ""
    @OptionGroup var output: JSONOption

    /// Has it stopped, and prints what became of it.
    func run(
        _ stop: (ControlClient) -> (_ id: String, _ note: String?) async throws -> SessionView
    ) async throws {
        let session = try await stop(ControlClient(configurationOption))(id, note)
        if output.json { return Output.print(Output.json(session)) }
        Output.print(SessionTable.outcome(session))
    }
}

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

    @OptionGroup var stop: SessionStop

    func run() async throws { try await stop.run(ControlClient.park) }
}

struct SessionEnd: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "end",
        abstract: "End a session. The learner's files stay, and they can start again.",
        discussion: """
            The note is what the learner reads.

            Examples:
              carrel session end k3v7
              carrel session end k3v7 --note "The host gets a new disk; start again in five minutes."
            """)

    @OptionGroup var stop: SessionStop

    func run() async throws { try await stop.run(ControlClient.end) }
}
