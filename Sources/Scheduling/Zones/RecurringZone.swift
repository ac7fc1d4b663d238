/// A zone with the same clock changes every year: the TZ string of POSIX, such as `CET-1CEST,M3.5.0,M10.5.0/3`, with
/// the extensions of RFC 9636, section 3.3.1.
public struct RecurringZone: Hashable, Sendable {
    /// The standard (winter) offset in seconds ahead of Coordinated Universal Time.
    let standardOffset: Int64
    private let summer: Summer?

    private struct Summer: Hashable {
        var offset: Int64
        var begin: Day
        var end: Day
    }

    /// A day of each year, and seconds after its midnight in the wall time before the change.
    private struct Day: Hashable {
        enum Rule: Hashable {
            /// 1 to 365; the 29th of February is never counted.
            case withoutLeapDay(Int64)
            /// 0 to 365; the 29th of February is counted.
            case withLeapDay(Int64)
            /// Week 5 means the last such weekday of the month; Sunday is 0.
            case weekday(month: Int, week: Int64, weekday: Int64)
        }

        var rule: Rule
        var second: Int64
    }

    /// `nil` if `text` is not such a string.
    public init?(_ text: String) {
        var reader = Reader(rest: Substring(text).utf8)
        guard reader.name(), let standard = reader.offset() else { return nil }
        standardOffset = -standard
        if reader.rest.isEmpty {
            summer = nil
            return
        }
        guard reader.name() else { return nil }
        var offset = standardOffset + 3600
        if let first = reader.rest.first, first != UInt8(ascii: ",") {
            guard let given = reader.offset() else { return nil }
            offset = -given
        }
        // Without dates the rule is undefined, since programs differ in their defaults.
        guard let begin = reader.day(), let end = reader.day(), reader.rest.isEmpty else { return nil }
        summer = Summer(offset: offset, begin: begin, end: end)
    }

    /// The offset in seconds ahead of Coordinated Universal Time.
    ///
    /// - Parameter seconds: since 1970.
    func offset(at seconds: Int64) -> Int64 {
        guard let summer, let year = Self.year(of: seconds) else { return standardOffset }
        // A rule may reach into the next year, so the neighbouring years are included.
        var latest: (moment: Int64, isSummer: Bool)?
        for year in year - 1...year + 1 {
            let changes = [
                // If summer time ends exactly as the next one begins, it continues, so the end comes first.
                (moment: Self.moment(of: summer.end, in: year) - summer.offset, isSummer: false),
                (moment: Self.moment(of: summer.begin, in: year) - standardOffset, isSummer: true),
            ]
            for change in changes where change.moment <= seconds {
                if latest.map({ $0.moment < change.moment || ($0.moment == change.moment && change.isSummer) }) ?? true
                {
                    latest = change
                }
            }
        }
        return latest?.isSummer == true ? summer.offset : standardOffset
    }

    /// `nil` outside the range of the calendar.
    private static func year(of seconds: Int64) -> Int? {
        let day = seconds.flooredQuotient(by: 86_400)
        guard (-719_000...2_932_000).contains(day) else { return nil }
        return CivilDate(daysSince1970: day).year
    }

    /// Computed as if the wall time were Coordinated Universal Time.
    private static func moment(of day: Day, in year: Int) -> Int64 {
        // This is also called for the year before year 1, for which `CivilDate`'s checked initializer returns `nil`.
        func first(of month: Int) -> Int64 {
            var date = CivilDate(daysSince1970: 0)
            (date.year, date.month) = (year, month)
            return date.daysSince1970
        }
        let january = first(of: 1)
        let isLeap = first(of: 3) - january == 60
        let number: Int64
        switch day.rule {
        case .withoutLeapDay(let count): number = january + count - 1 + (isLeap && count >= 60 ? 1 : 0)
        case .withLeapDay(let count): number = january + count
        case .weekday(let month, let week, let weekday):
            let start = first(of: month)
            let length = month == 12 ? 31 : first(of: month + 1) - start
            // 1970-01-01 was a Thursday.
            let weekdayOfFirst = (start + 4) - (start + 4).flooredQuotient(by: 7) * 7
            var offset = (weekday - weekdayOfFirst + 7) % 7 + (week - 1) * 7
            if offset >= length { offset -= 7 }
            number = start + offset
        }
        return number * 86_400 + day.second
    }

    /// Parses parts from the front.
    private struct Reader {
        var rest: Substring.UTF8View

        mutating func takes(_ byte: UInt8) -> Bool {
            guard rest.first == byte else { return false }
            rest = rest.dropFirst()
            return true
        }

        /// `CEST`, or `<+03>`.
        mutating func name() -> Bool {
            if takes(UInt8(ascii: "<")) {
                let inside = rest.prefix { $0 != UInt8(ascii: ">") }
                rest = rest.dropFirst(inside.count)
                return inside.count >= 3 && takes(UInt8(ascii: ">"))
            }
            let letters = rest.prefix { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0 | 0x20) }
            rest = rest.dropFirst(letters.count)
            return letters.count >= 3
        }

        mutating func number(_ range: ClosedRange<Int64>) -> Int64? {
            let digits = rest.prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
            guard (1...3).contains(digits.count), let number = Int64(Substring(digits)), range.contains(number) else {
                return nil
            }
            rest = rest.dropFirst(digits.count)
            return number
        }

        /// Seconds behind Coordinated Universal Time, in the sign convention of POSIX.
        mutating func offset() -> Int64? { clock(hours: 0...24) }

        /// `[+-]hh[:mm[:ss]]`, in seconds.
        mutating func clock(hours: ClosedRange<Int64>) -> Int64? {
            let isNegative = takes(UInt8(ascii: "-"))
            if !isNegative { _ = takes(UInt8(ascii: "+")) }
            guard let hour = number(hours) else { return nil }
            var seconds = hour * 3600
            for unit: Int64 in [60, 1] where takes(UInt8(ascii: ":")) {
                guard let part = number(0...59) else { return nil }
                seconds += part * unit
            }
            return isNegative ? -seconds : seconds
        }

        /// `,M3.5.0/2`, `,J60`, `,59/-1`; at two o'clock by default.
        mutating func day() -> Day? {
            guard takes(UInt8(ascii: ",")) else { return nil }
            let rule: Day.Rule
            if takes(UInt8(ascii: "M")) {
                guard let month = number(1...12), takes(UInt8(ascii: ".")), let week = number(1...5),
                    takes(UInt8(ascii: ".")), let weekday = number(0...6)
                else { return nil }
                rule = .weekday(month: Int(month), week: week, weekday: weekday)
            } else if takes(UInt8(ascii: "J")) {
                guard let count = number(1...365) else { return nil }
                rule = .withoutLeapDay(count)
            } else {
                guard let count = number(0...365) else { return nil }
                rule = .withLeapDay(count)
            }
            guard takes(UInt8(ascii: "/")) else { return Day(rule: rule, second: 7200) }
            // Up to a week in either direction (RFC 9636, section 3.3.1).
            guard let second = clock(hours: 0...167) else { return nil }
            return Day(rule: rule, second: second)
        }
    }
}
