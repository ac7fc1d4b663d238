import ArgumentParser
import Store

struct ReserveCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "reserve",
        abstract: "Reserve seats for a cohort, from one time to another.",
        subcommands: [
            ReserveCreate.self, ReserveImport.self, ReserveList.self, ReserveShow.self, ReserveReport.self,
            ReserveCancel.self, ReserveFeed.self,
        ])
}

struct ReserveList: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "Show reservations: those that run now, those to come, and those that are over.",
        discussion: """
            Those that are over, or were cancelled, come last, the latest of them first.

            Examples:
              carrel reserve list
              carrel reserve list --limit 1000 --json
            """)

    @OptionGroup var configurationOption: ConfigurationOption
    @OptionGroup var filter: PortalFilter
    @Option(help: "How many to list at most.") var limit = 100
    @OptionGroup var output: JSONOption

    func validate() throws {
        guard (1...StoreLimits.listLength).contains(limit) else {
            throw ValidationError("--limit is \(limit), but must be from 1 to \(StoreLimits.listLength)")
        }
    }

    func run() async throws {
        let views = try await ControlClient(configurationOption).reservations(of: filter.portal, limit: limit)
        Output.print(output.json ? Output.json(views) : ReservationTable.text(views, time: TimeText()))
    }
}

struct ReserveShow: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Show one reservation: its times, its hosts, and who came.",
        discussion: """
            Example:
              carrel reserve show k3v7x2aq
            """)

    @OptionGroup var configurationOption: ConfigurationOption
    @Argument(help: "The reservation's identifier.") var id: String
    @OptionGroup var output: JSONOption

    func run() async throws {
        let view = try await ControlClient(configurationOption).reservation(id)
        Output.print(output.json ? Output.json(view) : ReservationTable.details(view, time: TimeText()))
    }
}

struct ReserveCancel: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cancel",
        abstract: "Hold the seats no longer; sessions that have one go on.",
        discussion: """
            With --series all of the series that it is one of, as far as they are not over.

            Examples:
              carrel reserve cancel k3v7x2aq
              carrel reserve cancel k3v7x2aq --series
            """)

    @OptionGroup var configurationOption: ConfigurationOption
    @Argument(help: "The reservation's identifier.") var id: String
    @Flag(help: "All of its series.") var series = false
    @OptionGroup var output: JSONOption

    func run() async throws {
        let client = try await ControlClient(configurationOption)
        if series {
            let ids = try await client.cancelSeries(of: id)
            let words = "\(ids.map(\.rawValue).joined(separator: ", ")): cancelled, their seats are free for anybody"
            return Output.print(output.json ? Output.json(ids) : words)
        }
        let view = try await client.cancelReservation(id)
        Output.print(output.json ? Output.json(view) : "\(view.id) is cancelled: its seats are free for anybody")
    }
}
