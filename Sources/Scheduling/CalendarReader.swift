import BrokerCore

/// One time for which a calendar's event stands.
public struct CalendarOccurrence: Hashable, Sendable {
    public var uid: String
    /// The greatest SEQUENCE among the event and its changed occurrences.
    public var sequence: Int
    /// The start that the recurrence gives it, wherever it was moved to: with the UID, what it is known by.
    public var original: Timestamp
    public var from: Timestamp
    public var to: Timestamp
    public var summary: String
    /// Those of the event, and what a changed occurrence says instead.
    public var wishes: [String: String]
    /// Of the event in the file.
    public var line: Int
}

/// From a calendar's events to the times for which they stand.
public struct CalendarReader: Sendable {
    /// What a reading found.
    public struct Reading: Hashable, Sendable {
        /// In order of their start; those that are past are left out.
        public var occurrences: [CalendarOccurrence] = []
        /// The SEQUENCE of each event that was read: older occurrences that are not here any more were called off.
        public var events: [String: Int] = [:]
        /// How many were left out because they are over.
        public var past = 0
        /// How many events are of other categories.
        public var unwanted = 0
        /// What keeps it from being imported; at most `SchedulingLimits.problems`.
        public var problems: [SchedulingError] = []
    }

    /// Where times without a time zone are meant.
    public var clock: WallClock
    /// What the file's own names of time zones mean, where they are no IANA names.
    public var zones: [String: WallClock]
    /// Only events of this category are read.
    public var category: String?
    public var now: Timestamp
    /// Occurrences that begin later are left out; a later import brings them.
    public var horizon: Timestamp

    public init(
        clock: WallClock, zones: [String: WallClock] = [:], category: String? = nil, now: Timestamp,
        horizon: Timestamp
    ) {
        self.clock = clock
        self.zones = zones
        self.category = category
        self.now = now
        self.horizon = horizon
    }

    public func read(_ file: CalendarFile) -> Reading {
        var reading = Reading()
        var groups: [String: [CalendarEvent]] = [:]
        var order: [String] = []
        for event in file.events {
            if groups[event.uid] == nil { order.append(event.uid) }
            groups[event.uid, default: []].append(event)
        }
        for uid in order {
            let group = groups[uid] ?? []
            if let category, !group.contains(where: { $0.categories.contains(category) }) {
                reading.unwanted += group.count
                continue
            }
            do {
                try read(group, of: file, into: &reading)
            } catch {
                if reading.problems.count < SchedulingLimits.problems { reading.problems.append(error) }
            }
        }
        reading.occurrences.sort { ($0.from, $0.uid) < ($1.from, $1.uid) }
        return reading
    }

    /// All that has one UID.
    private func read(
        _ group: [CalendarEvent], of file: CalendarFile, into reading: inout Reading
    ) throws(SchedulingError) {
        for event in group { if let problem = event.problem { throw problem } }
        guard let first = group.first, !first.uid.isEmpty else {
            throw SchedulingError("the event has no UID", line: group.first?.line)
        }
        let masters = group.filter { $0.recurrenceID == nil }
        guard masters.count <= 1 else {
            throw SchedulingError("another event has the same UID", line: masters[1].line)
        }
        let sequence = group.map(\.sequence).max() ?? 0
        if file.isCancellation || masters.first?.isCancelled == true {
            guard !masters.isEmpty else {
                throw SchedulingError(
                    "METHOD:CANCEL calls off single occurrences, which is not supported: use carrel reserve cancel",
                    line: first.line)
            }
            // Called off with this very SEQUENCE.
            reading.events[first.uid] = sequence + 1
            return
        }
        var changed: [Timestamp: CalendarEvent] = [:]
        for event in group {
            guard let id = event.recurrenceID else { continue }
            let moment = try moment(of: id, in: file, event)
            guard changed.updateValue(event, forKey: moment) == nil else {
                throw SchedulingError("one occurrence is changed twice", line: event.line)
            }
        }
        var found: [CalendarOccurrence] = []
        func add(_ event: CalendarEvent, _ times: (from: Timestamp, to: Timestamp), original: Timestamp) {
            guard times.to > now else {
                reading.past += 1
                return
            }
            let wishes = (masters.first?.wishes ?? [:]).merging(event.wishes) { _, own in own }
            found.append(
                CalendarOccurrence(
                    uid: event.uid, sequence: sequence, original: original, from: times.from, to: times.to,
                    summary: event.summary, wishes: wishes, line: event.line))
        }
        if let master = masters.first {
            for (original, times) in try occurrences(of: master, in: file) where changed[original] == nil {
                add(master, times, original: original)
            }
        }
        for (original, event) in changed where !event.isCancelled {
            guard event.recurrence == nil else {
                throw SchedulingError("a changed occurrence has an RRULE of its own", line: event.line)
            }
            for (_, times) in try occurrences(of: event, in: file) { add(event, times, original: original) }
        }
        guard reading.occurrences.count + found.count <= SchedulingLimits.occurrences else {
            throw SchedulingError(
                "with it, the calendar has more than \(SchedulingLimits.occurrences) times to come; import it in parts, "
                    + "by category",
                line: first.line)
        }
        reading.occurrences += found
        reading.events[first.uid] = sequence
    }

    /// The original start of each occurrence, and its times.
    private func occurrences(
        of event: CalendarEvent, in file: CalendarFile
    ) throws(SchedulingError) -> [(original: Timestamp, times: (from: Timestamp, to: Timestamp))] {
        guard let start = event.start else { throw SchedulingError("the event has no DTSTART", line: event.line) }
        let (first, clock) = try place(start, in: file, event)
        let length = try length(of: event, from: first, on: clock, in: file)
        var starts = [first]
        if let recurrence = event.recurrence {
            do throws(SchedulingError) {
                starts = try recurrence.starts(
                    from: first, on: clock, since: now - Limits.reservationLength, until: horizon)
            } catch {
                throw SchedulingError(error.message, line: event.line)
            }
        }
        var left: Set<Timestamp> = []
        var leftDays: Set<Int64> = []
        for exception in event.exceptions {
            if case .date(let day) = exception {
                leftDays.insert(day)
            } else {
                left.insert(try moment(of: exception, in: file, event))
            }
        }
        return starts.compactMap { start in
            let from = clock.moment(of: start)
            guard from <= horizon, !left.contains(from), !leftDays.contains(start.day) else { return nil }
            let to =
                switch length {
                case .exact(let duration): from + duration
                case .nominal(let span):
                    clock.moment(of: WallTime(day: start.day + span.days, second: start.second))
                        + .seconds(span.seconds)
                }
            return (from, (from, to))
        }
    }

    /// RFC 5545, section 3.8.5.3: with a DTEND every occurrence takes as long as the first; a DURATION's days are those
    /// of the calendar.
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

    private func place(
        _ time: CalendarTime, in file: CalendarFile, _ event: CalendarEvent
    ) throws(SchedulingError) -> (WallTime, WallClock) {
        switch time {
        case .utc(let wall): return (wall, .utc)
        case .floating(let wall): return (wall, clock)
        case .zoned(let wall, let zone):
            guard let clock = self.clock(named: zone, in: file) else {
                throw SchedulingError(
                    "the time zone \"\(zone.prefix(60))\" is not known; say which it is with "
                        + "--tzid \"\(zone.prefix(60))=Europe/Warsaw\", with the right one",
                    line: event.line)
            }
            return (wall, clock)
        case .date:
            throw SchedulingError("it lasts whole days; a reservation needs times of day", line: event.line)
        }
    }

    private func clock(named name: String, in file: CalendarFile) -> WallClock? {
        if let clock = zones[name] ?? WallClock(named: name) { return clock }
        if let location = file.locations[name], let clock = WallClock(named: location) { return clock }
        // Some write `/example.org/20070227/Europe/Warsaw`.
        let parts = name.split(separator: "/")
        for count in [3, 2] where parts.count > count {
            if let clock = WallClock(named: parts.suffix(count).joined(separator: "/")) { return clock }
        }
        return nil
    }
}
