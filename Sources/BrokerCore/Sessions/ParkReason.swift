/// Why a session was parked: its container is gone, and its learner's next visit resumes it.
public enum ParkReason: Hashable, Sendable, Codable {
    /// No activity for the lab's idle timeout.
    case idle(timeoutSeconds: Int64)
    /// An operator parked it, with an optional message.
    case operatorParked(note: String)
    /// Written by a newer version; kept unchanged.
    case unknown(ReasonParts)
}

extension SessionState {
    /// Whether the container is being removed.
    var isLeaving: Bool {
        switch self {
        case .ending, .parking: true
        case .queued, .starting, .running, .parked, .ended, .failed: false
        }
    }
}
