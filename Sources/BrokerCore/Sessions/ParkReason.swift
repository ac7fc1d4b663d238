/// Why a session was parked: its container is gone, and its learner's next visit resumes it.
public enum ParkReason: Hashable, Sendable, Codable {
    /// No activity for the lab's idle timeout.
    case idle(timeoutSeconds: Int64)
    /// An operator parked it, with an optional message.
    case operatorParked(note: String)
    /// Written by a newer version; kept unchanged.
    case unknown(ReasonParts)

    /// For operators; the portal has its own text for learners.
    public var explanation: String {
        switch self {
        case .idle(let timeoutSeconds):
            "Parked because nothing happened in it for \(Explanations.span(.seconds(timeoutSeconds))). "
                + "Your files are kept."
        case .operatorParked(let note):
            note.isEmpty
                ? "Parked by an operator. Your files are kept."
                : "Parked by an operator: \(Explanations.sentence(note)) Your files are kept."
        case .unknown(let parts):
            "Parked for a reason that this version of Carrel does not know (\(parts.word)). Your files are kept."
        }
    }
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
