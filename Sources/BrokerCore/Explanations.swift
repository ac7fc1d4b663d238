import Text

/// Text for operators: in a session's story, in lists and in refusals. The portal has its own text for learners.
enum Explanations {
    /// What an operator can do about a start that failed for good.
    static let afterFailure =
        "Its learner may start it again; if that fails too, `carrel check` looks at hosts and images."

    /// A duration as people say it: "45 s", "12 min", "2 h 5 min".
    static func span(_ duration: Duration) -> String {
        let milliseconds = max(0, duration.wholeMilliseconds)
        let seconds = milliseconds / 1000
        if milliseconds < 10_000 { return "\(milliseconds / 1000).\(milliseconds % 1000 / 100) s" }
        if seconds < 120 { return "\(seconds) s" }
        let minutes = seconds / 60
        if minutes < 120 { return "\(minutes) min" }
        return minutes % 60 == 0 ? "\(minutes / 60) h" : "\(minutes / 60) h \(minutes % 60) min"
    }

    /// A number of bytes as people say it, in binary units: "512 MiB", "1.5 GiB".
    static func bytes(_ count: Int64) -> String {
        let mebibytes = count / (1 << 20)
        if mebibytes < 1024 { return "\(mebibytes) MiB" }
        let tenths = count / ((1 << 30) / 10)
        return tenths % 10 == 0 ? "\(tenths / 10) GiB" : "\(tenths / 10).\(tenths % 10) GiB"
    }

    /// The activity that showed that a session is in use, as the middle of a sentence.
    static func activity(_ source: ActivitySource) -> String {
        switch source {
        case .launch: "it was launched"
        case .ready: "the lab became ready"
        case .edge: "somebody did something in it"
        case .busyKernel: "a kernel was executing"
        case .kernel: "a kernel did something"
        case .keep: "its learner pressed Keep it"
        }
    }

    /// Explains that a process in a lab was killed because the lab reached its memory limit, and what helps.
    static func outOfMemory(_ lab: Lab) -> String {
        "The system stopped a program in it, because the lab used all of its \(bytes(lab.memoryBytes)) of memory: what that "
            + "program held is lost, saved files are kept. Work on less data at a time, or shut down notebooks that you "
            + "do not need."
    }

    /// Labels as operators write them: "disk=ssd, gpu=true".
    static func labels(_ labels: [String: String]) -> String {
        labels.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(separator: ", ")
    }

    /// Turns a message from another component into a sentence by adding a full stop if it has no end mark.
    static func sentence(_ message: String) -> String {
        guard let last = message.last else { return "No reason was given." }
        return ".!?…".contains(last) ? message : message + "."
    }
}

extension EndReason {
    /// Why the session ended, for operators.
    public var explanation: String {
        switch self {
        case .idle(let timeoutSeconds):
            "Ended because nothing happened in it for \(Explanations.span(.seconds(timeoutSeconds))). Your files are kept."
        case .lifetime(let limitSeconds):
            "Ended because it reached its maximum lifetime of \(Explanations.span(.seconds(limitSeconds))). Your files are kept."
        case .operatorEnded(let note):
            note.isEmpty
                ? "Ended by an operator. Your files are kept."
                : "Ended by an operator: \(Explanations.sentence(note)) Your files are kept."
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
            "Ended because it was parked for \(Explanations.span(.seconds(seconds))) and nobody came back to it. "
                + "Your files are kept."
        case .unknown(let parts):
            "Ended for a reason that this version of Carrel does not know (\(parts.word)). Your files are kept."
        }
    }
}

extension ReservationConflict {
    /// The time of the worst shortage, which reservations hold seats then, and when to ask for instead.
    public var message: String {
        let all = wanted == 1 ? "It is" : "All \(wanted) are"
        let next = nextFree.map { "\(all) free from \($0.text) on." } ?? "No later time was found either."
        return
            "Only \(free) of \(Plural.count(wanted, "seat")) \(Plural.noun(wanted, "is", "are")) free all that time; the fewest are at \(peakAt.text) (\(holders)). \(next)"
    }

    private var holders: String {
        let reserved =
            others.isEmpty ? nil : "also reserved then: \(others.map(\.rawValue).joined(separator: ", "))"
        let given = companionNames.map { "given before it to others of the same booking: \($0)" }
        let parts = [reserved, given].compactMap(\.self)
        return parts.isEmpty
            ? "the hosts that answer have no more, or sessions that may still be running hold them"
            : parts.joined(separator: "; ")
    }

    /// The first companions, and how many more there are.
    private var companionNames: String? {
        guard !companions.isEmpty else { return nil }
        let names = companions.prefix(Limits.companionsNamed).map { companion in
            "\(Plural.count(companion.seats, "seat")) from \(companion.from.text)"
                + (companion.event.map { " for the event \($0.prefix(Limits.eventNameShown))" } ?? "")
        }
        let others = companions.count - names.count
        return (names + (others > 0 ? ["\(others) more"] : [])).joined(separator: ", ")
    }
}

extension ExtensionConflict {
    /// Whose seat it is, who holds it next, and how far it could be extended.
    public var message: String {
        let seat = reservation.map {
            "The seat of \(session) is reserved until \(reservedUntil.text) (reservation \($0))"
        }
        let names = others.map(\.rawValue).joined(separator: ", ")
        let why =
            others.isEmpty
            ? "sessions that may still be running have the other seats of its host"
            : "its host has promised its seats to \(others.count == 1 ? "the reservation" : "the reservations") \(names)"
        let way =
            possibleUntil.map { "It can be extended until \($0.text); \(why) from then on." }
            ?? "It cannot be extended beyond that, because \(why) then."
        return "\(seat ?? "\(session) keeps its seat until \(reservedUntil.text)"). \(way)"
    }
}

extension Refusal {
    static let tooManyReservations = Refusal.limit(
        "More than \(Limits.reservations) reservations would be booked, which is the limit; cancel one, or wait until one is over."
    )

    /// What happened and what to do next.
    public var message: String {
        switch self {
        case .unknownLab(let key):
            "There is no lab \(key.name) in the catalogue; `carrel lab list` shows those there are."
        case .unknownSession(let id):
            "There is no session \(id); `carrel session list` shows those there are."
        case .unknownHost(let name):
            "There is no host \(name) in the configuration; `carrel host list` shows those there are."
        case .unknownReservation(let id):
            "There is no reservation \(id) that is not over; `carrel reserve list` shows those there are."
        case .unknownPool(let key):
            "There is no pool of the lab \(key.name); `carrel pool list` shows those there are."
        case .noSeats(let conflict):
            conflict.message
        case .noSeatAfter(let conflict):
            conflict.message
        case .neverFits(let misfit):
            misfit.operatorText
        case .notNow(let message), .badTerms(let message), .limit(let message):
            message
        }
    }
}

extension BrokerCore {
    /// Why a session waits, how long it lives, or why it is over, in words; `nil` if it is not in memory.
    public func explanation(of id: SessionID, at now: Timestamp) -> String? {
        guard let entry = entries[id] else { return nil }
        switch entry.session.state {
        case .queued:
            return waiting(of: id, at: now)?.operatorText
        case .starting(let host, let step, let since):
            let doing =
                switch step {
                case .creating: "Its container is being created on \(host)"
                case .starting: "Its container is being started on \(host)"
                case .waiting: "Its container runs on \(host); the lab inside does not answer yet"
                case .attaching: "A lab that runs on \(host) is being given this learner's files"
                }
            return "\(doing) (for \(Explanations.span(now - since)) so far)."
        case .running:
            let what = parksFor(id) == nil ? "ends" : "is parked"
            let idle = idleEndsAt(id).map { "without activity it \(what) in \(Explanations.span($0 - now))" }
            let life = lifetimeEndsAt(id).map { "in any case it ends in \(Explanations.span($0 - now))" }
            let announced = announcedEnd(of: id).map { "an operator ends it in \(Explanations.span($0.at - now))" }
            let parts = ["It runs", announced, idle, life].compactMap(\.self)
            return parts.joined(separator: "; ") + "."
        case .ending(let host, let reason, _):
            return "\(reason.explanation) Its container on \(host) is being removed."
        case .parking(let host, let reason, _):
            return "\(reason.explanation) Its container on \(host) is being removed."
        case .parked(let reason, let since):
            return parkedWords(of: entry, reason: reason, since: since, at: now)
        case .ended(let reason, _):
            return reason.explanation
        case .failed(let message, _, _):
            return message
        }
    }
}
