/// A date and time of day without a time zone, and so not an absolute time.
public struct WallTime: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// Days since 1970-01-01 in the Gregorian calendar.
    public var day: Int64
    /// Seconds since midnight, 0 to 86,399.
    public var second: Int64

    public init(day: Int64, second: Int64) {
        self.day = day
        self.second = second
    }

    /// `nil` for dates that do not exist, such as the 30th of February, and for years before 1 or after 9999.
    public init?(year: Int, month: Int, day: Int, hour: Int = 0, minute: Int = 0, second: Int = 0) {
        guard let date = CivilDate(year: year, month: month, day: day), (0...23).contains(hour),
            (0...59).contains(minute), (0...59).contains(second)
        else { return nil }
        self.init(day: date.daysSince1970, second: Int64(hour * 3600 + minute * 60 + second))
    }

    /// Seconds since 1970, computed as if it were Coordinated Universal Time.
    public var secondsSince1970: Int64 { day * 86_400 + second }

    public init(secondsSince1970: Int64) {
        let day = secondsSince1970.flooredQuotient(by: 86_400)
        self.init(day: day, second: secondsSince1970 - day * 86_400)
    }

    public var weekday: Weekday { Weekday(day: day) }
    public var date: CivilDate { CivilDate(daysSince1970: day) }
    /// `09:30`; seconds are omitted.
    public var timeOfDay: String { "\(Self.two(second / 3600)):\(Self.two(second / 60 % 60))" }
    /// `09:30:05`.
    public var timeOfDayWithSeconds: String { "\(timeOfDay):\(Self.two(second % 60))" }
    public var description: String { "\(date)T\(timeOfDay)" }

    public static func < (a: WallTime, b: WallTime) -> Bool { (a.day, a.second) < (b.day, b.second) }

    static func two(_ number: Int64) -> String { number < 10 ? "0\(number)" : "\(number)" }
}

public enum Weekday: Int, Hashable, Sendable, CaseIterable {
    case monday, tuesday, wednesday, thursday, friday, saturday, sunday

    /// 1970-01-01 was a Thursday.
    init(day: Int64) {
        let index = (day + 3) - (day + 3).flooredQuotient(by: 7) * 7
        self = Self.allCases[Int(index)]
    }

    /// A BYDAY code of RFC 5545, section 3.3.10, such as `MO`.
    public init?(code: some StringProtocol) {
        guard let index = Self.codes.firstIndex(where: { $0 == code }) else { return nil }
        self = Self.allCases[index]
    }

    public var code: String { Self.codes[rawValue] }

    private static let codes = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"]
}

/// A day of the Gregorian calendar, from year 1 to 9999.
public struct CivilDate: Hashable, Sendable, CustomStringConvertible {
    public var year: Int
    public var month: Int
    public var day: Int

    init?(year: Int, month: Int, day: Int) {
        guard (1...9999).contains(year), (1...12).contains(month), day >= 1,
            day <= Self.daysInMonth(year: year, month: month)
        else { return nil }
        self.year = year
        self.month = month
        self.day = day
    }

    init(daysSince1970 days: Int64) {
        // Years are counted from March, so that the leap day is the last of its year.
        let shifted = days + 719_468
        let era = shifted.flooredQuotient(by: 146_097)
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        day = Int(dayOfYear - (153 * shiftedMonth + 2) / 5 + 1)
        month = Int(shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9)
        year = Int(yearOfEra + era * 400) + (month <= 2 ? 1 : 0)
    }

    var daysSince1970: Int64 {
        let shiftedYear = Int64(month <= 2 ? year - 1 : year)
        let era = shiftedYear.flooredQuotient(by: 400)
        let yearOfEra = shiftedYear - era * 400
        let shiftedMonth = Int64(month > 2 ? month - 3 : month + 9)
        let dayOfYear = (153 * shiftedMonth + 2) / 5 + Int64(day) - 1
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        return era * 146_097 + dayOfEra - 719_468
    }

    private static func daysInMonth(year: Int, month: Int) -> Int {
        switch month {
        case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }

    public var description: String {
        let digits = String(year)
        return String(repeating: "0", count: max(0, 4 - digits.count)) + digits
            + "-\(WallTime.two(Int64(month)))-\(WallTime.two(Int64(day)))"
    }
}

extension Int64 {
    func flooredQuotient(by divisor: Int64) -> Int64 {
        let quotient = self / divisor
        return self % divisor < 0 ? quotient - 1 : quotient
    }
}
