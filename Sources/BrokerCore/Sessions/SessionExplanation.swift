/// Why a session is in its state, and until when: every decision about its life, with the facts behind it.
public struct SessionExplanation: Hashable, Sendable, Codable {
    /// What can end a running or parked session. Each has its own `EndReason`, whose `cause` it is.
    public enum Cause: String, Hashable, Sendable, Codable, CaseIterable {
        case idle, lifetime, drain
        /// The time reserved for its course is over, including its overrun and extensions.
        case reservation
        /// It is parked, and its learner does not return.
        case parked
        /// An operator has announced the end.
        case operatorEnds = "operator"
    }

    /// One limit that applies to a session.
    public struct End: Hashable, Sendable, Codable {
        public var cause: Cause
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

extension BrokerCore {
    /// Explains a session, whether or not it is in memory.
    ///
    /// - Parameters:
    ///   - session: as stored; the session in memory takes precedence if there is one.
    ///   - story: of this session, oldest first.
    public func explain(_ session: Session, story: [StoryEntry], at now: Timestamp) -> SessionExplanation {
        let session = entries[session.id]?.session ?? session
        let state = session.state
        let hasRun = story.contains { $0.epoch == session.epoch && $0.state == SessionState.Name.running.rawValue }
        let stay = session.stay
        let estimate = estimate(of: session.id, at: now)
        // The facts behind an end are in the story's line where the ending began, not where the container was gone.
        let ending = SessionState.Name.ending.rawValue
        let wanted: Set<String> =
            switch state {
            case .ended: [ending, state.name]
            case .parked: [SessionState.Name.parking.rawValue]
            default: [state.name]
            }
        let run = story.filter { $0.epoch == session.epoch && wanted.contains($0.state) }
        return SessionExplanation(
            session: session.id, lab: session.lab.name, state: state.name, since: state.since,
            summary: summary(of: session, at: now),
            decision: run.first { $0.state == ending } ?? run.last,
            lastSign: hasRun
                ? SessionExplanation.Sign(
                    at: session.lastActivityAt, source: stay.source, words: Explanations.activity(stay.source)) : nil,
            ends: ends(of: session.id, at: now),
            extended: stay.notIdleBefore.map {
                SessionExplanation.Extension(
                    totalSeconds: stay.extended.components.seconds, by: stay.extendedBy ?? "an operator",
                    notIdleBefore: $0)
            },
            keeps: stay.keeps, queuePosition: queuePosition(of: session.id),
            queueLength: state.name == SessionState.Name.queued.rawValue ? queueLength : nil,
            waiting: waiting(of: session.id, at: now),
            estimateSeconds: estimate.map { Int(($0.wholeMilliseconds + 999) / 1000) },
            rules: lab(session.lab).map { ActivityRule.table(for: $0.kind) } ?? [])
    }

    /// The limits that apply to a running or parked session, earliest first.
    public func ends(of id: SessionID, at now: Timestamp) -> [SessionExplanation.End] {
        if let end = parkedEnd(of: id) { return [end] }
        guard let entry = entries[id], case .running(let host, _, let since) = entry.session.state,
            let lab = lab(entry.session.lab)
        else { return [] }
        let certain = lifetimeEnd(of: entry, runningSince: since, lab)
        return foretoldEnds(of: id).map { end in
            let (why, isWarned): (String, Bool) =
                switch end.cause {
                case .idle: (whyIdle(entry, lab, on: host), end.at != nil && isWarnedOfIdleness(entry))
                case .lifetime: (whyLifetime(entry, lab, until: end.at), isWarned(entry, of: end, certain))
                case .reservation: (whyReserved(entry), isWarned(entry, of: end, certain))
                case .drain:
                    (
                        "Its host \(host) is being emptied for maintenance.",
                        lab.idleWarning > .zero && end.at.map { now >= $0 - lab.idleWarning } ?? false
                    )
                case .operatorEnds: (whyAnnounced(entry.session.stay.announcedEnd), true)
                case .parked: ("", false)
                }
            return SessionExplanation.End(cause: end.cause, at: end.at, why: why, isWarned: isWarned)
        }
    }

    private func whyAnnounced(_ end: AnnouncedEnd?) -> String {
        let words = end.map { $0.note.isEmpty ? "." : " and says: \(Explanations.sentence($0.note))" } ?? "."
        return "An operator has announced it\(words) `carrel session end --cancel` takes it back."
    }

    private func isWarned(_ entry: Entry, of end: ForetoldEnd, _ certain: Timestamp) -> Bool {
        end.at == certain && entry.warned.lifetime == certain
    }

    private static let notice = "The configuration gives it less time than before, and its learner is warned first."

    private func whyLifetime(_ entry: Entry, _ lab: Lab, until end: Timestamp?) -> String {
        let extended = entry.session.stay.extended
        return "It lives \(Explanations.span(lab.maximumLifetime))"
            + (extended > .zero ? ", extended by \(Explanations.span(extended))" : "")
            + ", from the moment it became ready, busy or not."
            + (entry.notice.lifetime.map { $0 == end } == true ? " \(Self.notice)" : "")
    }

    private func whyReserved(_ entry: Entry) -> String {
        guard let id = entry.session.reservation, let reservation = reservations[id] else {
            return "It keeps the seat that was reserved for it as long as it was extended."
        }
        let seat = "Its seat is reserved for its course until \(reservation.terms.endsAt.text) (reservation \(id))"
        guard let extended = entry.session.stay.seatUntil, extended > reservation.terms.endsAt else {
            return "\(seat), overrun included."
        }
        return "\(seat), and it was extended beyond that."
    }

    private func whyIdle(_ entry: Entry, _ lab: Lab, on host: String) -> String {
        let end = idleEnd(of: entry, lab)
        guard let record = record(of: host), record.isReachable || isGone(record) else {
            return "Its host \(host) does not answer: until it does, nobody can show that they are there, and nothing "
                + "ends for idleness."
        }
        if case .busy = entry.inquiry {
            return "A kernel was executing when the lab was last asked, and it is asked again every "
                + "\(Explanations.span(Limits.busyRecheckDelay)): while one is, nothing ends for idleness."
        }
        let timeout = Explanations.span(lab.idleTimeout)
        let why =
            if let floor = entry.session.stay.notIdleBefore, floor == end {
                "It was extended: not before then, and not earlier than \(timeout) after the last sign of use."
            } else if let floor = entry.idleNotBefore, floor == end {
                "The way to the lab was shut for a while: nothing ends for idleness shortly after."
            } else if let floor = entry.notice.idle, floor == end {
                Self.notice
            } else {
                "\(timeout) after the last sign of use"
                    + (lab.kind == .jupyter ? ", unless the lab says that a kernel is executing." : ".")
            }
        return why + (parks(entry, lab) ? " Then it is parked, for \(Explanations.span(lab.parksFor)) at most." : "")
    }

    /// Why a running session has not ended for idleness, as the middle of a sentence.
    private func aliveReason(of session: Session, at now: Timestamp) -> String {
        let sign =
            "\(Explanations.activity(session.stay.source)) "
            + "\(Explanations.span(now - session.lastActivityAt)) ago"
        guard let entry = entries[session.id], let lab = lab(session.lab),
            session.lastActivityAt + lab.idleTimeout <= now
        else { return sign }
        if let floor = session.stay.notIdleBefore, floor > now {
            return "\(session.stay.extendedBy ?? "an operator") extended it"
        }
        if let host = session.state.host.flatMap({ record(of: $0) }), !host.isReachable, !isGone(host) {
            return "its host \(host.name) does not answer, and until it does nothing ends for idleness"
        }
        if let floor = entry.idleNotBefore, floor > now { return "the way to it was shut until a moment ago" }
        if let floor = entry.notice.idle, floor > now { return "its learner is warned before a shorter timeout counts" }
        return sign
    }

    private func summary(of session: Session, at now: Timestamp) -> String {
        switch session.state {
        case .running:
            guard let first = ends(of: session.id, at: now).first, let at = first.at else {
                return "It runs, and nothing ends it at the moment."
            }
            let what =
                switch first.cause {
                case .idle: "if nothing happens in it"
                case .parked: "if nobody comes back to it"
                case .lifetime: "because its lifetime is over then, whatever happens in it"
                case .reservation: "because the time reserved for its course is over then, whatever happens in it"
                case .drain: "because its host is being emptied, whatever happens in it"
                case .operatorEnds: "because an operator has announced it, whatever happens in it"
                }
            let isParked = first.cause == .idle && parksFor(session.id) != nil
            return "It is alive because \(aliveReason(of: session, at: now)); it \(isParked ? "is parked" : "ends") in "
                + "\(Explanations.span(at - now)), \(what)."
        case .ended(let reason, _):
            return reason.explanation
        case .failed(let message, _, _):
            return message
        case .queued, .starting, .ending, .parking, .parked:
            return explanation(of: session.id, at: now) ?? ""
        }
    }
}

extension SessionState {
    /// When this state began.
    var since: Timestamp {
        switch self {
        case .queued(let since), .starting(_, _, let since), .running(_, _, let since), .ending(_, _, let since),
            .parking(_, _, let since), .parked(_, let since):
            since
        case .ended(_, let at), .failed(_, _, let at): at
        }
    }
}
