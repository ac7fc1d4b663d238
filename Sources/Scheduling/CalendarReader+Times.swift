import BrokerCore

/// Converts a calendar's times to absolute times.
extension CalendarReader {
    /// The times of one occurrence.
    struct Times: Hashable, Sendable {
        struct Start: Hashable, Sendable {
            var moment: Timestamp
            var wall: WallMoment?

            /// - Parameter isMoment: the calendar gives an absolute time, so no wall time is kept.
            init(_ wall: WallTime, on clock: WallClock, isMoment: Bool) {
                moment = clock.moment(of: wall)
                let isTold = !isMoment && clock.name != WallClock.unnamed
                self.wall = isTold ? WallMoment(zone: clock.name, seconds: wall.secondsSince1970) : nil
            }
        }

        var start: Start
        var to: Timestamp
        var wall: WallSpan?
    }

    /// The times of an event.
    struct Schedule: Sendable {
        /// The event's own start (DTSTART).
        var first: WallTime
        var clock: WallClock
        /// Up to the horizon, without the event's exceptions.
        var times: [Times]
        /// The first start beyond the horizon.
        var next: WallTime?

        /// For a start that a clock change skips: an explanation, and the wall time that takes its place.
        var gap: (words: String, instead: WallTime)? {
            guard case .never(let from, let to, let instead) = clock.meaning(of: first) else { return nil }
            return (clock.skipping(first, from: from, to: to), clock.wallTime(at: instead))
        }
    }

    func schedule(of event: CalendarEvent, in file: CalendarFile) throws(SchedulingError) -> Schedule {
        guard let start = event.start else { throw SchedulingError("the event has no DTSTART", line: event.line) }
        let (first, clock) = try place(start, in: file, event)
        let length = try length(of: event, from: first, on: clock, in: file)
        let starts = try starts(of: event, from: first, on: clock)
        var left: Set<Timestamp> = []
        var leftDays: Set<Int64> = []
        for exception in event.exceptions {
            if case .date(let day) = exception {
                leftDays.insert(day)
            } else {
                left.insert(try moment(of: exception, in: file, event))
            }
        }
        let times = starts.times.compactMap { wall -> Times? in
            let begin = Times.Start(wall, on: clock, isMoment: start.isMoment)
            guard !left.contains(begin.moment), !leftDays.contains(wall.day) else { return nil }
            let to =
                switch length {
                case .exact(let duration): begin.moment + duration
                case .nominal(let span):
                    clock.moment(of: WallTime(day: wall.day + span.days, second: wall.second)) + .seconds(span.seconds)
                }
            var span = begin.wall == nil ? nil : clock.span(from: begin.moment, to: to)
            // If a clock change skips the calendar's wall time, that wall time is still kept, because it is what its
            // author means.
            span?.from = wall.secondsSince1970
            return Times(start: begin, to: to, wall: span)
        }
        return Schedule(first: first, clock: clock, times: times, next: starts.next)
    }

    private func starts(
        of event: CalendarEvent, from first: WallTime, on clock: WallClock
    ) throws(SchedulingError) -> Recurrence.Starts {
        guard let recurrence = event.recurrence else {
            return clock.moment(of: first) <= horizon
                ? Recurrence.Starts(times: [first]) : Recurrence.Starts(next: first)
        }
        do throws(SchedulingError) {
            return try recurrence.starts(
                from: first, on: clock, since: now - Limits.reservationLength, until: horizon)
        } catch {
            throw SchedulingError(error.message, line: event.line)
        }
    }

    /// RFC 5545, section 3.8.5.3: with a DTEND every occurrence has the exact duration of the first; the days of a
    /// DURATION are calendar days.
    private enum Length {
        case exact(Duration)
        case nominal(CalendarSpan)
    }

    private func length(
        of event: CalendarEvent, from first: WallTime, on clock: WallClock, in file: CalendarFile
    ) throws(SchedulingError) -> Length {
        switch (event.end, event.span) {
        case (let end?, nil):
            return .exact(try moment(of: end, in: file, event) - clock.moment(of: first))
        case (nil, let span?): return .nominal(span)
        case (nil, nil):
            throw SchedulingError("the event has neither DTEND nor DURATION, so it has no length", line: event.line)
        case (.some, .some): throw SchedulingError("the event has both DTEND and DURATION", line: event.line)
        }
    }

    private func moment(
        of time: CalendarTime, in file: CalendarFile, _ event: CalendarEvent
    ) throws(SchedulingError) -> Timestamp {
        let (wall, clock) = try place(time, in: file, event)
        return clock.moment(of: wall)
    }

    func place(
        _ time: CalendarTime, in file: CalendarFile, _ event: CalendarEvent
    ) throws(SchedulingError) -> (WallTime, WallClock) {
        switch time {
        case .utc(let wall): return (wall, .utc)
        case .floating(let wall):
            guard let zone = file.zone else { return (wall, clock) }
            return (wall, try clock(named: zone, in: file, event))
        case .zoned(let wall, let zone): return (wall, try clock(named: zone, in: file, event))
        case .date:
            throw SchedulingError("it lasts whole days; a reservation needs times of day", line: event.line)
        }
    }

    private func clock(
        named name: String, in file: CalendarFile, _ event: CalendarEvent
    ) throws(SchedulingError) -> WallClock {
        if let clock = known[name] { return clock }
        // Without the machine's time zones every zone would be reported as unknown.
        if let problem = zones.problem { throw problem }
        throw SchedulingError(
            "the time zone \"\(name.prefix(60))\" is not known; say which it is with "
                + "--tzid \"\(name.prefix(60))=Europe/Warsaw\", with the right one",
            line: event.line)
    }

    mutating func lookUpZones(of file: CalendarFile) {
        let times = file.events.flatMap { [$0.start, $0.end, $0.recurrenceID].compactMap(\.self) + $0.exceptions }
        let names = times.compactMap { if case .zoned(_, let zone) = $0 { zone } else { nil } }
        for name in Set(names + [file.zone].compactMap(\.self)) { known[name] = clock(meaning: name, in: file) }
    }

    private func clock(meaning name: String, in file: CalendarFile) -> WallClock? {
        if let clock = aliases[name] { return clock }
        // Some programs write `/example.org/20070227/Europe/Warsaw`.
        let parts = name.split(separator: "/")
        let tails = [3, 2].filter { parts.count > $0 }.map { parts.suffix($0).joined(separator: "/") }
        let candidates = [name, file.locations[name], WindowsZones.place(of: name)].compactMap(\.self) + tails
        return candidates.lazy.compactMap { try? zones.clock(named: $0) }.first
    }
}
