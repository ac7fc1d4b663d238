import BrokerCore
import Foundation

/// The sentences' ways to say a time in one language, for a script that shows it in the reader's own time zone.
/// `{clock}` and `{day}` are to be filled in.
public struct MomentForms: Hashable, Sendable, Codable {
    /// The language in which browsers write the day.
    public var locale: String
    public var clock: String
    /// The same for a clock that says one o'clock, or some minutes after it.
    public var clockOne: String
    public var atToday: String
    public var atDay: String
    public var untilToday: String
    public var untilDay: String
}

/// Times for people whose time zone is unknown: in UTC, marked as such.
struct MomentText {
    let catalogue: Catalogue

    /// `2026-12-01T14:30:00Z`, for the script.
    static func iso(_ time: Timestamp) -> String {
        let parts = parts(time)
        return
            "\(parts.year ?? 0)-\(two(parts.month))-\(two(parts.day))T\(two(parts.hour)):\(two(parts.minute)):\(two(parts.second))Z"
    }

    /// With its day only if that is not today: the weekday within six days, the date beyond.
    func utc(_ time: Timestamp, _ form: Prose.MomentForm, seen: Timestamp) -> String {
        let (parts, today) = (Self.parts(time), Self.parts(seen))
        let clock = clock("\(Self.two(parts.hour)):\(Self.two(parts.minute)) UTC", hour: parts.hour ?? 0)
        if (parts.year, parts.month, parts.day) == (today.year, today.month, today.day) {
            return text("time.\(form.rawValue)-today", ["clock": .word(clock)])
        }
        let isNear = .zero <= time - seen && time - seen < .seconds(6 * 86_400)
        let day = isNear ? name("time.weekdays", (parts.weekday ?? 1) - 1) : date(parts, year: today.year)
        return text("time.\(form.rawValue)-day", ["day": .word(day), "clock": .word(clock)])
    }

    var forms: MomentForms {
        let (clock, day) = (Message.Argument.word("{clock}"), Message.Argument.word("{day}"))
        return MomentForms(
            locale: text("time.locale"), clock: self.clock("{clock}", hour: 2),
            clockOne: self.clock("{clock}", hour: 1),
            atToday: text("time.at-today", ["clock": clock]),
            atDay: text("time.at-day", ["day": day, "clock": clock]),
            untilToday: text("time.until-today", ["clock": clock]),
            untilDay: text("time.until-day", ["day": day, "clock": clock]))
    }

    /// - Parameter hour: on a clock of 24 hours; one of 12 hours says one at 13, too.
    private func clock(_ clock: String, hour: Int) -> String {
        text("time.clock", ["clock": .word(clock), "hour": .number(Int64(hour))])
    }

    private func date(_ parts: DateComponents, year: Int?) -> String {
        var arguments: [String: Message.Argument] = [
            "day": .word("\(parts.day ?? 0)"), "month": .word(name("time.months", (parts.month ?? 1) - 1)),
        ]
        if parts.year == year { return text("time.date", arguments) }
        arguments["year"] = .word("\(parts.year ?? 0)")
        return text("time.date-with-year", arguments)
    }

    private func name(_ key: String, _ index: Int) -> String {
        let names = text(key).split(separator: " ")
        return index < names.count ? String(names[index]) : ""
    }

    private func text(_ key: String, _ arguments: [String: Message.Argument] = [:]) -> String {
        Filling(catalogue: catalogue, arguments: arguments, seen: Timestamp(milliseconds: 0)).prose(key)?.plain ?? key
    }

    private static func parts(_ time: Timestamp) -> DateComponents {
        calendar.dateComponents(
            [.year, .month, .day, .weekday, .hour, .minute, .second],
            from: Date(timeIntervalSince1970: Double(time.milliseconds) / 1000))
    }

    private static func two(_ number: Int?) -> String {
        let number = number ?? 0
        return number < 10 ? "0\(number)" : "\(number)"
    }

    private static let calendar: Calendar = {
        var calendar = Calendar(identifier: .gregorian)
        calendar.timeZone = .gmt
        return calendar
    }()
}
