import ArgumentParser

struct MetricsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "metrics",
        abstract: "Show the running broker's and edge's numbers, as Prometheus reads them.",
        discussion: """
            The same text is at GET /metrics of control.sock in the state directory.

            Examples:
              carrel metrics
              carrel metrics | grep carrel_sessions
            """)

    @OptionGroup var configurationOption: ConfigurationOption

    func run() async throws {
        Output.print(String(try await ControlClient(configurationOption).metrics().dropLast()))
    }
}
