import BrokerCore

/// The part of RFC 5545's recurrence rules (section 3.3.10) that classes use: every so many days or weeks, on certain
/// days of the week.
///
/// The wall time stays the same across clock changes.
public struct Recurrence: Hashable, Sendable {
    public enum Frequency: String, Hashable, Sendable {
        case daily = "DAILY"
        case weekly = "WEEKLY"
    }

    public enum End: Hashable, Sendable {
        case never
        /// After this many occurrences, including the first.
        case count(Int)
        /// The last occurrence begins on this day (since 1970) at the latest.
        case day(Int64)
        case wall(WallTime)
        case moment(Timestamp)
    }

    public var frequency: Frequency
    /// The interval in days or weeks, from 1.
    public var interval: Int
    /// Only on these days. If empty: on any day, or for weekly recurrence on that of the first occurrence.
    public var weekdays: Set<Weekday>
    /// The first day of a week; matters only if the interval is more than one week.
    public var weekStart: Weekday
    public var end: End

    public init(
        _ frequency: Frequency, interval: Int = 1, weekdays: Set<Weekday> = [], weekStart: Weekday = .monday,
        end: End
    ) {
        self.frequency = frequency
        self.interval = interval
        self.weekdays = weekdays
        self.weekStart = weekStart
        self.end = end
    }

    /// The starts of a recurrence up to a horizon.
    public struct Starts: Hashable, Sendable {
        /// In order.
        public var times: [WallTime] = []
        /// The first start beyond the horizon; `nil` if the recurrence ends before it.
        public var next: WallTime?
    }

    /// The starts of all occurrences.
    ///
    /// - Parameters:
    ///   - first: the first start; the rule must include it.
    ///   - horizon: of the starts after it, only the first is returned.
    ///   - limit: the maximum number of starts at or after `since`; earlier ones are not returned.
    /// - Throws: if the rule gives more than the limits allow, or excludes its own first start.
    public func starts(
        from first: WallTime, on clock: WallClock, since: Timestamp, until horizon: Timestamp,
        limit: Int = SchedulingLimits.occurrences
    ) throws(SchedulingError) -> Starts {
        guard weekdays.isEmpty || weekdays.contains(first.weekday) else {
            throw SchedulingError(
                "the first day, \(first.date), is a \(first.weekday), which the recurrence leaves out")
        }
        var starts = Starts()
        var given = 0
        var looked = 0
        // Occurrences long past are only counted, because computing their absolute times takes longer.
        let firstDay = clock.wallTime(at: since).day - 2
        let last = lastStart(on: clock)
        for day in days(from: first) {
            looked += 1
            guard looked <= SchedulingLimits.recurrenceDays else {
                throw SchedulingError(
                    "more than \(SchedulingLimits.recurrenceDays) days must be examined to find when it comes; "
                        + "let it begin later")
            }
            guard let day else { continue }
            let start = WallTime(day: day, second: first.second)
            if let last, start > last { break }
            if case .count(let count) = end, given >= count { break }
            given += 1
            guard day >= firstDay else { continue }
            let moment = clock.moment(of: start)
            guard moment <= horizon else {
                starts.next = start
                break
            }
            guard moment >= since else { continue }
            guard starts.times.count < limit else {
                throw SchedulingError("it comes more than \(limit) times; let it end earlier")
            }
            starts.times.append(start)
        }
        return starts
    }

    private func lastStart(on clock: WallClock) -> WallTime? {
        switch end {
        case .never, .count: nil
        case .day(let day): WallTime(day: day, second: 86_399)
        case .wall(let last): last
        case .moment(let last): clock.wallTime(at: last)
        }
    }

    /// The candidate days in order, without an end; `nil` for a day that the rule excludes.
    private func days(from first: WallTime) -> some Sequence<Int64?> {
        let step = Int64(interval)
        switch frequency {
        case .daily:
            return sequence(state: first.day) { day -> Int64?? in
                defer { day += step }
                return .some(weekdays.isEmpty || weekdays.contains(Weekday(day: day)) ? day : nil)
            }
        case .weekly:
            let wanted = weekdays.isEmpty ? [first.weekday] : weekdays
            let offset = Int64((first.weekday.rawValue - weekStart.rawValue + 7) % 7)
            return sequence(state: first.day) { day -> Int64?? in
                let current = day
                day += 1
                // At the end of a week, skips the weeks that the interval excludes.
                if (day - (first.day - offset)) % 7 == 0 { day += 7 * (step - 1) }
                return .some(wanted.contains(Weekday(day: current)) ? current : nil)
            }
        }
    }
}

/// An invalid or unsupported calendar, recurrence or time, described for its author.
public struct SchedulingError: Error, Hashable, Sendable, CustomStringConvertible {
    public var message: String
    /// The line of the file, from 1.
    public var line: Int?

    public init(_ message: String, line: Int? = nil) {
        self.message = message
        self.line = line
    }

    public var description: String { line.map { "line \($0): \(message)" } ?? message }
}
