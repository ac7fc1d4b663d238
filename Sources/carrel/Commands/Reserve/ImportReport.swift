import Broker
import BrokerCore
import Scheduling

/// The reservations that a calendar requests, with the command's options for what an event leaves open.
struct WantedReservations {
    private(set) var items: [(terms: ReservationTerms, origin: ReservationOrigin?)] = []
    private(set) var events: [String: EventRevision]
    var past: Int
    var unwanted: Int
    /// Why events were rejected; at most `SchedulingLimits.problems`.
    private(set) var problems: [SchedulingError]
    /// The number of rejected events.
    private(set) var refused: Int
    /// What is not taken literally, in the events that were not rejected.
    private(set) var notes: [CalendarNote]

    init(_ reading: CalendarReader.Reading, on common: CalendarTerms) {
        events = reading.events
        (past, unwanted, problems, refused) = (reading.past, reading.unwanted, reading.problems, reading.refused)
        notes = reading.notes
        for occurrence in reading.occurrences {
            do throws(SchedulingError) {
                let terms = try common.terms(of: occurrence)
                let origin = ReservationOrigin(
                    series: occurrence.uid, sequence: occurrence.revision.sequence, stamp: occurrence.revision.stamp,
                    occurrence: occurrence.original, wall: occurrence.originalWall)
                items.append((terms, origin))
            } catch {
                refuse(occurrence.uid, because: error)
            }
        }
        // An event is taken as a whole: earlier reservations of a rejected event stay.
        items.removeAll { events[$0.origin?.series ?? ""] == nil }
        notes.removeAll { events[$0.uid] == nil }
    }

    private mutating func refuse(_ uid: String, because problem: SchedulingError) {
        if events.removeValue(forKey: uid) != nil { refused += 1 }
        if problems.count < SchedulingLimits.problems, !problems.contains(problem) { problems.append(problem) }
    }
}

/// The outcome of a calendar import, or of its dry run: the output of `carrel reserve import --json`.
struct ImportReport: Encodable {
    struct Refusal: Encodable {
        /// The line of the file, from 1.
        var line: Int?
        var reason: String
    }

    struct Note: Encodable {
        /// The line of the file, from 1.
        var line: Int
        var kind: CalendarNote.Kind
        var text: String
    }

    var isDryRun: Bool
    /// Counts of reservations that are new, were moved, already match the file, and were cancelled because the calendar
    /// no longer has them.
    var booked: Int
    var moved: Int
    var unchanged: Int
    var cancelled: Int
    /// Reservations with other terms that are kept: the file is older, the reservation has begun, or --keep was given.
    var kept: Int
    /// Reservations with other terms, or no longer in the file, where nothing says which is newer.
    var undecided: Int
    /// Times for which there are no seats.
    var withoutSeats: Int
    /// Events that cannot be parsed or understood.
    var refused: Int
    var refusals: [Refusal]
    /// Events that cannot be booked yet, because they begin too far ahead.
    var tooFarAhead: Int
    /// Events whose recurrence extends beyond what can be booked yet.
    var takenInPart: Int
    var notes: [Note]
    var past: Int
    var unwanted: Int
    /// The result for each requested time; `nil` if there was none.
    var booking: BookingView?

    init(_ booking: BookingView?, _ wanted: WantedReservations, isDryRun: Bool) {
        let items = booking?.items ?? []
        // A calendar is booked completely or not at all.
        let isDone = booking?.isBooked ?? false
        func count(_ results: BookingView.Result...) -> Int { items.count { results.contains($0.result) } }
        self.isDryRun = isDryRun
        booked = isDone ? count(.booked) : 0
        moved = isDone ? count(.moved) : 0
        unchanged = count(.unchanged)
        cancelled = isDone ? booking?.cancelled.count ?? 0 : 0
        kept = count(.kept, .begun)
        undecided = count(.undecided) + (booking?.leftOver.count ?? 0)
        withoutSeats = count(.noSeats, .refused)
        refused = wanted.refused
        refusals = wanted.problems.map { Refusal(line: $0.line, reason: $0.message) }
        tooFarAhead = wanted.notes.count { $0.kind == .tooFarAhead }
        takenInPart = wanted.notes.count { $0.kind == .takenInPart }
        notes = wanted.notes.map { Note(line: $0.line, kind: $0.kind, text: $0.message) }
        past = wanted.past
        unwanted = wanted.unwanted
        self.booking = booking
    }

    /// Whether something in the file should be booked and is not, or nothing of it can be booked yet. The same in a dry
    /// run.
    var isFailure: Bool {
        guard booking?.isBooked ?? false else { return true }
        if !refusals.isEmpty || withoutSeats + undecided > 0 { return true }
        let done = booked + moved + unchanged + cancelled + kept
        return done == 0 && tooFarAhead > 0
    }

    /// The summary in one line, with what to do if somebody has to decide.
    var summary: String {
        let numbers = [
            (booked, "booked"), (moved, "moved"), (unchanged, "unchanged"), (cancelled, "cancelled"),
            (kept, "kept as they were"), (undecided, "undecided"), (withoutSeats, "without seats"),
            (tooFarAhead, "too far ahead"), (takenInPart, "taken in part"), (refused, "refused"),
        ].filter { $0.0 > 0 || ["booked", "unchanged", "moved", "refused"].contains($0.1) }
        let line = numbers.map { "\($0.0) \($0.1)" }.joined(separator: ", ")
        let leftOver = booking?.leftOver ?? []
        let advice =
            leftOver.isEmpty
            ? ""
            : "\nNot in the file any more, which is not said to be newer: "
                + "\(leftOver.map(\.rawValue).joined(separator: ", ")); --replace cancels them, --keep leaves them."
        return (isDryRun ? "It would be: " : "") + line + advice
    }
}
