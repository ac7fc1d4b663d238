import Broker
import BrokerCore
import Text

/// The texts for learners: each code with its facts becomes sentences without operators' words. They never contain a
/// host, a path, a command or an engine's message; operators read those in `carrel session show`.
///
/// A code without an entry here does not compile.
enum LearnerWords {
    // MARK: Ends

    /// Why a session has ended.
    static func ended(_ reason: EndReason, keepsFiles: Bool = true) -> Prose {
        let files = files(areKept: keepsFiles)
        let saved: Prose = keepsFiles ? "What you had saved is kept." : files
        return switch reason {
        case .idle(let seconds):
            "It ended because nobody had used it for \(words: span(seconds)). \(files)"
        case .lifetime(let seconds):
            "It ended because it had been open for \(words: span(seconds)), which is as long as it may be. \(files)"
        case .operatorEnded(let note):
            "It was ended by the people who look after the labs\(said(note)) \(files)"
        case .learnerEnded:
            "You ended it. \(files)"
        case .leftQueue:
            "You left the queue. \(files)"
        case .reservationOver:
            "It ended because the time that was reserved for your course is over. \(files) "
                + "You can start again if there is a free place."
        case .drain:
            "It ended because the computer it ran on needs maintenance. \(files) You can start again."
        case .lost:
            keepsFiles
                ? "It ended because the computer it ran on has failed, and your files are on that computer. They are "
                    + "back as soon as it is repaired. If you start again before that, you begin without them."
                : "It ended because the computer it ran on has failed. You can start again."
        case .engineRestarted:
            "It ended because the computer it ran on was restarted. \(files) You can start again."
        case .exited(_, outOfMemory: true):
            "It ended because it used more memory than it may. \(saved) Start again, and work with less data at a time."
        case .exited(_, outOfMemory: false):
            "It ended because the program in it stopped. \(files)"
        case .vanished:
            "It ended because of a fault where it ran. \(files)"
        case .homeLost:
            keepsFiles
                ? "It ended because the way to your files was lost while it ran. They are kept, but what you saved in its "
                    + "last moments may be missing. You can start again."
                : files
        case .removed:
            "It ended because this lab is no longer offered. \(files)"
        case .parked(let seconds):
            "It ended because nobody had come back to it for \(words: span(seconds)). \(files)"
        case .unknown:
            files
        }
    }

    /// Why a session is parked.
    static func parked(_ reason: ParkReason) -> Prose {
        let parked: Prose = "The programs in it were stopped, and your files are kept."
        return switch reason {
        case .idle(let seconds):
            "It was parked because nobody had used it for \(words: span(seconds)): the programs in it were stopped, and "
                + "your files are kept."
        case .operatorParked(let note):
            "It was parked by the people who look after the labs\(said(note)) \(parked)"
        case .unknown:
            parked
        }
    }

    /// Why a session has ended or is parked, or is about to.
    static func over(_ view: SessionView) -> Prose {
        if let reason = view.endReason { return ended(reason, keepsFiles: view.filesAreKept) }
        if let reason = view.parkReason { return parked(reason) }
        return files(areKept: view.filesAreKept)
    }

    /// What happens to the learner's files when the container is removed.
    private static func files(areKept: Bool) -> Prose { areKept ? "Your files are kept." : "This lab keeps no files." }

    /// Whether the same lab can be started again once it is away.
    static func canStartAgain(after reason: EndReason?) -> Bool {
        if case .removed? = reason { false } else { true }
    }

    /// The text for a start that failed.
    static func failed(_ fault: StartFault = .ours, keepsFiles: Bool) -> Prose {
        var parts: [Prose] = []
        switch fault {
        case .ours:
            parts.append("Something on our side did not work, so this is not your fault.")
        case .lab:
            parts.append("The program in your lab stopped by itself while it was starting.")
            if keepsFiles {
                parts.append("Something in your files may make it do so, such as settings of that program.")
            }
        }
        if keepsFiles { parts.append(files(areKept: true)) }
        if fault == .lab {
            let pause = span(Limits.failedStartPause.components.seconds)
            parts.append("Somebody may have to mend that first. Please leave \(words: pause) between two tries.")
        }
        return .joined(parts)
    }

    /// A program in a running lab was stopped because the lab had used all of its memory.
    static let outOfMemory: Prose =
        "A program in your lab was stopped because the lab had used all of its memory. What that program held is lost; "
        + "what you had saved is still there. Work with less data at a time, or shut down notebooks that you do not "
        + "need."

    /// The host of a running lab does not answer.
    static let outOfReach: Prose =
        "The computer that your lab runs on does not answer at the moment. Your lab may still be running there, so wait "
        + "a few minutes before you do anything else."

    // MARK: Ends that lie ahead

    /// What will end a running lab, as the first sentence of the text.
    static func willEnd(
        _ cause: SessionExplanation.Cause, at end: Timestamp, parks: Bool, keepsFiles: Bool, note: String,
        seen: Timestamp
    ) -> Prose {
        switch cause {
        case .idle where parks:
            "If nobody uses it, it is parked \(at: end, seen: seen): the programs in it stop, your files are kept, and "
                + "your next visit brings it back."
        case .idle where keepsFiles:
            "If nobody uses it, it ends \(at: end, seen: seen). \(files(areKept: true))"
        case .idle:
            "If nobody uses it, it ends \(at: end, seen: seen). This lab keeps no files, so please download what you "
                + "need before then."
        case .lifetime:
            "It ends \(at: end, seen: seen), whatever happens in it, because it has been open as long as it may be then."
        case .reservation:
            "It ends \(at: end, seen: seen), whatever happens in it, because the time that is reserved for your course is "
                + "over then."
        case .parked:
            keptParked(until: end, seen: seen)
        case .drain:
            "It ends \(at: end, seen: seen), whatever happens in it, because the computer it runs on needs maintenance."
        case .operatorEnds:
            "It is going to be ended \(at: end, seen: seen) by the people who look after the labs\(said(note))"
        }
    }

    /// How long a parked lab is kept for its learner.
    static func keptParked(until end: Timestamp, seen: Timestamp) -> Prose { "It is kept \(until: end, seen: seen)." }

    /// What to do about an end that cannot be postponed.
    static func save(keepsFiles: Bool) -> Prose {
        keepsFiles
            ? "Please save your work now. Your files are kept, and you can start again afterwards."
            : "This lab keeps no files: please copy what you need out of it now."
    }

    /// An operator's note to the learner, as the end of a sentence.
    private static func said(_ note: String) -> Prose {
        guard let last = note.last else { return "." }
        return ", who say: “\(name: note)”\(words: ".!?…".contains(last) ? "" : ".")"
    }

    // MARK: Numbers

    /// A length of time, rounded to a useful precision: `a few seconds`, `40 seconds`, `90 minutes`, `2 hours`, `3½
    /// hours`, `7 days`. Limits are shown by it, too, so a fraction of an hour is not rounded to a whole one.
    static func span(_ seconds: Int64) -> String {
        switch max(seconds, 0) {
        case 0..<5: "a few seconds"
        case let value where value < 90: Plural.count(Int((value + 2) / 5 * 5), "second")
        case let value where value < 3 * 3600: minutes(Int((value + 30) / 60))
        case let value where value < 36 * 3600 && value % 3600 == 1800: "\(value / 3600)½ hours"
        case let value where value < 36 * 3600: Plural.count(Int((value + 1800) / 3600), "hour")
        case let value: Plural.count(Int((value + 43_200) / 86_400), "day")
        }
    }

    private static func minutes(_ count: Int) -> String {
        count >= 120 && count % 60 == 0 ? Plural.count(count / 60, "hour") : Plural.count(count, "minute")
    }
}
