import ArgumentParser
import Broker
import BrokerCore
import Store

struct ReserveReport: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "report",
        abstract: "Show who came: seats asked for, claimed, at the peak, and no-shows.",
        discussion: """
            With an identifier, who came and when, who came after the no-show time, and who of the roster did not. \
            Without one, all reservations that have begun, newest first, and their sum.

            Examples:
              carrel reserve report
              carrel reserve report k3v7x2aq --json
            """)

    @OptionGroup var configurationOption: ConfigurationOption
    @OptionGroup var filter: PortalFilter
    @Argument(help: "The reservation's identifier.") var id: String?
    @Option(help: "How many to list at most.") var limit = 100
    @OptionGroup var output: JSONOption

    func validate() throws {
        guard (1...StoreLimits.listLength).contains(limit) else {
            throw ValidationError("--limit is \(limit), but must be from 1 to \(StoreLimits.listLength)")
        }
    }

    func run() async throws {
        let client = try await ControlClient(configurationOption)
        if let id {
            let view = try await client.attendance(of: id)
            return Output.print(output.json ? Output.json(view) : AttendanceTable.details(view, time: TimeText()))
        }
        let now = Timestamp.current()
        let begun = try await client.reservations(of: filter.portal, limit: StoreLimits.listLength).filter {
            $0.from <= now && $0.phase != .cancelled
        }
        let report = AttendanceTable.Report(Array(begun.sorted { $0.from > $1.from }.prefix(limit)))
        Output.print(output.json ? Output.json(report) : report.text(time: TimeText()))
    }
}
