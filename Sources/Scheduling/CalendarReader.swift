import BrokerCore

/// One time for which a calendar's event stands.
public struct CalendarOccurrence: Hashable, Sendable {
    public var uid: String
    /// The newest one among the event and its changed occurrences.
    public var revision: EventRevision
    /// The start that the recurrence gives it, wherever it was moved to: with the UID, what it is known by.
    public var original: Timestamp
    /// The same as clocks on walls show it; `nil` where the calendar names a moment.
    public var originalWall: WallMoment?
    public var from: Timestamp
    public var to: Timestamp
    /// Both as clocks on walls show them; `nil` where the calendar names moments.
    public var wall: WallSpan?
    public var summary: String
    /// Those of the event, and what a changed occurrence says instead.
    public var wishes: [String: String]
    /// Of the event in the file.
    public var line: Int
}

/// From a calendar's events to the times for which they stand.
///
/// Events are taken one by one: what is wrong with one keeps none of the others out.
public struct CalendarReader: Sendable {
    /// What a reading found.
    public struct Reading: Hashable, Sendable {
        /// In order of their start; those that are past are left out.
        public var occurrences: [CalendarOccurrence] = []
        /// The revision of each event that was read: older occurrences that are not here any more were called off.
        public var events: [String: EventRevision] = [:]
        /// How many were left out because they are over.
        public var past = 0
        /// How many events are of other categories.
        public var unwanted = 0
        /// Why events, or lines of the file, were left out; at most `SchedulingLimits.problems`.
        public var problems: [SchedulingError] = []
        /// What is not taken just as it stands, in order of the lines; at most two of an event.
        public var notes: [CalendarNote] = []
        /// How many events were left out because something is wrong with them.
        public var refused = 0

        mutating func refuse(_ problem: SchedulingError) {
            refused += 1
            if problems.count < SchedulingLimits.problems { problems.append(problem) }
        }
    }

    /// Where times without a time zone are meant, if the file does not say where (X-WR-TIMEZONE).
    public var clock: WallClock
    public var zones: ZoneDatabase
    /// What the file's own names of time zones mean; they go before all others.
    public var aliases: [String: WallClock]
    /// Only events of this category are read.
    public var category: String?
    public var now: Timestamp
    /// Occurrences that begin later are left out and told in the notes; a later import brings them.
    public var horizon: Timestamp
    /// The zones of a file by its own names for them, looked up once.
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
            // What has no UID is none of the same event.
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

    /// All that has one UID.
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
            // Called off with this very SEQUENCE.
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
        // Last, because its note tells how many times there are.
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

    /// Of several versions of the same thing the newest one.
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

    /// By the moment that the recurrence gives them.
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

    /// A RECURRENCE-ID that names a day alone means the event's time of day on it.
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
