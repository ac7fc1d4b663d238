import Identity

/// What an operator should know about a host.
public enum HostNote: Hashable, Sendable {
    case silent(reason: String)
    case unreachable(reason: String)
    case notAnsweredYet
    case sameEngine(as: String)
    /// Declared lost, and it answers.
    case lostAnswers
    case forgottenWhenEmpty
    case untried
    case unproved(reason: String)
    case removedWhenEmpty
    /// Its turn in a rolling drain comes.
    case drainedInTurn(members: Int, maximumUnavailable: Int)
    case nextDrainWaits
    /// Its labs use too much memory for new seats; in bytes.
    case strained(used: Int64, of: Int64, opensBelow: Int64)
}

/// Why a pool has fewer seats than its target.
public enum PoolShortage: Hashable, Sendable {
    case unknownPortal(BadTerms)
    case unknownLab(String)
    case noHost
    /// Homes cannot be attached to running containers; one of the hosts says why.
    case noAttachment(reason: String?)
    case othersFirst
    case startFailed
}
