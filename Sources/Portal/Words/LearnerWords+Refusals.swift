import Broker
import Doors
import Words

/// The action that a learner, or an instructor on the course's page, requested.
enum Wish: CaseIterable {
    /// Opening a lab, again or for the first time.
    case open
    case keep
    case leaveQueue
    /// Extending a lab of their course.
    case extend
}

/// Why a learner's request was refused, as its page says it.
struct LearnerRefusal: Equatable {
    var heading: String
    var what: Prose
    var next: Prose
    /// Set if only the people who look after the labs can help.
    var needsHelp = false

    /// The text for a program.
    var sentence: String { "\(heading). \(Prose.joined([what, next]).plain)" }
}

extension LearnerWords {
    /// The words for a refusal. The core's own message is for operators.
    func refusal(_ code: BrokerError.Code, of wish: Wish) -> LearnerRefusal {
        let key = Self.key(of: code, wish)
        return LearnerRefusal(
            heading: say("\(key).heading").plain, what: say("\(key).what"), next: say("\(key).next"),
            needsHelp: code == .neverFits)
    }

    private static func key(of code: BrokerError.Code, _ wish: Wish) -> String {
        switch (code, wish) {
        case (.unknownLab, .extend), (.unknownSession, .extend): "refusal.not-there"
        case (.unknownLab, _), (.unknownPortal, _), (.unknownSession, _), (.unknownHost, _), (.unknownReservation, _),
            (.unknownPool, _):
            "refusal.nothing-here"
        case (.badCode, _): "refusal.used-code"
        case (.neverFits, _): "refusal.never-fits"
        case (.storage, _): "refusal.storage"
        case (.stopping, _): "refusal.stopping"
        case (.limit, .keep): "refusal.kept-often"
        case (.limit, .extend), (.noSeats, .extend): "refusal.no-more-time"
        case (.limit, .leaveQueue), (.noSeats, .leaveQueue), (.noSeats, .keep): "refusal.too-much"
        case (.limit, .open), (.noSeats, .open): "refusal.too-many"
        case (.notNow, .leaveQueue): "refusal.not-queued"
        case (.notNow, .keep): "refusal.not-running"
        case (.notNow, .extend): "refusal.no-time-now"
        case (.notNow, .open), (.ambiguous, _), (.badTerms, _): "refusal.busy"
        }
    }
}
