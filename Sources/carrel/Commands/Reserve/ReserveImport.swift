import ArgumentParser
import Broker
import BrokerCore
import Foundation
import Identity
import Scheduling

struct ReserveImport: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "import",
        abstract: "Reserve seats for what an iCalendar file (.ics) has to come.",
        discussion: """
            Each event, and each occurrence of a recurring one within \(Limits.reservationHorizon.components.seconds / 86_400) \
            days, becomes a reservation, known by the event's UID. Whatever can be booked is booked, event by event; what \
            cannot is named with its line in the file. With --strict all of it is booked, or nothing.

            The exit status is 1 if any event was refused, left without seats or undecided, although the others are \
            booked; --dry-run ends with the status that the import would end with. What comes later than in \
            \(Limits.reservationHorizon.components.seconds / 86_400) days is named and counted, and no failure unless the \
            file has nothing else: import the file again later.

            Importing a file again changes nothing. An event that was changed moves its reservations, and what it has no \
            more is cancelled, if its SEQUENCE or else its LAST-MODIFIED or DTSTAMP is newer. Where none of them tells, \
            you are asked: --replace takes what the file says, --keep leaves what is booked. What has opened already \
            stays as it is.

            An event may say itself what it wants: X-CARREL-LAB, X-CARREL-SEATS, X-CARREL-CONTEXT, X-CARREL-WARM \
            (percent), and X-CARREL-LEAD, X-CARREL-NO-SHOW, X-CARREL-OVERRUN (such as PT30M). That goes before the \
            options, which are for the others. --category takes only events of one category.

            Recurrences are daily and weekly ones, with INTERVAL, BYDAY, COUNT or UNTIL, EXDATE and changed \
            occurrences; anything else is named and refused. Time zones are those of this machine, by their IANA names or \
            those that Windows has for them; what a file calls otherwise is explained by --tzid. Times without a zone are \
            those of the file's X-WR-TIMEZONE, or else of --zone.

            Examples:
              carrel reserve import timetable.ics --lab python --seats 30 --context 101 --dry-run
              carrel reserve import timetable.ics --lab python --seats 30 --context 101 --zone Europe/Warsaw
              carrel reserve import outlook.ics --category Labs --lab r --seats 20 --context 7 --tzid "CET Time=Europe/Paris"
            """)

    @OptionGroup var configurationOption: ConfigurationOption
    @Argument(help: "The file; - for standard input.", completion: .file(extensions: ["ics"])) var file: String
    @Option(help: "The lab of events that name none.") var lab: String?
    @Option(help: "The number of seats of events that name none.") var seats: Int?
    @OptionGroup var options: ReservationOptions
    @Option(help: "Only events of this category.") var category: String?
    @Option(help: ArgumentHelp("What a time zone of the file means; may be repeated.", valueName: "name=zone"))
    var tzid: [String] = []
    @Flag(help: "Book everything that the file has, or nothing.") var strict = false
    @Flag(help: "Where nothing says what is newer, take what the file says.") var replace = false
    @Flag(help: "Where nothing says what is newer, leave what is booked.") var keep = false
    @Flag(help: "Show what would become of it; change nothing.") var dryRun = false
    @OptionGroup var output: JSONOption

    func validate() throws {
        if replace, keep { throw ValidationError("--replace and --keep are opposites: give one of them") }
        _ = try aliases()
    }

    private var replacement: Booking.Replacement { replace ? .replace : keep ? .keep : .ask }

    private func aliases() throws -> [String: WallClock] {
        var aliases: [String: WallClock] = [:]
        for text in tzid {
            guard let equals = text.lastIndex(of: "=") else {
                throw ValidationError("--tzid is \(text), but must be like \"CET Time=Europe/Paris\"")
            }
            do {
                aliases[String(text[..<equals])] = try ZoneDatabase.system().clock(
                    named: String(text[equals...].dropFirst()))
            } catch { throw ValidationError("--tzid is \(text): \(error.message)") }
        }
        return aliases
    }

    /// The reservations that the file requests, and what was rejected.
    ///
    /// - Throws: if it is not a calendar; with --strict also if anything in it was rejected.
    func read(_ bytes: [UInt8], portal: PortalID, now: Timestamp) throws -> WantedReservations {
        let calendar: CalendarFile
        do { calendar = try CalendarFile(bytes) } catch { throw CommandFailure("\(file): \(error)") }
        let reader = CalendarReader(
            clock: options.clock, zones: .system(), aliases: try aliases(), category: category, now: now,
            horizon: now + Limits.reservationHorizon)
        let common = CalendarTerms(
            portal: portal, lab: lab, seats: seats, context: options.context, roster: try options.learners(),
            warmPercent: options.warm.percent, lead: options.lead.duration, noShowAfter: options.noShow.duration,
            overrun: options.overrun.duration)
        let wanted = WantedReservations(reader.read(calendar), on: common)
        if strict, !wanted.problems.isEmpty {
            throw CommandFailure(
                (wanted.problems.map { "\(file): \($0)" } + [
                    "nothing was booked: --strict takes all of a file, or nothing"
                ])
                .joined(separator: "\n"))
        }
        return wanted
    }

    func run() async throws {
        let portal = try options.portal.entry(of: try configurationOption.load()).id
        let wanted = try read(try bytes(), portal: portal, now: .current())
        if !output.json { notes(of: wanted) }
        guard !wanted.items.isEmpty || !wanted.events.isEmpty else {
            if output.json { Output.print(Output.json(ImportReport(nil, wanted, isDryRun: dryRun))) }
            throw CommandFailure(
                wanted.refused == 0 ? "\(file) has nothing to come" : "nothing of \(file) can be booked")
        }
        let fewest = wanted.items.map(\.terms).min { $0.seats - $0.roster.count < $1.seats - $1.roster.count }
        if let words = fewest.flatMap({ ReservationTable.longRoster(of: $0.roster.count, seats: $0.seats) }) {
            Output.note("\(words): whoever of them comes last finds none")
        }
        let client = try await ControlClient(configurationOption)
        let booking = try await client.book(
            portal: portal, items: wanted.items, skipsConflicts: !strict, events: wanted.events,
            replacement: replacement, isDryRun: dryRun)
        let report = ImportReport(booking, wanted, isDryRun: dryRun)
        Output.print(
            output.json
                ? Output.json(report)
                : BookingTable.text(booking, isDryRun: dryRun, time: options.time, summary: report.summary))
        if report.isFailure { throw ExitCode.failure }
    }

    private func notes(of wanted: WantedReservations) {
        for problem in wanted.problems { Output.note("\(file): \(problem)") }
        let untold = wanted.refused - wanted.problems.count
        if untold > 0 { Output.note("\(file): and \(untold) more") }
        for note in wanted.notes.prefix(SchedulingLimits.problems) { Output.note("\(file): \(note)") }
        let unnamed = wanted.notes.count - SchedulingLimits.problems
        if unnamed > 0 { Output.note("\(file): and \(unnamed) more notes of that kind") }
        if wanted.past > 0 {
            Output.note(
                wanted.past == 1
                    ? "1 time is over already and was left out"
                    : "\(wanted.past) times are over already and were left out")
        }
        if wanted.unwanted > 0 {
            Output.note(
                wanted.unwanted == 1
                    ? "1 event is of another category" : "\(wanted.unwanted) events are of other categories")
        }
    }

    /// Reads at most the maximum size of a calendar, plus one byte that shows that it is too long.
    private func bytes() throws -> [UInt8] {
        let handle = file == "-" ? FileHandle.standardInput : FileHandle(forReadingAtPath: file)
        guard let handle else { throw CommandFailure("\(file) cannot be read; is it there, and may you read it?") }
        var bytes: [UInt8] = []
        while bytes.count <= SchedulingLimits.calendarBytes {
            let left = SchedulingLimits.calendarBytes + 1 - bytes.count
            guard let more = try? handle.read(upToCount: left), !more.isEmpty else { break }
            bytes += more
        }
        return bytes
    }
}
