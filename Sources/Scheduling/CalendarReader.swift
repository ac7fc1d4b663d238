import BrokerCore

/// One occurrence of a calendar's event.
public struct CalendarOccurrence: Hashable, Sendable {
    public var uid: String
    /// The newest revision among the event and its changed occurrences.
    public var revision: EventRevision
    /// The start that the recurrence gives it, even if it was moved; identifies the occurrence together with the UID.
    public var original: Timestamp
    /// `original` in wall time; `nil` if the calendar gives absolute times.
    public var originalWall: WallMoment?
    public var from: Timestamp
    public var to: Timestamp
    /// `from` and `to` in wall time; `nil` if the calendar gives absolute times.
    public var wall: WallSpan?
    public var summary: String
    /// The event's own properties, overridden by those of a changed occurrence.
    public var wishes: [String: String]
    /// The line of the file on which the event begins.
    public var line: Int
}

/// Expands a calendar's events into their occurrences.
///
/// Events are read independently: an error in one does not exclude the others.
public struct CalendarReader: Sendable {
    /// The result of reading a calendar.
    public struct Reading: Hashable, Sendable {
        /// In order of their start, without past ones.
        public var occurrences: [CalendarOccurrence] = []
        /// The revision of each event that was read: its older occurrences that are no longer here were cancelled.
        public var events: [String: EventRevision] = [:]
        /// The number of occurrences left out because they are over.
        public var past = 0
        /// The number of events of other categories.
        public var unwanted = 0
        /// Why events, or lines of the file, were left out; at most `SchedulingLimits.problems`.
        public var problems: [SchedulingError] = []
        /// Events that were not taken exactly as written, in order of their lines; at most two per event.
        public var notes: [CalendarNote] = []
        /// The number of events left out because of an error.
        public var refused = 0

        mutating func refuse(_ problem: SchedulingError) {
            refused += 1
            if problems.count < SchedulingLimits.problems { problems.append(problem) }
        }
    }

    /// The clock for times without a time zone, if the file does not set one (X-WR-TIMEZONE).
    public var clock: WallClock
    public var zones: ZoneDatabase
    /// Clocks for the file's own time zone names; these take precedence over all others.
    public var aliases: [String: WallClock]
    /// If set, only events of this category are read.
    public var category: String?
    public var now: Timestamp
    /// Occurrences that begin later are left out and reported in the notes; a later import adds them.
    public var horizon: Timestamp
    /// Cache of the file's zones, by the file's own names for them.
    var known: [String: WallClock] = [:]

    public init(
        clock: WallClock, zones: ZoneDatabase, aliases: [String: WallClock] = [:], category: String? = nil,
        now: Timestamp, horizon: Timestamp
    ) {
        self.clock = clock
        self.zones = zones
        self.aliases = aliases
        self.category = category
        self.now = now
        self.horizon = horizon
    }

    public func read(_ file: CalendarFile) -> Reading {
        var reader = self
        reader.lookUpZones(of: file)
        return reader.readEvents(of: file)
    }

    private func readEvents(of file: CalendarFile) -> Reading {
        var reading = Reading()
        reading.problems = file.problems
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
            // Events without a UID are separate events.
            for events in uid.isEmpty ? group.map({ [$0] }) : [group] {
                do {
                    try read(events, of: file, into: &reading)
                } catch {
                    reading.refuse(error)
                }
            }
        }
        reading.occurrences.sort { ($0.from, $0.uid) < ($1.from, $1.uid) }
        reading.notes.sort { ($0.line, $0.message) < ($1.line, $1.message) }
        return reading
    }

    /// Reads all events of one UID.
    private func read(
        _ group: [CalendarEvent], of file: CalendarFile, into reading: inout Reading
    ) throws(SchedulingError) {
        guard let first = group.first else { return }
        for event in group { if let problem = event.problem { throw problem } }
        guard !first.uid.isEmpty else { throw SchedulingError("the event has no UID", line: first.line) }
        let master = try newest(of: group.filter { $0.recurrenceID == nil })
        var revision = EventRevision(
            sequence: group.map(\.sequence).max() ?? 0, stamp: group.compactMap(\.revision.stamp).max())
        if file.isCancellation || master?.isCancelled == true {
            guard master != nil else {
                throw SchedulingError(
                    "METHOD:CANCEL calls off single occurrences, which is not supported: use carrel reserve cancel",
                    line: first.line)
            }
            // A cancellation has the SEQUENCE of what it cancels, so it is raised to count as newer.
            revision.sequence += 1
            reading.events[first.uid] = revision
            return
        }
        let changed = try changedOccurrences(in: group, of: master, file)
        var gathering = Gathering(revision: revision, wishes: master?.wishes ?? [:])
        for (original, event) in changed.values where !event.isCancelled {
            guard event.recurrence == nil else {
                throw SchedulingError("a changed occurrence has an RRULE of its own", line: event.line)
            }
            try gather(event, in: file, original: original, into: &gathering)
        }
        // The main event comes last, because its note reports the number of times.
        if let master { try gather(master, in: file, without: Set(changed.keys), into: &gathering) }
        guard reading.occurrences.count + gathering.occurrences.count <= SchedulingLimits.occurrences else {
            throw SchedulingError(
                "with it, the calendar has more than \(SchedulingLimits.occurrences) times to come; import it in parts, "
                    + "by category",
                line: first.line)
        }
        reading.past += gathering.past
        reading.occurrences += gathering.occurrences
        reading.notes += gathering.notes
        reading.events[first.uid] = revision
    }

    /// The newest of several versions of the same event or occurrence.
    private func newest(of versions: [CalendarEvent]) throws(SchedulingError) -> CalendarEvent? {
        guard var newest = versions.first else { return nil }
        for version in versions.dropFirst() where !version.says(theSameAs: newest) {
            guard let isNewer = version.revision.isNewer(than: newest.revision) else {
                throw SchedulingError(
                    "another event has the same UID, in line \(newest.line), and neither SEQUENCE nor LAST-MODIFIED says "
                        + "which is newer: take one of them out",
                    line: version.line)
            }
            if isNewer { newest = version }
        }
        return newest
    }

    /// Keyed by the start that the recurrence gives them.
    private func changedOccurrences(
        in group: [CalendarEvent], of master: CalendarEvent?, _ file: CalendarFile
    ) throws(SchedulingError) -> [Timestamp: (original: Times.Start, event: CalendarEvent)] {
        var versions: [Timestamp: (original: Times.Start, events: [CalendarEvent])] = [:]
        for event in group {
            guard let id = event.recurrenceID else { continue }
            let original = try start(id, of: master, in: file, event)
            versions[original.moment, default: (original, [])].events.append(event)
        }
        var changed: [Timestamp: (original: Times.Start, event: CalendarEvent)] = [:]
        for (moment, version) in versions {
            if let event = try newest(of: version.events) { changed[moment] = (version.original, event) }
        }
        return changed
    }

    /// A RECURRENCE-ID that is only a date means the event's time of day on that date.
    private func start(
        _ id: CalendarTime, of master: CalendarEvent?, in file: CalendarFile, _ event: CalendarEvent
    ) throws(SchedulingError) -> Times.Start {
        guard case .date(let day) = id else {
            let (wall, clock) = try place(id, in: file, event)
            return Times.Start(wall, on: clock, isMoment: id.isMoment)
        }
        guard let master, let first = master.start else {
            throw SchedulingError(
                "its RECURRENCE-ID names a day, and the event that it is one of is not in the file", line: event.line)
        }
        let (wall, clock) = try place(first, in: file, master)
        return Times.Start(WallTime(day: day, second: wall.second), on: clock, isMoment: first.isMoment)
    }
}
