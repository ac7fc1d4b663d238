import ArgumentParser
import Broker
import BrokerCore
import Foundation
import Identity
import Scheduling

struct ReserveCreate: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "create",
        abstract: "Reserve seats, once or in a series, or hear why there are none and when there are.",
        discussion: """
            The seats are guaranteed: they are held from --lead before the start until the end, and given to learners \
            who come from the course --context, or are named by --learner or --roster, without their doing anything. \
            Seats that nobody has claimed --no-show after the start are anybody's. At the end nothing new is granted; \
            sessions may go on for --overrun.

            A series keeps its time of day when the clocks are changed. It is booked whole or not at all, unless \
            --skip-conflicts books what finds seats. A time that the clocks skip is refused for the first one, and an \
            hour later for others; of one that comes twice the first is meant in a series. All of it begins within \
            \(Limits.reservationHorizon.components.seconds / 86_400) days.

            --dry-run shows the seats over the time, and reserves nothing.

            Examples:
              carrel reserve create --lab python --seats 30 --from 2026-12-01T09:00 --to 11:00 --context 101
              carrel reserve create --lab r --seats 2 --from 2026-12-01T09:00Z --to 2026-12-01T10:00Z --learner ada --learner bob
              carrel reserve create --portal school --lab r --seats 40 --from 2026-12-01T09:00 --to 11:00 --zone Europe/Warsaw \\
                --roster learners.csv --warm 80% --lead 30m --no-show 30m --overrun 15m --repeat weekly --until 2027-01-31
              carrel reserve create --lab r --seats 40 --from 2026-12-01T09:00 --to 11:00 --context 7 --dry-run
            """)

    @OptionGroup var configurationOption: ConfigurationOption
    @Option(help: "The lab's name in the configuration.") var lab: String
    @Option(help: "How many seats.") var seats: Int
    @Option(help: ArgumentHelp("When it begins, such as 2026-12-01T09:00.", valueName: "moment")) var from:
        MomentArgument
    @Option(help: ArgumentHelp("When it ends; on the same day the time is enough.", valueName: "moment")) var to:
        MomentArgument
    @OptionGroup var options: ReservationOptions
    @Option(help: ArgumentHelp("How often it comes: daily, weekdays, weekly, fortnightly, or days.", valueName: "when"))
    var `repeat`: RepeatArgument?
    @Option(help: ArgumentHelp("The last day on which one of a series may begin.", valueName: "day"))
    var until: DayArgument?
    @Option(help: "How many times a series comes, instead of --until.") var times: Int?
    @Flag(help: "Book those of a series that find seats, and leave out the others.") var skipConflicts = false
    @Flag(help: "Show the seats over the time and what would become of it; reserve nothing.") var dryRun = false
    @Flag(help: "Draw the seats with plain characters.") var ascii = false
    @OptionGroup var output: JSONOption

    func validate() throws {
        guard options.context != nil || options.roster != nil || !options.learner.isEmpty else {
            throw ValidationError("say whom the seats are for, with --context, --learner or --roster")
        }
        guard (`repeat` == nil) == (until == nil && times == nil), until == nil || times == nil else {
            throw ValidationError("a series has --repeat, and either --until or --times")
        }
        if skipConflicts, `repeat` == nil { throw ValidationError("--skip-conflicts is for a series") }
        if let times, !(1...Limits.bookingItems).contains(times) {
            throw ValidationError("--times is \(times), but must be from 1 to \(Limits.bookingItems)")
        }
        if case .timeOfDay = from.moment { throw ValidationError("--from needs a date, such as 2026-12-01T09:00") }
    }

    /// The requested reservations: the first one, or all of a series.
    func terms(portal: PortalID, now: Timestamp) throws -> [ReservationTerms] {
        let clock = options.clock
        let first = try terms(portal: portal, on: clock)
        guard var recurrence = `repeat`?.recurrence else { return [first] }
        if let until { recurrence.end = .day(until.day) }
        if let times { recurrence.end = .count(times) }
        let series = Series(from: first.from, to: first.to, on: clock, recurrence: recurrence)
        do {
            return try series.times(on: clock, now: now).map { from, to, wall in
                var terms = first
                (terms.from, terms.to, terms.wall) = (from, to, wall)
                return terms
            }
        } catch { throw CommandFailure("--repeat: \(error)") }
    }

    private func terms(portal: PortalID, on clock: WallClock) throws -> ReservationTerms {
        func read(_ name: String, _ argument: MomentArgument, after start: Timestamp? = nil) throws -> Timestamp {
            do { return try argument.moment.timestamp(on: clock, after: start) } catch {
                throw CommandFailure("--\(name): \(error)")
            }
        }
        let from = try read("from", from)
        let to = try read("to", to, after: from)
        guard to > from else {
            throw CommandFailure("--to is not after --from; for the next day give its date, too")
        }
        return ReservationTerms(
            lab: LabKey(portal: portal, name: lab), seats: seats, from: from, to: to, warmPercent: options.warm.percent,
            lead: options.lead.duration, noShowAfter: options.noShow.duration, overrun: options.overrun.duration,
            context: options.context, roster: try options.learners(),
            wall: isMoment ? nil : clock.span(from: from, to: to))
    }

    /// Whether neither time depends on a wall clock.
    private var isMoment: Bool {
        if case .moment = from.moment { true } else { false }
    }

    func run() async throws {
        let portal = try options.portal.entry(of: try configurationOption.load()).id
        let terms = try terms(portal: portal, now: .current())
        let client = try await ControlClient(configurationOption)
        if let words = ReservationTable.longRoster(of: terms[0].roster.count, seats: seats) {
            Output.note("\(words): whoever of them comes last finds none")
        }
        if `repeat` == nil, !dryRun {
            let view = try await client.reserve(terms[0])
            return Output.print(output.json ? Output.json(view) : ReservationTable.details(view, time: options.time))
        }
        let series = Broker.newSeriesName()
        let items = terms.map {
            (terms: $0, origin: `repeat` == nil ? nil : ReservationOrigin(series: series, occurrence: $0.from))
        }
        let booking = try await client.book(
            portal: portal, items: items, skipsConflicts: skipConflicts, isDryRun: dryRun)
        if dryRun { return try await show(booking, terms: terms, from: client) }
        Output.print(
            output.json ? Output.json(booking) : BookingTable.text(booking, isDryRun: false, time: options.time))
        if !booking.isBooked { throw ExitCode.failure }
    }

    /// The chart of the first reservation that finds no seats, or of the first one.
    private func show(_ booking: BookingView, terms: [ReservationTerms], from client: ControlClient) async throws {
        let index = booking.items.firstIndex { $0.result.isConflict } ?? 0
        let shown = terms[index]
        let terminal = Terminal.current(plain: ascii)
        let margin = max(.seconds(3600), (shown.endsAt - shown.opensAt) / 4)
        let capacity = try await client.capacity(
            of: shown.lab, from: shown.opensAt - margin, to: shown.endsAt + margin,
            steps: output.json ? CapacityChart.columns(in: 80) : CapacityChart.columns(in: terminal.width))
        if output.json {
            Output.print(Output.json(DryRun(booking: booking, capacity: capacity)))
        } else {
            let chart = CapacityChart(capacity, wanted: shown, time: options.time)
            Output.print(chart.text(terminal))
            Output.print("")
            Output.print(BookingTable.text(booking, isDryRun: true, time: options.time))
        }
        if !booking.isBooked { throw ExitCode.failure }
    }

    /// The output of --dry-run --json.
    private struct DryRun: Encodable {
        var booking: BookingView
        var capacity: CapacityForecast
    }
}
