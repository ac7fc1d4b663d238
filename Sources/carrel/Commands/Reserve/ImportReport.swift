import Broker
import BrokerCore
import Scheduling

/// What a calendar asks for, with what an event leaves to the command.
struct WantedReservations {
    private(set) var items: [(terms: ReservationTerms, origin: ReservationOrigin?)] = []
    private(set) var events: [String: EventRevision]
    var past: Int
    var unwanted: Int
    /// Why events were left out; at most `SchedulingLimits.problems`.
    private(set) var problems: [SchedulingError]
    /// Events that were left out.
    private(set) var refused: Int
    /// What is not taken just as it stands, of the events that were not left out.
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
        // An event is taken as a whole: what is booked of one that was left out stays.
        items.removeAll { events[$0.origin?.series ?? ""] == nil }
        notes.removeAll { events[$0.uid] == nil }
    }

    private mutating func refuse(_ uid: String, because problem: SchedulingError) {
        if events.removeValue(forKey: uid) != nil { refused += 1 }
        if problems.count < SchedulingLimits.problems, !problems.contains(problem) { problems.append(problem) }
    }
}

/// What became, or would become, of a calendar: what `carrel reserve import --json` prints.
struct ImportReport: Encodable {
    struct Refusal: Encodable {
        /// Of the file, from 1.
        var line: Int?
        var reason: String
    }

    struct Note: Encodable {
        /// Of the file, from 1.
        var line: Int
        var kind: CalendarNote.Kind
        var text: String
    }

    var isDryRun: Bool
    /// Reservations that were made anew, moved, booked before as the file says, or taken out of the calendar.
    var booked: Int
    var moved: Int
    var unchanged: Int
    var cancelled: Int
    /// Booked with other terms, which stay: the file is older, the reservation has begun, or --keep was given.
    var kept: Int
    /// Booked with other terms, or not in the file any more, and nothing says which is newer.
    var undecided: Int
    /// Times for which there are no seats.
    var withoutSeats: Int
    /// Events that cannot be read or understood.
    var refused: Int
    var refusals: [Refusal]
    /// Events of which nothing can be booked yet, because they begin too far ahead.
    var tooFarAhead: Int
    /// Events whose recurrence goes on beyond what can be booked yet.
    var takenInPart: Int
    var notes: [Note]
    var past: Int
    var unwanted: Int
    /// Each time that was asked for; nothing where nothing could be.
    var booking: BookingView?

    init(_ booking: BookingView?, _ wanted: WantedReservations, isDryRun: Bool) {
        let items = booking?.items ?? []
        // A calendar is booked as a whole or not at all.
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

    /// Something of the file is not booked that should be, or nothing of it can be yet. The same in a dry run.
    var isFailure: Bool {
        guard booking?.isBooked ?? false else { return true }
        if !refusals.isEmpty || withoutSeats + undecided > 0 { return true }
        let done = booked + moved + unchanged + cancelled + kept
        return done == 0 && tooFarAhead > 0
    }

    /// In one line, and what to do where somebody has to decide.
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
