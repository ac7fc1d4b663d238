import BrokerCore

extension EndReason {
    /// Why the session ended, for operators.
    public var explanation: String {
        switch self {
        case .idle(let timeoutSeconds):
            "Ended because nothing happened in it for \(OperatorText.span(.seconds(timeoutSeconds))). Your files are kept."
        case .lifetime(let limitSeconds):
            "Ended because it reached its maximum lifetime of \(OperatorText.span(.seconds(limitSeconds))). Your files are kept."
        case .operatorEnded(let note):
            note.isEmpty
                ? "Ended by an operator. Your files are kept."
                : "Ended by an operator: \(OperatorText.sentence(note)) Your files are kept."
        case .learnerEnded:
            "Ended by you. Your files are kept."
        case .leftQueue:
            "You left the queue before there was a seat. Your files are kept; start it again to wait for one."
        case .reservationOver:
            "Ended because the time reserved for your course is over. Your files are kept; start it again to get any free seat."
        case .drain(let host):
            "Ended because its host \(host) had to be emptied for maintenance. Your files are kept; start it again to get another seat."
        case .lost(let host):
            "Ended because its host \(host) was lost. Your files are kept there, in case it ever comes back; start it again to begin with an empty home elsewhere."
        case .exited(_, outOfMemory: true):
            "Ended because it used more memory than the lab allows, and its main process was stopped. "
                + "Your saved files are kept; start it again and work on less data at a time."
        case .exited(let code, outOfMemory: false):
            code < 0
                ? "Ended because its container stopped by itself. Your files are kept."
                : "Ended because its container stopped by itself, with code \(code). Your files are kept."
        case .engineRestarted(let host):
            "Ended because the engine of its host \(host) was restarted, which stops every lab there. "
                + "Your files are kept; start it again."
        case .vanished(let host):
            "Ended because its container is gone from the host \(host), removed by something other than Carrel. Your files are kept."
        case .homeLost(let host):
            "Ended because its home was no longer mounted on the host \(host): the containers that hold homes there were "
                + "removed by something other than Carrel. Your files are kept; start it again."
        case .removed(let what):
            "Ended because the configuration no longer has \(what). Your files are kept."
        case .parked(let seconds):
            "Ended because it was parked for \(OperatorText.span(.seconds(seconds))) and nobody came back to it. "
                + "Your files are kept."
        case .unknown(let parts):
            "Ended for a reason that this version of Carrel does not know (\(parts.word)). Your files are kept."
        }
    }
}

extension ParkReason {
    /// Why the session was parked, for operators.
    public var explanation: String {
        switch self {
        case .idle(let timeoutSeconds):
            "Parked because nothing happened in it for \(OperatorText.span(.seconds(timeoutSeconds))). "
                + "Your files are kept."
        case .operatorParked(let note):
            note.isEmpty
                ? "Parked by an operator. Your files are kept."
                : "Parked by an operator: \(OperatorText.sentence(note)) Your files are kept."
        case .unknown(let parts):
            "Parked for a reason that this version of Carrel does not know (\(parts.word)). Your files are kept."
        }
    }
}
