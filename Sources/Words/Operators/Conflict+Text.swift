import BrokerCore
import Text

extension ReservationConflict {
    /// The time of the worst shortage, which reservations hold seats then, and when to ask for instead.
    public var message: String {
        let all = wanted == 1 ? "It is" : "All \(wanted) are"
        let next = nextFree.map { "\(all) free from \($0.text) on." } ?? "No later time was found either."
        return
            "Only \(free) of \(Plural.count(wanted, "seat")) \(Plural.noun(wanted, "is", "are")) free all that time; the fewest are at \(peakAt.text) (\(holders)). \(next)"
    }

    private var holders: String {
        let reserved =
            others.isEmpty ? nil : "also reserved then: \(others.map(\.rawValue).joined(separator: ", "))"
        let given = companionNames.map { "given before it to others of the same booking: \($0)" }
        let parts = [reserved, given].compactMap(\.self)
        return parts.isEmpty
            ? "the hosts that answer have no more, or sessions that may still be running hold them"
            : parts.joined(separator: "; ")
    }

    /// The first companions, and how many more there are.
    private var companionNames: String? {
        guard !companions.isEmpty else { return nil }
        let names = companions.prefix(WordsLimits.companionsNamed).map { companion in
            "\(Plural.count(companion.seats, "seat")) from \(companion.from.text)"
                + (companion.event.map { " for the event \($0.prefix(WordsLimits.eventNameShown))" } ?? "")
        }
        let others = companions.count - names.count
        return (names + (others > 0 ? ["\(others) more"] : [])).joined(separator: ", ")
    }
}

extension BookingOutcome.Result {
    /// Why an item of a booking is not booked as its calendar says, and what to do about it; `nil` if it is, or if there
    /// is nothing to say.
    public var message: String? {
        switch self {
        case .booked, .moved, .unchanged, .begun: nil
        case .kept: "It is booked with other terms, which stay: this version of the event is not newer."
        case .undecided(let id):
            "\(id) is booked for it with other terms, and neither SEQUENCE nor LAST-MODIFIED says which are newer: "
                + "take the file's with --replace, or leave what is booked with --keep."
        case .noSeats(let conflict): conflict.message
        case .tooFewSeats(let free, let wanted):
            "Only \(free) of \(Plural.count(wanted, "seat")) \(Plural.noun(wanted, "is", "are")) free all that time."
        case .refused(let refusal): refusal.message
        }
    }
}

extension ExtensionConflict {
    /// Whose seat it is, who holds it next, and how far it could be extended.
    public var message: String {
        let seat = reservation.map {
            "The seat of \(session) is reserved until \(reservedUntil.text) (reservation \($0))"
        }
        let names = others.map(\.rawValue).joined(separator: ", ")
        let why =
            others.isEmpty
            ? "sessions that may still be running have the other seats of its host"
            : "its host has promised its seats to \(others.count == 1 ? "the reservation" : "the reservations") \(names)"
        let way =
            possibleUntil.map { "It can be extended until \($0.text); \(why) from then on." }
            ?? "It cannot be extended beyond that, because \(why) then."
        return "\(seat ?? "\(session) keeps its seat until \(reservedUntil.text)"). \(way)"
    }
}
