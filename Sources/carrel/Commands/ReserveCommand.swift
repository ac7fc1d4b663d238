import ArgumentParser
import BrokerCore
import Foundation
import Store

struct ReserveCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "reserve",
        abstract: "Reserve seats for a cohort, from one time to another.",
        subcommands: [ReserveCreate.self, ReserveList.self, ReserveShow.self, ReserveCancel.self])
}

/// A moment on the command line; in the time zone of --zone unless it says otherwise.
struct MomentArgument: ExpressibleByArgument, Hashable, Sendable {
    var text: String

    init?(argument: String) {
        guard MomentText.parse(argument, zone: .gmt) != nil else { return nil }
        text = argument
    }
}

struct ReserveCreate: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "create",
        abstract: "Reserve seats, or hear why there are none and when there are.",
        discussion: """
            The seats are guaranteed: they are held from --lead before the start until the end, and given to learners \
            who come from the course --context, or are named by --learner or --roster, without their doing anything. \
            At the end nothing new is granted; sessions may go on for --overrun.

            Examples:
              carrel reserve create --lab python --seats 30 --from 2026-03-01T09:00 --to 2026-03-01T11:00 --context 101
              carrel reserve create --lab r --seats 2 --from 2026-03-01T09:00Z --to 2026-03-01T10:00Z --learner ada --learner bob
              carrel reserve create --lab r --seats 40 --from 2026-03-01T09:00 --to 2026-03-01T12:00 --zone Europe/Rome \\
                --roster learners.txt --overrun 30m
            """)

    @OptionGroup var configurationOption: ConfigurationOption
    @Option(help: "The lab's name in the configuration.") var lab: String
    @Option(help: "How many seats.") var seats: Int
    @Option(help: ArgumentHelp("When it begins, such as 2026-03-01T09:00.", valueName: "moment")) var from:
        MomentArgument
    @Option(help: ArgumentHelp("When it ends.", valueName: "moment")) var to: MomentArgument
    @Option(help: "The time zone of the two, such as Europe/Rome; this machine's if left out.") var zone: String?
    @Option(help: "The course whose learners get the seats.") var context: String?
    @Option(help: ArgumentHelp("A learner who gets a seat; may be repeated.", valueName: "id")) var learner: [String] =
        []
    @Option(help: "A file that names learners who get a seat, one identifier a line.", completion: .file())
    var roster: String?
    @Option(help: ArgumentHelp("The share of the seats whose labs run already at the start.", valueName: "percent"))
    var warm = PercentArgument(100)
    @Option(help: ArgumentHelp("How long before the start seats are held, and warmed up.", valueName: "duration"))
    var lead = DurationArgument(.seconds(900))
    @Option(
        help: ArgumentHelp("Seats that nobody has claimed this long after the start are let go.", valueName: "duration")
    )
    var noShow = DurationArgument(.seconds(1800))
    @Option(help: ArgumentHelp("How long sessions may go on after the end.", valueName: "duration"))
    var overrun = DurationArgument(.zero)
    @OptionGroup var output: JSONOption

    func validate() throws {
        if let zone, TimeZone(identifier: zone) == nil {
            throw ValidationError("--zone is \(zone), which is no time zone; they are called like Europe/Rome")
        }
        guard context != nil || roster != nil || !learner.isEmpty else {
            throw ValidationError("say whom the seats are for, with --context, --learner or --roster")
        }
    }

    /// What is asked for, in the portal of the configuration.
    func terms(portal: String) throws -> ReservationTerms {
        let zone = zone.flatMap { TimeZone(identifier: $0) } ?? .current
        guard let from = MomentText.parse(from.text, zone: zone), let to = MomentText.parse(to.text, zone: zone) else {
            throw CommandFailure("there is no such time in \(zone.identifier): the clocks are changed then")
        }
        var terms = ReservationTerms(
            portal: portal, lab: lab, seats: seats, from: from, to: to, warmPercent: warm.percent,
            lead: lead.duration, noShowAfter: noShow.duration, overrun: overrun.duration, context: context)
        terms.roster = Set(learner)
        if let roster {
            guard let text = try? String(contentsOfFile: roster, encoding: .utf8) else {
                throw CommandFailure("the roster \(roster) cannot be read")
            }
            let names = text.split(whereSeparator: \.isNewline).map { $0.trimmingCharacters(in: .whitespaces) }
            terms.roster.formUnion(names.filter { !$0.isEmpty })
        }
        return terms
    }

    func run() async throws {
        let portal = try configurationOption.load().portal.name
        let view = try await ControlClient(configurationOption).reserve(terms(portal: portal))
        Output.print(output.json ? Output.json(view) : ReservationTable.details(view, time: TimeText()))
    }
}

struct ReserveList: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "Show reservations, those that begin last first.",
        discussion: """
            Examples:
              carrel reserve list
              carrel reserve list --limit 1000 --json
            """)

    @OptionGroup var configurationOption: ConfigurationOption
    @Option(help: "At most so many.") var limit = 100
    @OptionGroup var output: JSONOption

    func validate() throws {
        guard (1...StoreLimits.listLength).contains(limit) else {
            throw ValidationError("--limit is \(limit), but must be from 1 to \(StoreLimits.listLength)")
        }
    }

    func run() async throws {
        let views = try await ControlClient(configurationOption).reservations(limit: limit)
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
            Example:
              carrel reserve cancel k3v7x2aq
            """)

    @OptionGroup var configurationOption: ConfigurationOption
    @Argument(help: "The reservation's identifier.") var id: String
    @OptionGroup var output: JSONOption

    func run() async throws {
        let view = try await ControlClient(configurationOption).cancelReservation(id)
        Output.print(output.json ? Output.json(view) : "\(view.id) is cancelled: its seats are free for anybody")
    }
}
