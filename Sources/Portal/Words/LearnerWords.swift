import Broker
import BrokerCore
import Words

/// The texts for learners and instructors in one language: each code with its facts becomes sentences without operators'
/// words. They never contain a host, a path, a command or an engine's message; operators read those in `carrel session
/// show`.
///
/// The sentences are in the catalogues of `Words`; here are their keys. A code without an entry here does not compile.
struct LearnerWords: Sendable {
    let language: Language
    private let words = Words.standard

    init(_ language: Language) { self.language = language }

    /// In the language of the answer that is being made.
    static var current: LearnerWords { LearnerWords(PageLanguage.current) }

    /// Sentences.
    ///
    /// - Parameters:
    ///   - code: a key of the catalogues without `learner.`: `session.save`.
    ///   - seen: when it is read; needed only where it contains times.
    func say(
        _ code: String, _ arguments: [String: Message.Argument] = [:], seen: Timestamp = Timestamp(milliseconds: 0)
    ) -> Prose {
        words.prose(Message(code, arguments), in: language, seen: seen)
    }

    /// A heading, a button, or another text of a page that is no sentence.
    ///
    /// - Parameter key: of the catalogues: `page.button.keep`.
    func label(_ key: String, _ arguments: [String: Message.Argument] = [:]) -> String {
        words.label(key, arguments, in: language)
    }

    // MARK: Ends

    /// Why a session has ended.
    func ended(_ reason: EndReason, keepsFiles: Bool = true) -> Prose {
        var arguments: [String: Message.Argument] = ["kept": .flag(keepsFiles)]
        switch reason {
        case .idle(let seconds), .lifetime(let seconds), .parked(let seconds):
            arguments["limit"] = .span(.seconds(seconds))
        case .operatorEnded(let note):
            arguments.merge(Self.said(note)) { $1 }
        case .learnerEnded, .leftQueue, .reservationOver, .drain, .lost, .engineRestarted, .exited, .vanished,
            .homeLost, .removed:
            break
        case .unknown:
            return files(areKept: keepsFiles)
        }
        return say("session.ended.\(reason.parts.word)", arguments)
    }

    /// Why a session is parked.
    func parked(_ reason: ParkReason) -> Prose {
        switch reason {
        case .idle(let seconds): say("session.parked.idle", ["limit": .span(.seconds(seconds))])
        case .operatorParked(let note): say("session.parked.operator", Self.said(note))
        case .unknown: say("session.parked.unknown")
        }
    }

    /// Why a session has ended or is parked, or is about to.
    func over(_ view: SessionView) -> Prose {
        if let reason = view.endReason { return ended(reason, keepsFiles: view.filesAreKept) }
        if let reason = view.parkReason { return parked(reason) }
        return files(areKept: view.filesAreKept)
    }

    /// What happens to the learner's files when the container is removed.
    private func files(areKept: Bool) -> Prose { say("session.files", ["kept": .flag(areKept)]) }

    /// Whether the same lab can be started again once it is away.
    static func canStartAgain(after reason: EndReason?) -> Bool {
        if case .removed? = reason { false } else { true }
    }

    /// The text for a start that failed.
    func failed(_ fault: StartFault = .ours, keepsFiles: Bool) -> Prose {
        switch fault {
        case .ours: say("session.failed.ours", ["kept": .flag(keepsFiles)])
        case .lab: say("session.failed.lab", ["kept": .flag(keepsFiles), "pause": .span(Limits.failedStartPause)])
        }
    }

    /// A program in a running lab was stopped because the lab had used all of its memory.
    var outOfMemory: Prose { say("session.out-of-memory") }

    /// The host of a running lab does not answer.
    var outOfReach: Prose { say("session.out-of-reach") }

    // MARK: Ends that lie ahead

    /// What will end a running lab, as the first sentence of the text.
    func willEnd(
        _ cause: EndReason.Cause, at end: Timestamp, parks: Bool, keepsFiles: Bool, note: String,
        seen: Timestamp
    ) -> Prose {
        var arguments = Self.said(note)
        arguments["end"] = .moment(end)
        arguments["parks"] = .flag(parks)
        arguments["kept"] = .flag(keepsFiles)
        return say("session.ends.\(cause.rawValue)", arguments, seen: seen)
    }

    /// How long a parked lab is kept for its learner.
    func keptParked(until end: Timestamp, seen: Timestamp) -> Prose {
        say("session.ends.parked", ["end": .moment(end)], seen: seen)
    }

    /// What to do about an end that cannot be postponed.
    func save(keepsFiles: Bool) -> Prose { say("session.save", ["kept": .flag(keepsFiles)]) }

    /// An operator's note to the learner, and whether it closes its own sentence.
    private static func said(_ note: String) -> [String: Message.Argument] {
        let quote = note.last.map { ".!?…".contains($0) ? "closed" : "open" } ?? "none"
        return ["note": .name(note), "quote": .word(quote)]
    }

    // MARK: Numbers

    /// A length of time, rounded to a useful precision.
    func span(_ seconds: Int64) -> String { words.span(.seconds(seconds), in: language) }

    /// How a script says times.
    var moments: MomentForms? { words.momentForms(in: language) }
}
