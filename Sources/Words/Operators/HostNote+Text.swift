import BrokerCore
import Text

extension HostStatus {
    /// Why the host is in this state, for operators; `nil` if the state alone says so.
    public var reason: String? { notes.isEmpty ? nil : notes.map(\.sentence).joined(separator: " ") }
}

extension HostNote {
    fileprivate var sentence: String {
        switch self {
        case .silent(let reason): "It does not answer at the moment: \(OperatorText.sentence(reason))"
        case .unreachable(let reason): "It does not answer: \(OperatorText.sentence(reason))"
        case .notAnsweredYet: "It has not answered yet."
        case .sameEngine(let other):
            "It is the same Docker Engine as the host \(other): one engine is one host, so take one of the two names "
                + "out."
        case .lostAnswers: "It answers again; uncordon it to use it."
        case .forgottenWhenEmpty: "It is not in the configuration any more and is forgotten when it is empty."
        case .untried: "It takes no labs until a try-out has shown that they are kept apart there."
        case .unproved(let reason):
            "It takes no labs, because what they are promised about the network does not hold there: "
                + OperatorText.sentence(reason)
        case .removedWhenEmpty: "It is removed when it is empty."
        case .drainedInTurn(let members, let maximumUnavailable):
            "It is drained when its turn comes: of \(Plural.count(members, "host")), \(maximumUnavailable) may be out "
                + "of service at a time."
        case .nextDrainWaits: "When it is uncordoned, the next host's drain may begin."
        case .strained(let used, let memory, let limit):
            "It takes no new seats but reserved ones until its labs use at most \(OperatorText.bytes(limit)) of its "
                + "\(OperatorText.bytes(memory)): they use \(OperatorText.bytes(used)) now."
        }
    }
}

extension PoolStatus {
    /// Why it has fewer seats than its target, for operators, unless the shortfall is only momentary.
    public var reason: String? { shortage?.sentence }
}

extension PoolShortage {
    fileprivate var sentence: String {
        switch self {
        case .unknownPortal(let problem): problem.message
        case .unknownLab(let name): "The lab \(name) is not in the catalogue."
        case .noHost: "No host takes seats."
        case .noAttachment(let reason):
            "Homes cannot be attached to running containers on any host"
                + (reason.map { ": \(OperatorText.sentence($0))" } ?? ", as far as is known.")
                + " A lab with files: none, or a reservation with a roster, can be warm all the same."
        case .othersFirst: "People are waiting; they come first."
        case .startFailed: "A start has failed; it is tried again in a moment."
        }
    }
}

extension WarmShortfall {
    /// For operators and instructors.
    public var text: String {
        let count =
            possible == 0
            ? "None of its seats can be warm at the start"
            : "Only \(possible) of the \(wanted) seats can be warm at the start"
        let why =
            switch reason {
            case .homesAreVolumes: ": homes are volumes."
            case .told(let reason): ": \(OperatorText.sentence(reason))"
            case nil: "."
            }
        return "\(count), because its hosts cannot attach a learner's files to a lab that runs already\(why) Name the "
            + "learners with --roster or --learner, and their labs are started with their files; or share the homes."
    }
}
