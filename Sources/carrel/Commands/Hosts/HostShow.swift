import ArgumentParser
import BrokerCore

struct HostShow: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Show one host, and who is there until when.",
        discussion: """
            Examples:
              carrel host show one
              carrel host show one --json
            """)

    @OptionGroup var configurationOption: ConfigurationOption
    @OptionGroup var output: JSONOption
    @Argument(help: "The host's name.") var name: String

    func run() async throws {
        let details = try await ControlClient(configurationOption).host(name)
        Output.print(output.json ? Output.json(details) : HostText.details(details, now: .current(), time: TimeText()))
    }
}
