import BrokerCore
import Foundation

/// Moments as people type them: `2026-03-01T09:30`, with `Z` or an offset such as `+01:00`, else in a time zone.
enum MomentText {
    /// `nil` unless the text is a date and a time that there is in that zone.
    static func parse(_ text: String, zone: TimeZone) -> Timestamp? {
        guard text.utf8.count >= 16 else { return nil }
        let (clock, suffix) = (text.prefix(16), text.dropFirst(16))
        let offset: TimeZone?
        switch suffix {
        case "": offset = zone
        case "Z": offset = TimeZone(secondsFromGMT: 0)
        default: offset = Self.offset(suffix)
        }
        guard let offset, matches(clock, "dddd-dd-ddTdd:dd") else { return nil }
        let numbers = clock.split { !$0.isNumber }.compactMap { Int($0) }
        var calendar = Calendar(identifier: .gregorian)
        calendar.timeZone = offset
        let parts = DateComponents(
            year: numbers[0], month: numbers[1], day: numbers[2], hour: numbers[3], minute: numbers[4])
        guard let date = calendar.date(from: parts) else { return nil }
        // A calendar makes the 31st of February a day in March, and a time that a change of clocks skips another one.
        let found = calendar.dateComponents([.year, .month, .day, .hour, .minute], from: date)
        guard [found.year, found.month, found.day, found.hour, found.minute] == numbers.map(Optional.some) else {
            return nil
        }
        return Timestamp(milliseconds: Int64(date.timeIntervalSince1970 * 1000))
    }

    private static func offset(_ text: Substring) -> TimeZone? {
        guard let sign = text.first, "+-".contains(sign), matches(text.dropFirst(), "dd:dd") else { return nil }
        let numbers = text.dropFirst().split(separator: ":").compactMap { Int($0) }
        guard numbers[0] <= 14, numbers[1] < 60 else { return nil }
        return TimeZone(secondsFromGMT: (sign == "-" ? -60 : 60) * (numbers[0] * 60 + numbers[1]))
    }

    /// `d` is a digit, everything else itself.
    private static func matches(_ text: Substring, _ pattern: String) -> Bool {
        text.utf8.count == pattern.utf8.count
            && zip(text.utf8, pattern.utf8).allSatisfy { byte, mark in
                mark == UInt8(ascii: "d") ? (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) : byte == mark
            }
    }
}
