/// Words for people: learners on the progress page, operators in a session's story.
enum Explanations {
    /// What a learner does about a start that failed for good.
    static let afterFailure = "Start it again; if that fails too, show this message to your instructor."

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

    /// What showed that a session is in use, as the middle of a sentence.
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

    /// What became of a process in a lab that reached its memory limit, and what helps.
    static func outOfMemory(_ lab: Lab) -> String {
        "The system stopped a program in it, because the lab used all of its \(bytes(lab.memoryBytes)) of memory: what that "
            + "program held is lost, saved files are kept. Work on less data at a time, or shut down notebooks that you "
            + "do not need."
    }

    /// Labels as operators write them: "disk=ssd, gpu=true".
    static func labels(_ labels: [String: String]) -> String {
        labels.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(separator: ", ")
    }

    /// A message from elsewhere as a sentence: with a full stop, if it has no end mark.
    static func sentence(_ message: String) -> String {
        guard let last = message.last else { return "No reason was given." }
        return ".!?…".contains(last) ? message : message + "."
    }
}

extension EndReason {
    /// Why the session ended, for the learner.
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
        case .vanished(let host):
            "Ended because its container is gone from the host \(host), removed by something other than Carrel. Your files are kept."
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
    /// The worst moment, who else is there, and when to ask for instead.
    public var message: String {
        let holders =
            others.isEmpty
            ? "the hosts that answer have no more, or sessions that may still be running hold them"
            : "also reserved then: \(others.map(\.rawValue).joined(separator: ", "))"
        let next = nextFree.map { "All \(wanted) are free from \($0.text) on." } ?? "No later time was found either."
        return
            "Only \(free) of \(wanted) seats are free all that time; the fewest are at \(peakAt.text) (\(holders)). \(next)"
    }
}

extension Refusal {
    static let tooManyReservations = Refusal.limit(
        "More than \(Limits.reservations) reservations would be booked, which is the limit; cancel one, or wait until one is over."
    )

    /// What happened and what to do next.
    public var message: String {
        switch self {
        case .unknownLab(let name):
            "There is no lab \(name) in the catalogue; check the link, or ask your instructor for a new one."
        case .unknownSession(let id):
            "There is no session \(id); open the lab from your course again."
        case .unknownHost(let name):
            "There is no host \(name) in the configuration; `carrel host list` shows those there are."
        case .unknownReservation(let id):
            "There is no reservation \(id) that is not over; `carrel reserve list` shows those there are."
        case .unknownPool(let key):
            "There is no pool of the lab \(key.lab); `carrel pool list` shows those there are."
        case .noSeats(let conflict):
            conflict.message
        case .notNow(let message), .badTerms(let message), .neverFits(let message), .limit(let message):
            message
        }
    }
}

extension BrokerCore {
    /// Why a session waits, how long it lives, or why it is over, in words; `nil` for one that is not in memory.
    public func explanation(of id: SessionID, at now: Timestamp) -> String? {
        guard let entry = entries[id] else { return nil }
        switch entry.session.state {
        case .queued:
            return waitingReason(of: entry, at: now)
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
            let what = lab(entry.session.lab).map(parks) == true ? "is parked" : "ends"
            let idle = idleEndsAt(id).map { "without activity it \(what) in \(Explanations.span($0 - now))" }
            let life = lifetimeEndsAt(id).map { "in any case it ends in \(Explanations.span($0 - now))" }
            let parts = ["It runs", idle, life].compactMap(\.self)
            return parts.joined(separator: "; ") + "."
        case .ending(let host, let reason, _):
            return "\(reason.explanation) Its container on \(host) is being removed."
        case .parking(let host, let reason, _):
            return "\(reason.explanation) Its container on \(host) is being removed."
        case .parked(let reason, let since):
            return parkedWords(of: entry, reason: reason, since: since, at: now)
        case .ended(let reason, _):
            return reason.explanation
        case .failed(let message, _):
            return message
        }
    }

    private func waitingReason(of entry: Entry, at now: Timestamp) -> String {
        if gates[entry.session.id] != nil { return "Waiting for the last container of this session to be removed." }
        guard catalogue.isConfigured, let lab = catalogue.labs[entry.session.lab] else {
            return "Waiting for the configuration."
        }
        if let words = reservedReason(of: entry, lab) { return words }
        if let bound = boundHost(of: entry.learner) { return boundReason(lab, bound, at: now) }
        let fitting = hosts.filter { $0.settings.isConfigured && $0.spec.couldServe(lab) }
        let active = fitting.filter { $0.settings.host.duty == .active }
        if active.isEmpty { return "Waiting: every host that could serve this lab is closed for maintenance." }
        let answering = active.filter(\.isReachable)
        if answering.isEmpty { return "Waiting: no host that could serve this lab answers at the moment." }
        let equipped = answering.filter { !$0.settings.lackingLabs.contains(lab.name) }
        if equipped.isEmpty { return "Waiting: no host that answers has the image \(lab.image)." }
        let demand = demand(of: lab)
        let free = equipped.filter { $0.usage.seats < $0.spec.slots && $0.hasRoom(for: $0.charge(demand)) }
        if free.isEmpty { return "Waiting for a seat: all of them are taken, and \(before(entry)) before this one." }
        if free.allSatisfy(\.settings.isStrained) {
            return
                "Waiting: where seats are free, running labs use nearly all of the memory, so that no more are started "
                + "there for now; \(before(entry)) before this one."
        }
        return "Waiting: labs are started a few at a time, and \(before(entry)) before this one."
    }

    private func reservedReason(of entry: Entry, _ lab: Lab) -> String? {
        guard let reservation = entry.session.reservation.flatMap({ reservations[$0] }) else { return nil }
        let isHeld = reservation.allocation.keys.contains { seating.held(reservation, on: $0) > 0 }
        guard isHeld else {
            if reservation.released != nil {
                return "Waiting for the first free seat: those that nobody had claimed by the no-show time went to "
                    + "others; \(before(entry)) before this one."
            }
            return
                "Waiting for a seat: hosts that held those reserved for this course are not available; \(before(entry)) before this one."
        }
        return
            "A seat is reserved for this learner; labs are started a few at a time, and \(before(entry)) before this one."
    }

    /// Who is before a waiting session, as the beginning of "… before this one".
    private func before(_ entry: Entry) -> String {
        let portal = entry.learner.portal
        guard let position = queuePosition(of: entry.session.id), position > 1 else { return "nobody is" }
        let turns = queue.waiting.keys.contains { $0 != portal } ? " (portals take turns)" : ""
        return position == 2 ? "one other is\(turns)" : "\(position - 1) others are\(turns)"
    }

    private func boundReason(_ lab: Lab, _ bound: String, at now: Timestamp) -> String {
        let files = "Waiting: the files of this learner are on the host \(bound)"
        guard let host = record(of: bound), host.settings.isConfigured else {
            return "\(files), which is not in the configuration."
        }
        switch host.settings.host.link {
        case .connecting: return "\(files), which has not answered yet."
        case .silent(let since, _), .unreachable(let since, _):
            return "\(files), which does not answer (for \(Explanations.span(now - since)) so far)."
        case .duplicate(let other): return "\(files), which is the same engine as the host \(other)."
        case .reachable: break
        }
        if host.settings.host.duty != .active { return "\(files), which is closed for maintenance." }
        if host.settings.lackingLabs.contains(lab.name) {
            return "\(files), which does not have the image \(lab.image)."
        }
        if host.usage.seats >= host.spec.slots || !host.hasRoom(for: host.charge(demand(of: lab))) {
            return "\(files), where all seats are taken."
        }
        if host.settings.isStrained {
            return "\(files), where running labs use nearly all of the memory, so that no more are started for now."
        }
        return "\(files), where others are being started first."
    }
}
