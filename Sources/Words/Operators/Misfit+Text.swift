import BrokerCore

extension Misfit {
    /// For operators: what is in the way, and what they can change.
    public var operatorText: String {
        switch self {
        case .noHosts:
            "No host is configured: an operator must add one."
        case .noLabels(let lab, let labels):
            "The lab \(lab) asks for a host with \(OperatorText.labels(labels)), and there is none: an operator must "
                + "give a host these labels, or add one that has them."
        case .tooLarge(let lab, let needed, let largest):
            "The lab \(lab) needs \(OperatorText.bytes(needed)) of memory, and no host has that much: the largest allows "
                + "\(OperatorText.bytes(largest)). An operator must lower the lab's memory or add a larger host."
        case .homeHostGone(let host):
            "This learner's files are on the host \(host), which is not in the configuration any more: an operator must "
                + "add it again or move the files."
        case .homeHostTooSmall(let host, let lab, let needed, let limit):
            "The lab \(lab) needs \(OperatorText.bytes(needed)) of memory; this learner's files are on the host \(host), "
                + "which allows \(OperatorText.bytes(limit)): an operator must change one of the two."
        case .homeHostLabels(let host, let lab, let labels):
            "The lab \(lab) asks for a host with \(OperatorText.labels(labels)); this learner's files are in a volume on "
                + "the host \(host), which has other labels. An operator can give the hosts a shared directory for homes "
                + "(homes in the configuration), give \(host) these labels, or take them from the lab."
        }
    }
}
