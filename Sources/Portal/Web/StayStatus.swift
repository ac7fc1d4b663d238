import Broker
import BrokerCore
import Words

/// `GET /.carrel/status` on a lab's hostname, and each `status` event of its stream: the state of the lab and the text
/// for its learner, for a program of its own page.
struct StayStatus: Hashable, Codable {
    /// A button: posting a form to this path triggers it, with the path to return to as `next`.
    struct Action: Hashable, Codable {
        var path: String
        var label: String
    }

    struct Memory: Hashable, Codable {
        var at: Timestamp
        var message: Prose
    }

    /// What the program says itself, in the language of the other texts.
    struct Labels: Hashable, Codable {
        var back: String
        var progress: String
        var again: String
        var open: String

        init(_ words: LearnerWords) {
            back = words.label("page.notice.back")
            progress = words.label("page.notice.progress")
            again = words.label("page.notice.again")
            open = words.label("page.notice.open")
        }
    }

    /// As in `SessionView.state`.
    var state: String
    /// The server's wall clock when it answered, so that clients do not depend on the browser's.
    var now: Timestamp
    /// What ends the session first, and when.
    var endsAt: Timestamp?
    var endsBy: EndReason.Cause?
    /// The cause of its end is idleness, and it is then parked: the next visit resumes it.
    var parks: Bool
    /// The end is near, or an operator has announced it: tell the learner.
    var isWarned: Bool
    /// The session runs, and its host does not answer.
    var isOutOfReach: Bool
    /// How many more times *Keep it* works before the lab must be used in another way.
    var keepsLeft: Int
    /// The text for the learner, as on Carrel's own pages.
    var heading: String
    var paragraphs: [Prose]
    var help: Prose?
    var action: Action?
    /// A program in the lab was stopped because the lab had used all of its memory.
    var memory: Memory?
    /// The language of all texts here, and how it says times.
    var language: Language
    var moments: MomentForms?
    var labels: Labels

    init(_ view: SessionView, contact: Contact?, now: Timestamp) {
        state = view.state
        self.now = now
        endsAt = view.endsAt
        endsBy = view.endsBy
        parks = view.endsBy == .idle && view.parksForSeconds != nil
        isWarned = view.isWarned == true || view.announcedEndAt != nil
        isOutOfReach = view.isOutOfReach == true
        keepsLeft = view.keepsLeft ?? 0
        let words = LearnerWords.current
        language = words.language
        moments = words.moments
        labels = Labels(words)
        let panel = Page.Panel(view, at: .notice, in: words, now: now)
        heading = panel.heading
        // An out-of-memory stop is reported in `memory` instead.
        paragraphs = panel.paragraphs.filter { $0 != words.outOfMemory } + [panel.problem].compactMap(\.self)
        help = panel.help.map { words.help($0, contact) }
        if let form = panel.form, !form.isQuiet { action = Action(path: form.action, label: form.label) }
        memory = view.memoryWarnedAt.map { Memory(at: $0, message: words.outOfMemory) }
    }
}
