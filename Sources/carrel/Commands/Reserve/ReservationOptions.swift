import ArgumentParser
import Broker
import BrokerCore
import Doors
import Foundation
import Identity
import Scheduling

/// The options that all ways to create reservations share.
struct ReservationOptions: ParsableArguments {
    @OptionGroup var portal: PortalOption
    @Option(help: "The course whose learners get the seats.") var context: String?
    @Option(help: ArgumentHelp("A learner who gets a seat; may be repeated.", valueName: "id")) var learner: [String] =
        []
    @Option(
        help: "A file of learners who get a seat: one identifier a line, or CSV with the identifier first.",
        completion: .file())
    var roster: String?
    @Option(help: ArgumentHelp("The share of the seats whose labs run already at the start.", valueName: "percent"))
    var warm = PercentArgument(100)
    @Option(help: ArgumentHelp("How long before the start seats are held, and warmed up.", valueName: "duration"))
    var lead = DurationArgument(.seconds(1800))
    @Option(
        help: ArgumentHelp("Seats that nobody has claimed this long after the start are let go.", valueName: "duration")
    )
    var noShow = DurationArgument(.seconds(1800))
    @Option(help: ArgumentHelp("How long sessions may go on after the end.", valueName: "duration"))
    var overrun = DurationArgument(.zero)
    @Option(help: "The time zone of times, in and out, such as Europe/Warsaw; this machine's if left out.")
    var zone: String?

    func validate() throws {
        if let context { try Self.check(context, "--context", IdentityLimits.contextLength) }
        for id in learner { try Self.check(id, "--learner", IdentityLimits.subjectLength) }
        guard let zone else { return }
        do { _ = try ZoneDatabase.system().clock(named: zone) } catch {
            throw ValidationError("--zone is \(zone): \(error.message)")
        }
    }

    /// An identifier that no link can carry would reserve a seat that nobody can use.
    private static func check(_ value: String, _ option: String, _ limit: Int) throws {
        do throws(LaunchError) { try FieldRule.check(value, name: option, maximum: limit) } catch {
            throw ValidationError(error.cause)
        }
    }

    var clock: WallClock { zone.flatMap { try? ZoneDatabase.system().clock(named: $0) } ?? .local }

    /// Shows times in the zone in which they were requested.
    var time: TimeText { TimeText(clock: clock) }

    /// All learners that are named, including those in the file.
    func learners() throws -> Set<String> {
        guard let roster else { return Set(learner) }
        return try Roster(file: roster).learners.union(learner)
    }
}

/// A time on the command line; in the time zone of --zone unless it says otherwise.
struct MomentArgument: ExpressibleByArgument, Hashable, Sendable {
    var text: String
    var moment: TypedMoment

    init?(argument: String) {
        guard let moment = TypedMoment(argument) else { return nil }
        text = argument
        self.moment = moment
    }
}

/// A recurrence on the command line: `daily`, `weekdays`, `weekly`, `fortnightly`, or days such as `mon,wed`.
struct RepeatArgument: ExpressibleByArgument, Hashable, Sendable {
    var text: String
    var recurrence: Recurrence

    init?(argument: String) {
        text = argument
        switch argument {
        case "daily": recurrence = Recurrence(.daily, end: .never)
        case "weekdays": recurrence = Recurrence(.weekly, weekdays: Set(Weekday.allCases.prefix(5)), end: .never)
        case "weekly": recurrence = Recurrence(.weekly, end: .never)
        case "fortnightly": recurrence = Recurrence(.weekly, interval: 2, end: .never)
        default:
            var days: Set<Weekday> = []
            for word in argument.split(separator: ",", omittingEmptySubsequences: false) {
                guard word.count >= 2, let day = Weekday.allCases.first(where: { "\($0)".hasPrefix(word.lowercased()) })
                else { return nil }
                days.insert(day)
            }
            recurrence = Recurrence(.weekly, weekdays: days, end: .never)
        }
    }

    static let allValueStrings = ["daily", "weekdays", "weekly", "fortnightly", "mon,wed"]
}

/// A day on the command line: `2026-12-20`.
struct DayArgument: ExpressibleByArgument, Hashable, Sendable {
    /// Days since 1970.
    var day: Int64

    init?(argument: String) {
        guard let day = TypedMoment.day(argument) else { return nil }
        self.day = day
    }
}
