import ArgumentParser
import Broker
import BrokerCore

struct PoolCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pool",
        abstract: "Show and change pools: seats that are warm before anybody asks.",
        subcommands: [PoolList.self, PoolSet.self])
}

struct PoolList: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "Show every pool: its size, what is ready, and where.",
        discussion: """
            Examples:
              carrel pool list
              carrel pool list --json
            """)

    @OptionGroup var configurationOption: ConfigurationOption
    @OptionGroup var filter: PortalFilter
    @OptionGroup var output: JSONOption

    func run() async throws {
        let pools = try await ControlClient(configurationOption).pools(of: filter.portal)
        Output.print(output.json ? Output.json(pools) : PoolTable.text(pools))
    }
}

struct PoolSet: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "set",
        abstract: "Change a pool's size, at once; a smaller one gives its seats up at once.",
        discussion: """
            What is set counts beside the configuration, over restarts too, until --reset. What is left out stays as it \
            is; a lab without a pool gets one.

            Examples:
              carrel pool set python --minimum 10 --maximum 30
              carrel pool set python --minimum 0
              carrel pool set python --reset
            """)

    @OptionGroup var configurationOption: ConfigurationOption
    @OptionGroup var portal: PortalOption
    @Argument(help: "The lab's name in the configuration.") var lab: String
    @Option(help: "Seats that are kept warm.") var minimum: Int?
    @Option(help: "How many at most while people come; the minimum counts if it is greater.") var maximum: Int?
    @Option(help: "How many of them one host has at most.") var perHost: Int?
    @Flag(help: "Return to what the configuration says.") var reset = false
    @OptionGroup var output: JSONOption

    func validate() throws {
        let sizes = [minimum, maximum, perHost].compactMap(\.self)
        if reset, !sizes.isEmpty { throw ValidationError("--reset stands alone") }
        if !reset, sizes.isEmpty {
            throw ValidationError("say what to change, with --minimum, --maximum or --per-host, or --reset")
        }
    }

    func run() async throws {
        let portal = try portal.entry(of: configurationOption.load()).id
        let client = try await ControlClient(configurationOption)
        let pools =
            reset
            ? try await client.resetPool(portal: portal, lab: lab)
            : try await client.setPool(
                portal: portal, lab: lab, minimum: minimum, maximum: maximum, perHost: perHost)
        Output.print(output.json ? Output.json(pools) : PoolTable.text(pools))
    }
}
