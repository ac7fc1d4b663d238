import BrokerCore

/// How an event was taken differently from what its calendar says, although it is valid.
public struct CalendarNote: Hashable, Sendable, CustomStringConvertible {
    public enum Kind: String, Hashable, Sendable, Codable {
        /// It was left out because it begins beyond the horizon.
        case tooFarAhead
        /// Its recurrence continues beyond the horizon and was taken up to there.
        case takenInPart
        /// It begins in the hour that a clock change skips, and was taken at the corresponding time after the change.
        case skippedHour
    }

    public var kind: Kind
    public var uid: String
    /// The line of the file on which the event begins.
    public var line: Int
    public var message: String

    public var description: String { "line \(line): \(message)" }
}

/// Collects the times of all events of one UID.
extension CalendarReader {
    /// The times found so far, before it is known whether all of them can be taken.
    struct Gathering {
        let revision: EventRevision
        /// The properties of the event itself; a changed occurrence may override them.
        let wishes: [String: String]
        var occurrences: [CalendarOccurrence] = []
        var past = 0
        var notes: [CalendarNote] = []
    }

    /// - Parameters:
    ///   - changed: starts that have an event of their own.
    ///   - original: for a changed occurrence, the start that the recurrence gives it.
    func gather(
        _ event: CalendarEvent, in file: CalendarFile, without changed: Set<Timestamp> = [],
        original: Times.Start? = nil, into gathering: inout Gathering
    ) throws(SchedulingError) {
        let schedule = try schedule(of: event, in: file)
        let wishes = gathering.wishes.merging(event.wishes) { _, own in own }
        let begin = schedule.clock.moment(of: schedule.first)
        for times in schedule.times where !changed.contains(times.start.moment) {
            guard max(times.start.moment, times.to) > now else {
                gathering.past += 1
                continue
            }
            guard times.to > times.start.moment else { throw noLength(event, schedule) }
            if times.start.moment == begin, let gap = schedule.gap {
                gathering.notes.append(
                    note(.skippedHour, event, "\(gap.words); it is taken as \(gap.instead)"))
            }
            let original = original ?? times.start
            gathering.occurrences.append(
                CalendarOccurrence(
                    uid: event.uid, revision: gathering.revision, original: original.moment,
                    originalWall: original.wall, from: times.start.moment, to: times.to, wall: times.wall,
                    summary: event.summary, wishes: wishes, line: event.line))
        }
        if let next = schedule.next {
            let all = event.recurrence == nil ? [] : gathering.occurrences
            gathering.notes.append(beyond(next, of: event, schedule, taken: all))
        }
    }

    private func note(_ kind: CalendarNote.Kind, _ event: CalendarEvent, _ message: String) -> CalendarNote {
        CalendarNote(kind: kind, uid: event.uid, line: event.line, message: message)
    }

    /// If a clock change skips its start, the shifted start may be later than its end.
    private func noLength(_ event: CalendarEvent, _ schedule: Schedule) -> SchedulingError {
        let words =
            schedule.gap.map { "\($0.words); take \($0.instead), or another time" }
            ?? "the event does not end after it begins"
        return SchedulingError(words, line: event.line)
    }

    /// - Parameter taken: all times up to the horizon.
    private func beyond(
        _ next: WallTime, of event: CalendarEvent, _ schedule: Schedule, taken: [CalendarOccurrence]
    ) -> CalendarNote {
        let days = SchedulingLimits.days(horizon - now)
        guard let last = taken.map(\.from).max() else {
            let verb = next == schedule.first ? "begins" : "comes again"
            return note(
                .tooFarAhead, event,
                "it \(verb) on \(next.date), which is more than \(days) days ahead; import the file again later")
        }
        let times = taken.count == 1 ? "1 time is taken" : "\(taken.count) times are taken"
        return note(
            .takenInPart, event,
            "\(times), until \(schedule.clock.wallTime(at: last).date); it goes on, but what comes from \(next.date) "
                + "on is more than \(days) days ahead: import the file again later")
    }
}
