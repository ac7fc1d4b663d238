import BrokerCore

/// A time as people type it: `2026-12-01T09:00`, with `Z` or an offset such as `+01:00`, or else in the wall time of
/// some place; and, relative to another time, a time of day alone: `11:00`.
public enum TypedMoment: Hashable, Sendable {
    case moment(Timestamp)
    case wall(WallTime)
    /// Seconds since midnight.
    case timeOfDay(Int64)

    /// `nil` unless it is an existing date and a time of day, to the minute.
    public init?(_ text: String) {
        if Self.matches(text, "dd:dd"), let wall = Self.wall("1970-01-01T" + text) {
            self = .timeOfDay(wall.second)
            return
        }
        guard text.utf8.count >= 16, let wall = Self.wall(String(text.prefix(16))) else { return nil }
        switch text.dropFirst(16) {
        case "": self = .wall(wall)
        case "Z": self = .moment(Timestamp(milliseconds: wall.secondsSince1970 * 1000))
        case let suffix:
            guard let offset = Self.offset(suffix) else { return nil }
            self = .moment(Timestamp(milliseconds: (wall.secondsSince1970 - offset) * 1000))
        }
    }

    /// `2026-12-01`: days since 1970.
    public static func day(_ text: String) -> Int64? {
        guard matches(text, "dddd-dd-dd") else { return nil }
        return wall(text + "T00:00")?.day
    }

    /// The absolute time.
    ///
    /// - Parameter start: for a time of day alone: the result is the one after `start` on the same day.
    /// - Throws: if a clock change makes it occur never or twice.
    public func timestamp(on clock: WallClock, after start: Timestamp? = nil) throws(SchedulingError) -> Timestamp {
        let wall: WallTime
        switch self {
        case .moment(let moment): return moment
        case .wall(let given): wall = given
        case .timeOfDay(let second):
            guard let start else { throw SchedulingError("a date is missing before the time of day") }
            wall = WallTime(day: clock.wallTime(at: start).day, second: second)
        }
        switch clock.meaning(of: wall) {
        case .once(let moment): return moment
        case .twice(let first, let second):
            // A time of day means the one after the start, if there is only one.
            if case .timeOfDay = self, let start, first <= start, second > start { return second }
            throw SchedulingError(
                "\(wall) comes twice in \(clock.name), because the clocks are put back: say which one, "
                    + "\(Self.text(wall, offset: clock.offset(at: first))) or "
                    + Self.text(wall, offset: clock.offset(at: second)))
        case .never(let from, let to, let instead):
            throw SchedulingError(
                "\(clock.skipping(wall, from: from, to: to)); take \(clock.wallTime(at: instead)), or another time")
        }
    }

    private static func text(_ wall: WallTime, offset: Int64) -> String {
        let minutes = abs(offset) / 60
        return "\(wall)\(offset < 0 ? "-" : "+")\(WallTime.two(minutes / 60)):\(WallTime.two(minutes % 60))"
    }

    /// `2026-12-01T09:00`.
    private static func wall(_ text: String) -> WallTime? {
        guard matches(text, "dddd-dd-ddTdd:dd") else { return nil }
        let numbers = text.split { !$0.isNumber }.compactMap { Int($0) }
        return WallTime(year: numbers[0], month: numbers[1], day: numbers[2], hour: numbers[3], minute: numbers[4])
    }

    private static func offset(_ text: Substring) -> Int64? {
        guard let sign = text.first, "+-".contains(sign), matches(text.dropFirst(), "dd:dd") else { return nil }
        let numbers = text.dropFirst().split(separator: ":").compactMap { Int64($0) }
        guard numbers[0] <= 14, numbers[1] < 60 else { return nil }
        return (sign == "-" ? -60 : 60) * (numbers[0] * 60 + numbers[1])
    }

    /// `d` matches a digit, every other character itself.
    private static func matches(_ text: some StringProtocol, _ pattern: String) -> Bool {
        text.utf8.count == pattern.utf8.count
            && zip(text.utf8, pattern.utf8).allSatisfy { byte, mark in
                mark == UInt8(ascii: "d") ? (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) : byte == mark
            }
    }
}
