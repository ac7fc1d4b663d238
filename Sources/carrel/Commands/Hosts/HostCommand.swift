import ArgumentParser
import BrokerCore

struct HostCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "host",
        abstract: "Watch, add, change, cordon, drain and remove the Docker hosts, or declare one lost.",
        subcommands: [
            HostList.self, HostShow.self, HostAdd.self, HostSet.self, HostRemove.self, HostCordon.self,
            HostUncordon.self, HostDrain.self, HostLost.self,
        ])
}

struct HostList: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "Show every host: its state, its sessions, its slots and memory.",
        discussion: """
            A seat is taken by every session on the host, and by a container that is still being removed. Density is \
            the \
            greater of the shares of slots and memory that are taken. Of the labs on a host, ASKED is what they may use at \
            most, USED what they were measured to use last, and SAFE what they can be expected to need, by the profiles of \
            their labs (`carrel lab list`). MEMORY is what their seats count for: what is asked under the policy \
            `guaranteed`, what is safe under `profiled`.

            Examples:
              carrel host list
              carrel host list --json
            """)

    @OptionGroup var configurationOption: ConfigurationOption
    @OptionGroup var output: JSONOption

    func run() async throws {
        let hosts = try await ControlClient(configurationOption).hosts()
        Output.print(output.json ? Output.json(hosts) : HostTable.text(hosts, now: .current()))
    }
}

struct HostCordon: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cordon",
        abstract: "Place no new sessions on a host; live ones go on.",
        discussion: """
            Example:
              carrel host cordon one
            """)

    @OptionGroup var configurationOption: ConfigurationOption
    @Argument(help: "The host's name.") var name: String

    func run() async throws {
        try await ControlClient(configurationOption).cordon(name)
        Output.print("\(name) is cordoned: it gets no new sessions, and its live ones go on")
    }
}

struct HostUncordon: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "uncordon",
        abstract: "Let a cordoned, draining, drained or lost host take sessions again.",
        discussion: """
            A host of a rolling drain is through with it then, and the next one's drain may begin.

            Examples:
              carrel host uncordon one
              carrel host uncordon one two three
            """)

    @OptionGroup var configurationOption: ConfigurationOption
    @Argument(help: "The hosts' names.") var names: [String]

    func run() async throws {
        let client = try await ControlClient(configurationOption)
        for name in names {
            try await client.uncordon(name)
            Output.print("\(name) takes sessions again")
        }
    }
}
