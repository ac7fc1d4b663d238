import ArgumentParser
import Broker
import BrokerCore
import Portal

struct ReserveFeed: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "feed",
        abstract: "Make an address at which calendar programs read the reservations.",
        discussion: """
            Whoever has the address may read all reservations of the portal, and nothing else. It is shown this one \
            time: Carrel keeps only a digest of it. --revoke ends it, at once.

            Examples:
              carrel reserve feed
              carrel reserve feed --portal school --json
              carrel reserve feed --list
              carrel reserve feed --revoke k3v7x2aq
            """)

    @OptionGroup var configurationOption: ConfigurationOption
    @OptionGroup var portal: PortalOption
    @Flag(help: "Show the addresses there are, without what opens them.") var list = false
    @Option(help: ArgumentHelp("End an address.", valueName: "id")) var revoke: String?
    @OptionGroup var output: JSONOption

    private struct Answer: Encodable {
        var id: String
        var url: String
    }

    func validate() throws {
        guard !list || revoke == nil else { throw ValidationError("--list and --revoke are two things") }
    }

    func run() async throws {
        let configuration = try configurationOption.load()
        let client = try await ControlClient(configurationOption)
        if let revoke {
            let left = try await client.revokeFeed(revoke)
            return Output.print(
                output.json ? Output.json(left) : "\(revoke) is revoked: its address leads nowhere any more")
        }
        if list {
            let feeds = try await client.feeds(of: portal.portal)
            return Output.print(output.json ? Output.json(feeds) : ReservationTable.feeds(feeds, time: TimeText()))
        }
        let portal = try portal.entry(of: configuration)
        let made = try await client.makeFeed(portal: portal.id)
        let answer = Answer(id: made.feed.id, url: configuration.origin(of: portal) + made.target)
        Output.print(output.json ? Output.json(answer) : answer.url)
    }
}
