import ArgumentParser
import BrokerCore

extension DensityPolicy: ExpressibleByArgument {}

struct HostSet: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "set",
        abstract: "Change a host's slots, memory, labels or policy while Carrel runs.",
        discussion: """
            What is set here counts before what the configuration says, over restarts too, until --reset. Fewer slots \
            or less memory end nobody: new sessions wait until there is room. A policy is for seats that are given from then \
            on: under `guaranteed` they count for what their labs ask, under `profiled` for what sessions of the lab were \
            measured to use (`carrel lab show`).

            Examples:
              carrel host set one --slots 20
              carrel host set one --label gpu=true --label disk-
              carrel host set one --policy profiled
              carrel host set one --reset
            """)

    @OptionGroup var configurationOption: ConfigurationOption
    @OptionGroup var output: JSONOption
    @Argument(help: "The host's name.") var name: String
    @Option(help: "How many labs at the same time.") var slots: Int?
    @Option(help: ArgumentHelp("Memory for labs, such as 48GiB.", valueName: "size")) var memory: SizeArgument?
    @Option(help: ArgumentHelp("KEY=VALUE sets a label, KEY- takes it away; may be repeated.", valueName: "label"))
    var label: [LabelArgument] = []
    @Option(help: "For how much memory new seats count: guaranteed or profiled.") var policy: DensityPolicy?
    @Flag(help: "Forget what was set before: what the configuration says counts again.") var reset = false

    func validate() throws {
        if change.isEmpty, !reset {
            throw ValidationError("say what to set: --slots, --memory, --label, --policy or --reset")
        }
    }

    var change: HostAdjustment {
        var change = LabelArgument.change(label)
        change.slots = slots
        change.memoryBytes = memory?.bytes
        change.policy = policy
        return change
    }

    func run() async throws {
        let host = try await ControlClient(configurationOption).setHost(name, change, reset: reset)
        Output.print(output.json ? Output.json(host) : HostText.settings(host))
    }
}

struct HostRemove: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "remove",
        abstract: "Remove a host that was added while Carrel ran.",
        discussion: """
            A host that is not empty is refused, or drained first with --drain: it is removed when its last session has \
            ended. Nothing of a learner's is deleted on it. A host of the configuration is taken out there. --deadline, \
            --now and --yes are those of carrel host drain.

            Examples:
              carrel host remove three
              carrel host remove three --drain --deadline 2h
            """)

    @OptionGroup var configurationOption: ConfigurationOption
    @OptionGroup var output: JSONOption
    @Argument(help: "The host's name.") var name: String
    @Flag(help: "Let its live sessions end first, by themselves or at the deadline.") var drain = false
    @OptionGroup var end: DrainDeadline

    func validate() throws {
        if !drain, end.duration != nil { throw ValidationError("--deadline and --now go with --drain") }
    }

    func run() async throws {
        let client = try await ControlClient(configurationOption)
        try await end.ask(client, hosts: [name])
        let host = try await client.removeHost(
            name, draining: drain, deadline: end.duration, withoutNotice: end.isShort)
        if output.json { return Output.print(Output.json(["removed": host == nil])) }
        Output.print(
            host.map {
                "\(DrainDeadline.outcome($0)); it is removed when the last has gone, and carrel host uncordon \(name) keeps it"
            } ?? "\(name) is removed")
    }
}
