import Broker
import BrokerCore

/// `GET /.carrel/status` on a lab's hostname, and each `status` event of its stream: how the lab is and what to tell its
/// learner, for a program of its own page.
struct StayStatus: Hashable, Codable {
    /// A button: a form posted to the path does it, with the path to come back to as `next`.
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
    /// The wall clock of the answer, so that nobody depends on the browser's.
    var now: Timestamp
    /// What ends the session first, and when.
    var endsAt: Timestamp?
    var endsBy: SessionExplanation.Cause?
    /// What ends it is idleness, and then it is parked: the next visit brings it back.
    var parks: Bool
    /// It is near, or an operator has announced it: tell the learner.
    var isWarned: Bool
    /// It runs, and its computer does not answer.
    var isOutOfReach: Bool
    /// How often *Keep it* helps before something else must happen in the lab.
    var keepsLeft: Int
    /// What to tell the learner, as Carrel's own pages say it.
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
        // That a program ran out of memory is said in `memory`.
        paragraphs = panel.paragraphs.filter { $0 != LearnerWords.outOfMemory } + [panel.problem].compactMap(\.self)
        help = panel.help.map { LearnerWords.help($0, contact) }
        if let form = panel.form, !form.isQuiet { action = Action(path: form.action, label: form.label) }
        memory = view.memoryWarnedAt.map { Memory(at: $0, message: LearnerWords.outOfMemory) }
    }
}
