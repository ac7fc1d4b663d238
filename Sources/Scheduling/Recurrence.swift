import BrokerCore

/// What comes again and again: the part of RFC 5545's recurrence rules (section 3.3.10) that classes are made of, every
/// so many days or weeks, on certain days of the week.
///
/// The time of day on the wall stays the same when the clocks are changed.
public struct Recurrence: Hashable, Sendable {
    public enum Frequency: String, Hashable, Sendable {
        case daily = "DAILY"
        case weekly = "WEEKLY"
    }

    public enum End: Hashable, Sendable {
        case never
        /// After so many, the first one included.
        case count(Int)
        /// The last one begins on this day (since 1970) at the latest.
        case day(Int64)
        case wall(WallTime)
        case moment(Timestamp)
    }

    public var frequency: Frequency
    /// Every so many days or weeks, from 1.
    public var interval: Int
    /// Only on these days; empty: on any, or, weekly, on that of the first one.
    public var weekdays: Set<Weekday>
    /// On which day a week begins; matters when only some of the weeks count.
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

    /// When a recurrence comes, up to a horizon.
    public struct Starts: Hashable, Sendable {
        /// In order.
        public var times: [WallTime] = []
        /// The first one beyond the horizon; `nil` where the recurrence has ended by then.
        public var next: WallTime?
    }

    /// The starts of all occurrences.
    ///
    /// - Parameters:
    ///   - first: the first one; it must be one of those that the rule gives.
    ///   - horizon: of those that begin later only the first is told.
    ///   - limit: the greatest number of starts at or after `since`; those before it are not returned.
    /// - Throws: where the rule gives more than the limits allow, or not its own first one.
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
        // What is long past is only counted: to know its moment takes longer.
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

    /// The candidate days, in order, without an end; `nil` for one that is none of the rule's.
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
                // At the end of a week, the ones that do not count are passed over.
                if (day - (first.day - offset)) % 7 == 0 { day += 7 * (step - 1) }
                return .some(wanted.contains(Weekday(day: current)) ? current : nil)
            }
        }
    }
}

/// Something that is no calendar, no recurrence or no time, in words for whoever wrote it.
public struct SchedulingError: Error, Hashable, Sendable, CustomStringConvertible {
    public var message: String
    /// Of the file, from 1.
    public var line: Int?

    public init(_ message: String, line: Int? = nil) {
        self.message = message
        self.line = line
    }

    public var description: String { line.map { "line \($0): \(message)" } ?? message }
}
