import Broker
import BrokerCore

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

    /// As in `SessionView.state`.
    var state: String
    /// The server's wall clock when it answered, so that clients do not depend on the browser's.
    var now: Timestamp
    /// What ends the session first, and when.
    var endsAt: Timestamp?
    var endsBy: SessionExplanation.Cause?
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

    init(_ view: SessionView, contact: Contact?, now: Timestamp) {
        state = view.state
        self.now = now
        endsAt = view.endsAt
        endsBy = view.endsBy
        parks = view.endsBy == .idle && view.parksForSeconds != nil
        isWarned = view.isWarned == true || view.announcedEndAt != nil
        isOutOfReach = view.isOutOfReach == true
        keepsLeft = view.keepsLeft ?? 0
        let panel = Page.Panel(view, at: .notice, now: now)
        heading = panel.heading
        // An out-of-memory stop is reported in `memory` instead.
        paragraphs = panel.paragraphs.filter { $0 != LearnerWords.outOfMemory } + [panel.problem].compactMap(\.self)
        help = panel.help.map { LearnerWords.help($0, contact) }
        if let form = panel.form, !form.isQuiet { action = Action(path: form.action, label: form.label) }
        memory = view.memoryWarnedAt.map { Memory(at: $0, message: LearnerWords.outOfMemory) }
    }
}
