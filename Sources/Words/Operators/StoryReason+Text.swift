import BrokerCore
import Text

extension StoryEntry {
    /// The line in the operators' words, as the state file keeps it.
    public init(_ line: StoryLine) {
        self.init(
            session: line.session, at: line.at, epoch: line.epoch, state: line.state, host: line.host,
            reason: line.reason.sentence)
    }
}

extension StoryReason {
    /// For operators.
    public var sentence: String {
        switch self {
        case .launched(let claim, let full): Self.queued("Launched", claim, full)
        case .revived(let wasParked, let claim, let full):
            Self.queued(wasParked ? "Resumed" : "Started again", claim, full)
        case .claimed(let claim): "\(claim.sentence) Waiting for it to be prepared."
        case .reservationCancelled: "The reservation was cancelled; waiting for any seat."
        case .reservationOver: "The reserved time is over; waiting for any seat."
        case .seatFound(let host): "A seat on \(host) is free; its container is being created."
        case .warmSeat(let claim, let host): "A warm seat on \(host) was claimed\(claim.clause)"
        case .stepReached(let step): step.sentence
        case .ready(let after, wasWarm: false): "The lab answers, \(OperatorText.span(after)) after it got its seat."
        case .ready(let after, wasWarm: true):
            "The lab of the warm seat is this learner's, \(OperatorText.span(after)) after it was claimed."
        case .attachmentFailed(let message):
            "The files could not be attached to the warm lab, so its container is made anew, with them in it from the "
                + "start: \(OperatorText.sentence(message))"
        case .attemptFailed(let attempt, let host, let mishap):
            Self.requeued("Attempt \(attempt) of \(Limits.startAttempts) failed on \(host): \(mishap.message)")
        case .detoured(let setback): Self.requeued(setback.sentence)
        case .failed(let reason): reason.message
        case .reseated(let host, let endStaysAnnounced): Self.reseated(host, endStaysAnnounced)
        case .warnedOfIdleness(let left, let parks):
            "Without activity it \(parks ? "is parked" : "ends") in \(OperatorText.span(left)): the learner is warned."
        case .warned(let reason, let left):
            "\(Self.approaching(reason)) in \(OperatorText.span(left)): the learner is warned."
        case .kept(let presses, let timeout):
            "Kept by its learner, \(presses) of \(Limits.keepsInARow) times in a row: "
                + "\(OperatorText.span(timeout)) from now, if nothing else happens and its lifetime allows it."
        case .extended(let duration, let who, let note, let endIsTakenBack, let endsIn):
            "Extended by \(OperatorText.span(duration)) by \(who)." + Self.added("", note)
                + (endIsTakenBack ? " The announced end is taken back." : "")
                + " In any case it ends in \(OperatorText.span(endsIn))."
        case .endAnnounced(let left, let note):
            "An operator ends it in \(OperatorText.span(left)), and its learner has been told."
                + Self.added("The operator says: ", note)
        case .endTakenBack: "An operator took the announced end back."
        case .outOfMemory(let limit):
            "The system stopped a program in it, because the lab used all of its \(OperatorText.bytes(limit)) of "
                + "memory: what that program held is lost, saved files are kept. Work on less data at a time, or shut "
                + "down notebooks that you do not need."
        case .containerMoved(let endpoint):
            "The container was restarted and is now at \(endpoint.address):\(endpoint.port)."
        case .clockMoved(let jump, let grace, let announcedEndIn):
            Self.clockMoved(by: jump, grace: grace, announcedEndIn: announcedEndIn)
        case .remark(let words): words
        case .ends(let reason, let evidence): Self.leaving(reason.explanation, evidence)
        case .parks(let reason, let evidence): Self.leaving(reason.explanation, evidence)
        case .removalFailed(let message): "The container could not be removed and will be tried again: \(message)"
        case .containerRemoved(let host): "The container on \(host) is removed; the learner's files stay."
        case .containerOnLostHost(let host):
            "The host \(host) is lost: its container is removed if it ever comes back."
        case .containerOnForgottenHost(let host):
            "The host \(host) is not in the configuration and does not answer: its container is left alone."
        }
    }

    private static func queued(_ how: String, _ claim: SeatClaim?, _ fullCohort: Int?) -> String {
        if let claim { return "\(how). \(claim.sentence)" }
        let full = fullCohort.map { seats in
            " All \(Plural.count(seats, "seat")) reserved for this course \(Plural.noun(seats, "is", "are")) claimed, "
                + "so it gets any free one."
        }
        return "\(how); waiting for a seat.\(full ?? "")"
    }

    private static func leaving(_ explanation: String, _ evidence: IdleEvidence?) -> String {
        [explanation, evidence?.sentences].compactMap(\.self).joined(separator: " ")
    }

    private static func clockMoved(by jump: Duration, grace: Duration, announcedEndIn: Duration?) -> String {
        let way = jump > .zero ? "forward" : "back"
        let size = OperatorText.span(jump > .zero ? jump : .zero - jump)
        let moved = announcedEndIn.map { " The announced end comes in \(OperatorText.span($0))." } ?? ""
        return "The clock of Carrel's machine was set \(way) by \(size), or stood still with it: how long the lab was "
            + "used and may live is counted on as before, and nothing ends for idleness in the next "
            + "\(OperatorText.span(grace)).\(moved)"
    }

    private static func requeued(_ reason: String) -> String {
        "\(OperatorText.sentence(reason)) Back in the queue, at the old place."
    }

    private static func reseated(_ host: String, _ endStaysAnnounced: Bool) -> String {
        requeued(
            "The host \(host) is lost: a new seat with the same files, without what was not saved."
                + (endStaysAnnounced ? " The announced end stays as it is." : ""))
    }

    /// The beginning of a sentence about an end that comes whatever happens in the lab.
    private static func approaching(_ reason: EndReason) -> String {
        reason == .reservationOver ? "The time reserved for its course is over" : "It reaches its maximum lifetime"
    }

    /// What somebody has said, as one more sentence.
    private static func added(_ beginning: String, _ note: String) -> String {
        note.isEmpty ? "" : " \(beginning)\(OperatorText.sentence(note))"
    }
}

extension SeatClaim {
    fileprivate var sentence: String {
        isLate
            ? "This learner has a right to a seat (reservation \(reservation)) and comes before everybody else, but "
                + "after the no-show time, when seats that nobody had claimed were let go."
            : "A seat is reserved for this learner (reservation \(reservation))."
    }
}

extension WarmSeatClaim {
    /// The end of a sentence.
    fileprivate var clause: String {
        switch self {
        case .readyWithoutFiles: ": its lab was ready before anybody asked. The lab keeps no files."
        case .readyWithFiles:
            ": its lab was ready before anybody asked. It was started with this learner's own files."
        case .attaching: "; this learner's own files are being attached to it by mount propagation."
        case .starting: " while it was being started."
        }
    }
}

extension StartStep {
    fileprivate var sentence: String {
        switch self {
        case .creating: "The container is being created."
        case .starting: "The container is created and is being started."
        case .waiting: "The container runs; waiting for the lab inside to answer."
        case .attaching: "The lab runs; this learner's files are being attached to it."
        }
    }
}

extension Mishap {
    fileprivate var message: String {
        switch self {
        case .told(let message): message
        case .containerRemoved: "The container was removed while it was starting."
        case .containerStopped(let code, let outOfMemory):
            "The container stopped with code \(code) before the lab was ready"
                + (outOfMemory ? ", because it needed more memory than the lab allows." : ".")
        }
    }
}

extension Setback {
    fileprivate var sentence: String {
        switch self {
        case .hostSilent(let host, let reason): "The host \(host) does not answer: \(OperatorText.sentence(reason))"
        case .hostLost(let host): "The host \(host) is lost."
        case .hostRemoved(let host): "The host \(host) is not in the configuration any more."
        case .hostDrained(let host): "The host \(host) is being drained."
        case .sameEngine(let host, let other): "The host \(host) is the same engine as \(other)."
        case .hostUnproved(let host): "The host \(host) does not keep what labs are promised about the network."
        case .imageMissing(let host, let image, let message):
            "The host \(host) does not have \(image.map { "the image \($0)" } ?? message)."
        }
    }
}

extension FailReason {
    /// What happened and what to do next, for operators.
    public var message: String {
        switch self {
        case .attempts(let host, let mishap):
            "The lab could not be started in \(Limits.startAttempts) attempts. The last one, on \(host): "
                + "\(OperatorText.sentence(mishap.message)) \(OperatorText.afterFailure)"
        case .detours(let setback):
            "The lab was sent to another host \(Limits.startDetours) times without a start. The last reason: "
                + "\(OperatorText.sentence(setback.sentence)) \(OperatorText.afterFailure)"
        case .imageNowhere(let image, let lab, let home):
            (home.map { "The host \($0), which has this learner's files, does not have" } ?? "No host has")
                + " the image \(image): an operator must build it there, or pull it with `carrel lab prepull \(lab)`, "
                + "then start again."
        case .neverFits(let misfit): misfit.operatorText
        case .told(let message): message
        }
    }
}

extension IdleEvidence {
    fileprivate var sentences: String {
        let seen = "The edge saw nothing since that counts"
        let judged =
            switch witness {
            case .edge: "\(seen)."
            case .quietKernels: "\(seen), and the lab said that no kernel is executing."
            case .noAnswer: "\(seen), and the lab did not answer when it was asked whether a kernel is busy."
            }
        return "The last sign of use was \(OperatorText.span(ago)) ago: \(OperatorText.activity(lastSign)). \(judged)"
    }
}
