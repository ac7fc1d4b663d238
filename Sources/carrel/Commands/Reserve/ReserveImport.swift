import ArgumentParser
import Broker
import BrokerCore
import Foundation
import Scheduling

struct ReserveImport: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "import",
        abstract: "Reserve seats for what an iCalendar file (.ics) has to come.",
        discussion: """
            Each event, and each occurrence of a recurring one within \(Limits.reservationHorizon.components.seconds / 86_400) \
            days, becomes a reservation, known by the event's UID. Importing a file again changes nothing; an event with \
            a greater SEQUENCE moves its reservations, and what it has no more is cancelled. What has opened already \
            stays as it is. Everything is booked, or nothing, unless --skip-conflicts books what finds seats.

            An event may say itself what it wants: X-CARREL-LAB, X-CARREL-SEATS, X-CARREL-CONTEXT, X-CARREL-WARM \
            (percent), and X-CARREL-LEAD, X-CARREL-NO-SHOW, X-CARREL-OVERRUN (such as PT30M). That goes before the \
            options, which are for the others. --category takes only events of one category.

            Recurrences are daily and weekly ones, with INTERVAL, BYDAY, COUNT or UNTIL, EXDATE and changed \
            occurrences; anything else is named and refused. Time zones are those of the IANA; what a file calls \
            otherwise is explained by --tzid.

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
    @Flag(help: "Book those that find seats, and leave out the others.") var skipConflicts = false
    @Flag(help: "Show what would become of it; change nothing.") var dryRun = false
    @OptionGroup var output: JSONOption

    func validate() throws { _ = try zones() }

    private func zones() throws -> [String: WallClock] {
        var zones: [String: WallClock] = [:]
        for text in tzid {
            guard let equals = text.lastIndex(of: "="),
                let clock = WallClock(named: String(text[equals...].dropFirst()))
            else { throw ValidationError("--tzid is \(text), but must be like \"CET Time=Europe/Paris\"") }
            zones[String(text[..<equals])] = clock
        }
        return zones
    }

    /// What the file asks for, and what was left out.
    func read(_ bytes: [UInt8], portal: String, now: Timestamp) throws -> Wanted {
        let calendar: CalendarFile
        do { calendar = try CalendarFile(bytes) } catch { throw CommandFailure("\(file): \(error)") }
        let reader = CalendarReader(
            clock: options.clock, zones: try zones(), category: category, now: now,
            horizon: now + Limits.reservationHorizon)
        let reading = reader.read(calendar)
        let common = CalendarTerms(
            portal: portal, lab: lab, seats: seats, context: options.context, roster: try options.learners(),
            warmPercent: options.warm.percent, lead: options.lead.duration, noShowAfter: options.noShow.duration,
            overrun: options.overrun.duration)
        var wanted = Wanted(events: reading.events, past: reading.past, unwanted: reading.unwanted)
        var problems = reading.problems
        for occurrence in reading.occurrences {
            do throws(SchedulingError) {
                let origin = ReservationOrigin(
                    series: occurrence.uid, sequence: occurrence.sequence, occurrence: occurrence.original)
                wanted.items.append((try common.terms(of: occurrence), origin))
            } catch {
                if problems.count < SchedulingLimits.problems, !problems.contains(error) { problems.append(error) }
            }
        }
        guard problems.isEmpty else {
            throw CommandFailure(problems.map { "\(file): \($0)" }.joined(separator: "\n"))
        }
        return wanted
    }

    struct Wanted {
        var items: [(terms: ReservationTerms, origin: ReservationOrigin?)] = []
        var events: [String: Int]
        var past: Int
        var unwanted: Int
    }

    func run() async throws {
        let portal = try ReservationOptions.portal(options.portal, of: try configurationOption.load())
        let wanted = try read(try bytes(), portal: portal, now: .current())
        if wanted.past > 0 { Output.note("\(wanted.past) times are over already and were left out") }
        if wanted.unwanted > 0 { Output.note("\(wanted.unwanted) events are of other categories") }
        guard !wanted.items.isEmpty || !wanted.events.isEmpty else {
            throw CommandFailure("\(file) has nothing to come")
        }
        let client = try await ControlClient(configurationOption)
        let booking = try await client.book(
            portal: portal, items: wanted.items, skipsConflicts: skipConflicts, events: wanted.events,
            isDryRun: dryRun)
        Output.print(
            output.json ? Output.json(booking) : BookingTable.text(booking, isDryRun: dryRun, time: options.time))
        if !booking.isBooked { throw ExitCode.failure }
    }

    /// No more than a calendar may have, and one byte that says that it is too long.
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
