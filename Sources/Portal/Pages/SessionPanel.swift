import Broker
import BrokerCore

extension Page {
    /// The page of a session in any state.
    init(_ view: SessionView, at place: SessionPlace, now: Timestamp = .now) {
        panel = Panel(view, at: place, now: now)
        switch view.state {
        case "parked", "ended", "failed": break
        default:
            let next: String? =
                switch place {
                case .portal: place.openPath
                case .lab, .stay, .notice: nil
                }
            live = Live(state: view.state, events: place.eventsPath, next: next, stays: place == .stay)
            refreshSeconds = place == .stay ? PortalLimits.stayRefreshSeconds : PortalLimits.refreshSeconds
        }
    }
}

extension Page.Panel {
    init(_ view: SessionView, at place: SessionPlace, now: Timestamp = .now) {
        over =
            view.learnerName.isEmpty
            ? "\(name: view.labTitle)" : "\(name: view.labTitle) · \(name: view.learnerName)"
        heading = ""
        switch view.state {
        case "queued":
            heading = "Your lab is in the queue"
            steps = Self.steps(view, current: 0)
            paragraphs = [LearnerWords.waiting(view, seen: now)]
            form = place.leaving
            fine = "You can leave this page open, or close it and come back by the same link. Your place is kept."
        case "starting":
            heading = "Your lab is starting"
            steps = Self.steps(view, current: Self.index(ofStep: view.step))
            fine =
                "While your lab is open, \(name: "\(view.url.dropFirst("https://".count)).carrel/") shows when it ends."
        case "running" where place == .stay || place == .notice:
            stay(view, at: place, now: now)
            return
        case "running":
            heading = "Your lab is ready"
            steps = Self.steps(view, current: 5)
            link = Page.Link(target: place.openPath, label: "Open the lab")
        case "ending":
            heading = "Your lab is ending"
            paragraphs = [LearnerWords.over(view)]
            if LearnerWords.canStartAgain(after: view.endReason) {
                paragraphs.append("You can start it again in a moment.")
            }
        case "parking", "parked":
            heading = view.state == "parked" ? "Your lab is parked" : "Your lab is being parked"
            paragraphs = [LearnerWords.over(view)]
            if let end = view.parkedUntil { paragraphs.append(LearnerWords.keptParked(until: end, seen: now)) }
            form = place.restart(label: "Resume")
        case "ended":
            heading = "Your lab has ended"
            paragraphs = [LearnerWords.over(view)]
            form = place.restart(label: "Start again")
            if let reason = view.endReason, LearnerWords.needsHelp(reason) { help = Self.about(view) }
        default:
            heading = "Your lab could not start"
            problem = LearnerWords.failed(view.fault ?? .ours, keepsFiles: view.filesAreKept)
            form = place.restart(label: "Try again")
            help = Self.about(view)
        }
        status = Self.status(heading: heading, steps: steps, paragraphs: paragraphs)
    }

    private static func about(_ view: SessionView) -> Page.Help { .about(reference: view.id.reference) }

    /// A running lab: when it ends, and what the learner can do about it.
    private mutating func stay(_ view: SessionView, at place: SessionPlace, now: Timestamp) {
        let announced = view.announcedEndAt
        let isAnnouncedSoon = announced.map { $0 <= now + PortalLimits.endNotice } ?? false
        // Whether the learner is warned of the first cause to end it, unless that is the announced end, which is always
        // shown, however distant.
        let isWarned = view.isWarned == true && view.endsBy != .operatorEnds
        let parks = view.parksForSeconds != nil
        let isParkedNext = isWarned && view.endsBy == .idle && parks && !isAnnouncedSoon
        let isEndedNext = isWarned || isAnnouncedSoon
        heading = isParkedNext ? "Your lab is parked soon" : isEndedNext ? "Your lab ends soon" : "Your lab runs"
        if view.isOutOfReach == true {
            heading = "Your lab does not answer"
            paragraphs.append(LearnerWords.outOfReach)
            help = Self.about(view)
        }
        // Without the minutes, which would be read aloud repeatedly.
        status = heading + (announced == nil || isAnnouncedSoon ? "." : ". Its end has been announced.")
        link = Page.Link(target: SessionPlace.stay.openPath, label: "Back to the lab")
        fine =
            "What counts is what you do in the lab: opening a page, running, saving, typing; and a program that is "
            + "computing. A tab that is only open does not count. Leave this page open, and its title tells you before "
            + "the end."
        if view.memoryWarnedAt != nil { paragraphs.append(LearnerWords.outOfMemory) }
        let keepsFiles = view.filesAreKept
        if let announced {
            paragraphs += [
                LearnerWords.willEnd(
                    .operatorEnds, at: announced, parks: false, keepsFiles: keepsFiles, note: view.announcedNote ?? "",
                    seen: now),
                LearnerWords.save(keepsFiles: keepsFiles),
            ]
        }
        guard let end = view.endsAt, let cause = view.endsBy, cause != .operatorEnds else {
            if announced == nil { paragraphs.append("Nothing ends it at the moment.") }
            return
        }
        // An idle end moves with everything that the learner does. A program that shows what it is told until the
        // announced end would otherwise show it again each time.
        if announced != nil, place == .notice, !isWarned { return }
        paragraphs.append(
            LearnerWords.willEnd(cause, at: end, parks: parks, keepsFiles: keepsFiles, note: "", seen: now))
        guard cause == .idle else {
            // The announced end already says so.
            if isWarned, announced == nil { paragraphs.append(LearnerWords.save(keepsFiles: keepsFiles)) }
            return
        }
        // That limit is not reached if the announced end comes first.
        if let lifetime = view.lifetimeEndsAt, lifetime <= announced ?? lifetime {
            paragraphs.append("In any case it ends \(at: lifetime, seen: now).")
        }
        guard isWarned else { return }
        if view.keepsLeft ?? 0 > 0 {
            form = Page.Form(action: "/.carrel/keep", label: "Keep it", next: SessionPlace.stayPath)
        } else {
            paragraphs.append(
                "It was kept as often in a row as it can be: do something in the lab, and it stays.")
        }
    }

    private static func index(ofStep step: String?) -> Int {
        switch step {
        case "starting": 3
        case "waiting": 4
        case "attaching": 5
        default: 2
        }
    }

    /// The steps between the click and the lab, in order; `current` is the one in progress.
    private static func steps(_ view: SessionView, current: Int) -> [Page.Step] {
        let program = programName(view)
        // The name of each step while it is ahead or in progress, and when it is done.
        let words: [(ahead: String, done: String, detail: String?)] = [
            ("In the queue", "There is a place for you", queueWords(view)),
            ("Choosing a computer", "Computer chosen", nil),
            ("Preparing the lab", "Lab prepared", nil),
            ("Starting the lab", "Lab started", nil),
            ("Waiting for \(program)", "\(program) answers", nil),
            ("Opening the lab", "Opening the lab", nil),
        ]
        return words.enumerated().map { index, words in
            let standing: Page.Step.Standing = index < current ? .done : index == current ? .current : .pending
            let detail = standing == .pending || (index == 0 && standing == .done) ? nil : words.detail
            return Page.Step(label: standing == .done ? words.done : words.ahead, detail: detail, standing: standing)
        }
    }

    private static func programName(_ view: SessionView) -> String {
        switch view.kind {
        case .jupyter: "JupyterLab"
        case .rstudio: "RStudio"
        case .http: "the lab"
        }
    }

    /// `Place 3 of 7, about 40 seconds`.
    private static func queueWords(_ view: SessionView) -> String? {
        guard let position = view.queuePosition else { return nil }
        let place = view.queueLength.map { "Place \(position) of \($0)" } ?? "Place \(position)"
        return view.estimateSeconds.map { "\(place), about \(LearnerWords.span(Int64($0)))" } ?? place
    }

    private static func status(heading: String, steps: [Page.Step], paragraphs: [Prose]) -> String {
        guard let current = steps.first(where: { $0.standing == .current }) else {
            return [heading + ".", paragraphs.first?.plain].compactMap(\.self).joined(separator: " ")
        }
        return current.detail.map { "\(current.label): \($0)." } ?? "\(current.label)."
    }
}
