import BrokerCore

extension SessionStanding {
    /// Why a session waits, how long it lives, or why it is over, for operators.
    public var text: String {
        switch self {
        case .queued(let waiting): return waiting.operatorText
        case .starting(let step, let host, let span):
            return "\(Self.doing(step, on: host)) (for \(OperatorText.span(span)) so far)."
        case .running(let announced, let idle, let parks, let lifetime):
            let parts = [
                "It runs", announced.map { "an operator ends it in \(OperatorText.span($0))" },
                idle.map { "without activity it \(parks ? "is parked" : "ends") in \(OperatorText.span($0))" },
                lifetime.map { "in any case it ends in \(OperatorText.span($0))" },
            ]
            return parts.compactMap(\.self).joined(separator: "; ") + "."
        case .ending(let reason, let host): return "\(reason.explanation) Its container on \(host) is being removed."
        case .parking(let reason, let host): return "\(reason.explanation) Its container on \(host) is being removed."
        case .parked(let reason, let keptFor, let home):
            return "\(reason.explanation) The next visit to its address, or a launch, resumes it."
                + (keptFor.map { " It is kept for another \(OperatorText.span($0))." } ?? "")
                + (home.map { " \($0.sentence)" } ?? "")
        case .ended(let reason): return reason.explanation
        case .failed(let reason): return reason.message
        }
    }

    private static func doing(_ step: StartStep, on host: String) -> String {
        switch step {
        case .creating: "Its container is being created on \(host)"
        case .starting: "Its container is being started on \(host)"
        case .waiting: "Its container runs on \(host); the lab inside does not answer yet"
        case .attaching: "A lab that runs on \(host) is being given this learner's files"
        }
    }
}

extension HomePlace {
    fileprivate var sentence: String {
        switch self {
        case .open(let host): "Its files are on the host \(host)."
        case .closed(let host, let state):
            "Its files are on the host \(host), which is \(state.rawValue): resumed before that host takes labs again, "
                + "it waits for it in the queue."
        case .forgotten(let host):
            "Its files are on the host \(host), which is not in the configuration: until it is, it cannot come back."
        }
    }
}
