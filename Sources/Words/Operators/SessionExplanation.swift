import BrokerCore

/// Why a session is in its state, and until when, in the operators' words: the facts and a sentence for each, as the
/// control API answers them.
public struct SessionExplanation: Hashable, Sendable, Codable {
    /// One limit that applies to a session.
    public struct End: Hashable, Sendable, Codable {
        public var cause: EndReason.Cause
        /// When it ends the session if nothing changes; `nil` while it cannot.
        public var at: Timestamp?
        /// Why it is at that time.
        public var why: String
        /// Whether the learner has been warned of it.
        public var isWarned: Bool
    }

    /// The latest evidence that the session is in use.
    public struct Sign: Hashable, Sendable, Codable {
        public var at: Timestamp
        public var source: ActivitySource
        public var words: String
    }

    /// The extensions of a running session.
    public struct Extension: Hashable, Sendable, Codable {
        /// The total extension of its lifetime.
        public var totalSeconds: Int64
        /// The operator or instructor who gave the last extension.
        public var by: String
        /// The session does not end for idleness before this time.
        public var notIdleBefore: Timestamp
    }

    public var session: SessionID
    /// The lab's name in its portal.
    public var lab: String
    /// As in `StoryEntry.state`.
    public var state: String
    public var since: Timestamp
    /// The explanation in one or two sentences.
    public var summary: String
    /// The story's line with the decision that began this state.
    public var decision: StoryEntry?
    /// `nil` until the session has run.
    public var lastSign: Sign?
    /// For a running or parked session; earliest first.
    public var ends: [End]
    public var extended: Extension?
    /// Presses of *Keep it* since any other activity.
    public var keeps: Int
    /// While queued: the position, from 1.
    public var queuePosition: Int?
    public var queueLength: Int?
    /// While queued: why it waits, as facts; `summary` has the words.
    public var waiting: Waiting?
    /// While queued or starting: the estimated time until it is ready; `nil` if that would be a guess.
    public var estimateSeconds: Int?
    /// The activity rules for its kind of lab.
    public var rules: [ActivityRule]
}

extension SessionExplanation {
    public init(_ facts: SessionFacts) {
        self.init(
            session: facts.session, lab: facts.lab, state: facts.state, since: facts.since, summary: facts.summary.text,
            decision: facts.decision,
            lastSign: facts.lastSign.map {
                Sign(at: $0.at, source: $0.source, words: OperatorText.activity($0.source))
            },
            ends: facts.ends.map {
                End(cause: $0.cause, at: $0.at, why: $0.basis.text, isWarned: $0.isWarned)
            },
            extended: facts.extended.map {
                Extension(
                    totalSeconds: $0.total.components.seconds, by: $0.by ?? OperatorText.someOperator,
                    notIdleBefore: $0.notIdleBefore)
            },
            keeps: facts.keeps, queuePosition: facts.queuePosition, queueLength: facts.queueLength,
            waiting: facts.waiting, estimateSeconds: facts.estimate.map { Int(($0.wholeMilliseconds + 999) / 1000) },
            rules: facts.rules)
    }
}

extension SessionFacts.Summary {
    fileprivate var text: String {
        switch self {
        case .endless: return "It runs, and nothing ends it at the moment."
        case .alive(let reason, let outcome, let cause, let left):
            let what = if case .parks = outcome { "is parked" } else { "ends" }
            return "It is alive because \(reason.clause); it \(what) in \(OperatorText.span(left)), \(cause.clause)."
        case .standing(let standing): return standing.text
        case .unknown: return ""
        }
    }
}

extension EndReason.Cause {
    /// The end of a sentence that says when it ends.
    fileprivate var clause: String {
        switch self {
        case .idle: "if nothing happens in it"
        case .parked: "if nobody comes back to it"
        case .lifetime: "because its lifetime is over then, whatever happens in it"
        case .reservation: "because the time reserved for its course is over then, whatever happens in it"
        case .drain: "because its host is being emptied, whatever happens in it"
        case .operatorEnds: "because an operator has announced it, whatever happens in it"
        }
    }
}

extension AliveReason {
    /// The middle of a sentence.
    fileprivate var clause: String {
        switch self {
        case .sign(let source, let ago): "\(OperatorText.activity(source)) \(OperatorText.span(ago)) ago"
        case .extended(let who): "\(who ?? OperatorText.someOperator) extended it"
        case .hostSilent(let host): "its host \(host) does not answer, and until it does nothing ends for idleness"
        case .wayWasShut: "the way to it was shut until a moment ago"
        case .notice: "its learner is warned before a shorter timeout counts"
        }
    }
}

extension EndBasis {
    /// Why an end is at its time, for operators.
    public var text: String {
        switch self {
        case .idle(let basis, let parksFor):
            basis.sentence + (parksFor.map { " Then it is parked, for \(OperatorText.span($0)) at most." } ?? "")
        case .hostSilent(let host):
            "Its host \(host) does not answer: until it does, nobody can show that they are there, and nothing ends for "
                + "idleness."
        case .busyKernel:
            "A kernel was executing when the lab was last asked, and it is asked again every "
                + "\(OperatorText.span(Limits.busyRecheckDelay)): while one is, nothing ends for idleness."
        case .lifetime(let limit, let extended, let isNotice):
            "It lives \(OperatorText.span(limit))"
                + (extended > .zero ? ", extended by \(OperatorText.span(extended))" : "")
                + ", from the moment it became ready, busy or not." + (isNotice ? " \(IdleBasis.noticeSentence)" : "")
        case .reserved(let id, let until, let isExtended):
            "Its seat is reserved for its course until \(until.text) (reservation \(id))"
                + (isExtended ? ", and it was extended beyond that." : ", overrun included.")
        case .seatExtended: "It keeps the seat that was reserved for it as long as it was extended."
        case .drain(let host): "Its host \(host) is being emptied for maintenance."
        case .announced(let note):
            "An operator has announced it\(note.isEmpty ? "." : " and says: \(OperatorText.sentence(note))") "
                + "`carrel session end --cancel` takes it back."
        case .parked(let span):
            "The lab keeps parked sessions for \(OperatorText.span(span)). A visit to its address, or a launch, "
                + "resumes it before; its lifetime begins anew then."
        }
    }
}

extension IdleBasis {
    fileprivate static let noticeSentence =
        "The configuration gives it less time than before, and its learner is warned first."

    fileprivate var sentence: String {
        switch self {
        case .extended(let timeout):
            "It was extended: not before then, and not earlier than \(OperatorText.span(timeout)) after the last sign "
                + "of use."
        case .wayWasShut: "The way to the lab was shut for a while: nothing ends for idleness shortly after."
        case .notice: Self.noticeSentence
        case .timeout(let timeout, let unlessKernelIsBusy):
            "\(OperatorText.span(timeout)) after the last sign of use"
                + (unlessKernelIsBusy ? ", unless the lab says that a kernel is executing." : ".")
        }
    }
}
