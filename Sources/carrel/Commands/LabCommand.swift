import ArgumentParser
import Broker
import BrokerCore
import EventLoop
import Foundation

struct LabCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "lab",
        abstract: "See which labs there are, and bring their images to the hosts.",
        subcommands: [LabList.self, LabShow.self, LabPrepull.self])
}

struct LabList: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "Show the labs, their images, and the hosts that have them.",
        discussion: """
            HOSTS counts those that have the image, of those that could ever serve the lab. Where hosts have different \
            images under one name, the one that most have is shown, and the others are named. P50 and P95 are the memory that \
            half and 95 % of its sessions stayed within, CPU P95 the same of their average use of CPUs, and SEEN the number of \
            sessions that were measured.

            Examples:
              carrel lab list
              carrel lab list --json
            """)

    @OptionGroup var configurationOption: ConfigurationOption
    @OptionGroup var filter: PortalFilter
    @OptionGroup var output: JSONOption

    func run() async throws {
        let labs = try await ControlClient(configurationOption).labs(of: filter.portal)
        Output.print(output.json ? Output.json(labs) : LabText.table(labs))
    }
}

struct LabShow: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Show what a lab's sessions use, where its image is, and which.",
        discussion: """
            A session is measured while it runs, and counts for the profile of its lab when its container goes: the \
            greatest memory that was seen, and its average use of CPUs. Old sessions fade.

            Examples:
              carrel lab show python
              carrel lab show python --json
            """)

    @OptionGroup var configurationOption: ConfigurationOption
    @OptionGroup var portal: PortalOption
    @OptionGroup var output: JSONOption
    @Argument(help: "The lab's name.") var name: String

    func run() async throws {
        let lab = try await ControlClient(configurationOption).lab(name, of: portal.portal)
        Output.print(output.json ? Output.json(lab) : LabText.details(lab, now: .current()))
    }
}

struct LabPrepull: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "prepull",
        abstract: "Bring a lab's image to the hosts before anybody waits for it.",
        discussion: """
            Labs are placed on hosts that have their image; nobody waits for a pull. Hosts that have the image are left \
            alone, unless --again asks the registry whether the name means another one by now. The command shows how \
            far the pulls are; the broker makes them by itself, and interrupting the command cancels nothing. They are \
            made without credentials.

            Examples:
              carrel lab prepull python
              carrel lab prepull python --host two --host three
              carrel lab prepull python --again --no-wait
            """)

    @OptionGroup var configurationOption: ConfigurationOption
    @OptionGroup var portal: PortalOption
    @OptionGroup var output: JSONOption
    @Argument(help: "The lab's name.") var name: String
    @Option(help: ArgumentHelp("Only there; may be repeated.", valueName: "name")) var host: [String] = []
    @Flag(help: "Also where the image is present.") var again = false
    @Flag(help: "Do not wait for the pulls to end.") var noWait = false

    func run() async throws {
        let client = try await ControlClient(configurationOption)
        var lab = try await client.prepull(name, of: portal.portal, hosts: host, again: again)
        let asked = Set(lab.hosts.filter { $0.pull?.state == .pulling }.map(\.host))
        var screen = ProgressScreen(isTerminal: isatty(STDOUT_FILENO) == 1 && !output.json)
        var shown = ""
        while !noWait, LabText.isPulling(lab) {
            let text = LabText.images(lab, now: .current())
            if !output.json { screen.show(text, isNews: text != shown) }
            shown = text
            try await Task.sleep(for: HostDrain.pollInterval)
            lab = try await client.lab(name, of: portal.portal)
        }
        if output.json {
            Output.print(Output.json(lab))
        } else {
            screen.finish(LabText.images(lab, now: .current()))
            if asked.isEmpty {
                Output.note("nothing is pulled: every host that answers has the image; --again asks the registry")
            }
        }
        let failed = lab.hosts.filter { asked.contains($0.host) && $0.pull?.state == .failed }.map(\.host)
        guard failed.isEmpty else {
            throw CommandFailure("the image was not pulled on \(failed.joined(separator: ", "))")
        }
    }
}
