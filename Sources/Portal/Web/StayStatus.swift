import Broker
import BrokerCore

/// `GET /.carrel/status` on a lab's hostname: how long the lab stays, for a program of its own page.
struct StayStatus: Hashable, Codable {
    /// As in `SessionView.state`.
    var state: String
    /// The wall clock of the answer, so that nobody depends on the browser's.
    var now: Timestamp
    /// What ends the session first, and when.
    var endsAt: Timestamp?
    var endsBy: SessionExplanation.Cause?
    /// What ends it is idleness, and then it is parked: the next visit brings it back.
    var parks: Bool
    /// It is near: tell the learner.
    var isWarned: Bool
    /// How often *Keep it* helps before something else must happen in the lab.
    var keepsLeft: Int
    /// A process in the lab was stopped because the lab reached its memory limit; what helps, in words.
    var memoryWarning: String?

    init(_ view: SessionView, now: Timestamp) {
        state = view.state
        self.now = now
        endsAt = view.endsAt
        endsBy = view.endsBy
        parks = view.endsBy == .idle && view.parksForSeconds != nil
        isWarned = view.isWarned ?? false
        keepsLeft = view.keepsLeft ?? 0
        memoryWarning = view.memoryWarning
    }
}
