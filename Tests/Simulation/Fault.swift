/// All faults of the simulated world. A run counts how often each kind occurred; the tests ensure that each of them
/// does occur.
///
/// A new kind takes a case here and, where it strikes, `if strikes(.itsName, oneIn: n)`, or `count(.itsName)` in
/// `natureActs` for spontaneous faults.
public enum Fault: String, CaseIterable, Sendable {
    // Between the broker and its engines, labs and edge.
    case replyLost = "reply lost"
    case replyDuplicated = "reply duplicated"
    /// Delivered so late that other replies have overtaken it.
    case replyLate = "reply late"
    /// A call never reaches its engine; the driver runs into its timeout.
    case callLost = "call lost"
    /// A call is executed, but its answer is lost; the driver runs into its timeout.
    case answerLost = "answer lost"

    // Hosts.
    case hostCut = "host cut off"
    case hostLostPower = "host lost its power"
    case hostSetUpAnew = "host set up anew"
    case hostSlow = "host slow"
    case hostDiskFull = "disk of a host full"
    /// A host's network isolation of labs breaks, or works again.
    case fenceGone = "packet filter of a host gone or back"
    case labSilent = "lab never ready"
    case removalFailed = "removal failed"
    case imageGone = "image gone or back"
    case containerStopped = "container stopped"
    case processKilled = "process out of memory"
    case containerTaken = "container removed by hand"
    /// The container that holds the attached homes of a host's running labs is removed.
    case homesTaken = "homes taken off by hand"

    // The broker's own machine.
    case crashAtRest = "crash at rest"
    case crashBeforeCommit = "crash before a commit"
    case crashAfterCommit = "crash after a commit"
    case crashBetweenActions = "crash between two actions"
    case crashAtBoot = "crash while booting"
    case commitFailed = "commit failed"
    /// Every commit fails for a while.
    case diskFull = "disk full"
    case clockForward = "clock set forward"
    case clockBack = "clock set back"
}

extension Simulation {
    /// Whether this fault occurs here and now: with a probability of one in `n` in a world that is not calm.
    func strikes(_ fault: Fault, oneIn n: Int) -> Bool {
        guard hasFaults, random.oneIn(n * calmness) else { return false }
        count(fault)
        return true
    }

    func count(_ fault: Fault) { count(fault.rawValue) }

    func count(_ what: String) { tally[what, default: 0] += 1 }
}
