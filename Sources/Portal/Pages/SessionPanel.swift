import Broker
import BrokerCore
import Words

extension Page {
    /// The page of a session in any state.
    init(
        _ view: SessionView, at place: SessionPlace, in words: LearnerWords = .current, now: Timestamp = .now
    ) {
        panel = Panel(view, at: place, in: words, now: now)
        if case .portal = place { offersSignOut = true }
        switch view.state {
        case "parked", "ended", "failed": break
        default:
            let next: String? =
                switch place {
                case .portal: place.openPath
                case .lab, .stay, .notice: nil
                }
            live = LiveModel(state: view.state, events: place.eventsPath, next: next, stays: place == .stay)
            refreshSeconds = place == .stay ? PortalLimits.stayRefreshSeconds : PortalLimits.refreshSeconds
        }
    }
}

extension Page.Panel {
    init(
        _ view: SessionView, at place: SessionPlace, in words: LearnerWords = .current, now: Timestamp = .now
    ) {
        over = Prose([.name(view.labTitle)])
        if !view.learnerName.isEmpty { over = Prose([.name(view.labTitle), .text(" · "), .name(view.learnerName)]) }
        heading = ""
        switch view.state {
        case "queued":
            heading = words.label("page.heading.queued")
            steps = Self.steps(view, current: 0, words)
            paragraphs = [words.waiting(view, seen: now)]
            form = place.leaving(in: words)
            fine = words.say("session.fine.queued")
        case "starting":
            heading = words.label("page.heading.starting")
            steps = Self.steps(view, current: Self.index(ofStep: view.step), words)
            let address = "\(view.url.dropFirst("https://".count)).carrel/"
            fine = words.say("session.fine.starting", ["address": .name(address)])
        case "running" where place == .stay || place == .notice:
            stay(view, at: place, words, now: now)
            return
        case "running":
            heading = words.label("page.heading.ready")
            steps = Self.steps(view, current: 5, words)
            link = LinkModel(target: place.openPath, label: words.label("page.button.open"))
        case "ending":
            heading = words.label("page.heading.ending")
            paragraphs = [words.over(view)]
            if LearnerWords.canStartAgain(after: view.endReason) {
                paragraphs.append(words.say("session.again-soon"))
            }
        case "parking", "parked":
            heading = words.label(view.state == "parked" ? "page.heading.parked" : "page.heading.parking")
            paragraphs = [words.over(view)]
            if let end = view.parkedUntil { paragraphs.append(words.keptParked(until: end, seen: now)) }
            form = place.restart(label: words.label("page.button.resume"))
        case "ended":
            heading = words.label("page.heading.ended")
            paragraphs = [words.over(view)]
            form = place.restart(label: words.label("page.button.start-again"))
            if let reason = view.endReason, LearnerWords.needsHelp(reason) { help = Self.about(view) }
        default:
            heading = words.label("page.heading.failed")
            problem = words.failed(view.fault ?? .ours, keepsFiles: view.filesAreKept)
            form = place.restart(label: words.label("page.button.try-again"))
            help = Self.about(view)
        }
        status = Self.status(heading: heading, steps: steps, paragraphs: paragraphs)
    }

    private static func about(_ view: SessionView) -> Page.Help { .about(reference: view.id.reference) }

    /// A running lab: when it ends, and what the learner can do about it.
    private mutating func stay(
        _ view: SessionView, at place: SessionPlace, _ words: LearnerWords, now: Timestamp
    ) {
        let announced = view.announcedEndAt
        let isAnnouncedSoon = announced.map { $0 <= now + PortalLimits.endNotice } ?? false
        // Whether the learner is warned of the first cause to end it, unless that is the announced end, which is always
        // shown, however distant.
        let isWarned = view.isWarned == true && view.endsBy != .operatorEnds
        let parks = view.parksForSeconds != nil
        let isParkedNext = isWarned && view.endsBy == .idle && parks && !isAnnouncedSoon
        let isEndedNext = isWarned || isAnnouncedSoon
        heading = words.label(
            isParkedNext ? "page.heading.parked-soon" : isEndedNext ? "page.heading.ends-soon" : "page.heading.runs")
        if view.isOutOfReach == true {
            heading = words.label("page.heading.no-answer")
            paragraphs.append(words.outOfReach)
            help = Self.about(view)
        }
        // Without the minutes, which would be read aloud repeatedly.
        status =
            announced == nil || isAnnouncedSoon
            ? heading + "." : words.label("page.status.announced", ["heading": .word(heading)])
        link = LinkModel(target: SessionPlace.stay.openPath, label: words.label("page.button.back"))
        fine = words.say("session.fine.stay")
        if view.memoryWarnedAt != nil { paragraphs.append(words.outOfMemory) }
        let keepsFiles = view.filesAreKept
        if let announced {
            paragraphs += [
                words.willEnd(
                    .operatorEnds, at: announced, parks: false, keepsFiles: keepsFiles, note: view.announcedNote ?? "",
                    seen: now),
                words.save(keepsFiles: keepsFiles),
            ]
        }
        guard let end = view.endsAt, let cause = view.endsBy, cause != .operatorEnds else {
            if announced == nil { paragraphs.append(words.say("session.nothing-ends-it")) }
            return
        }
        // An idle end moves with everything that the learner does. A program that shows what it is told until the
        // announced end would otherwise show it again each time.
        if announced != nil, place == .notice, !isWarned { return }
        paragraphs.append(
            words.willEnd(cause, at: end, parks: parks, keepsFiles: keepsFiles, note: "", seen: now))
        guard cause == .idle else {
            // The announced end already says so.
            if isWarned, announced == nil { paragraphs.append(words.save(keepsFiles: keepsFiles)) }
            return
        }
        // That limit is not reached if the announced end comes first.
        if let lifetime = view.lifetimeEndsAt, lifetime <= announced ?? lifetime {
            paragraphs.append(words.say("session.in-any-case", ["end": .moment(lifetime)], seen: now))
        }
        guard isWarned else { return }
        if view.keepsLeft ?? 0 > 0 {
            form = FormModel(
                action: "/.carrel/keep", label: words.label("page.button.keep"), next: SessionPlace.stayPath)
        } else {
            paragraphs.append(words.say("session.kept-often"))
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
    private static func steps(_ view: SessionView, current: Int, _ words: LearnerWords) -> [StepModel] {
        let program: [String: Message.Argument] = ["program": .word(programName(view))]
        // The name of each step while it is ahead or in progress, and when it is done.
        let labels: [(ahead: String, done: String, detail: String?)] = [
            (words.label("page.step.queue"), words.label("page.step.queue-done"), queueWords(view, words)),
            (words.label("page.step.computer"), words.label("page.step.computer-done"), nil),
            (words.label("page.step.preparing"), words.label("page.step.preparing-done"), nil),
            (words.label("page.step.starting"), words.label("page.step.starting-done"), nil),
            (words.label("page.step.waiting", program), words.label("page.step.waiting-done", program), nil),
            (words.label("page.step.opening"), words.label("page.step.opening"), nil),
        ]
        return labels.enumerated().map { index, label in
            let standing: StepModel.Standing = index < current ? .done : index == current ? .current : .pending
            let detail = standing == .pending || (index == 0 && standing == .done) ? nil : label.detail
            return StepModel(label: standing == .done ? label.done : label.ahead, detail: detail, standing: standing)
        }
    }

    /// A name, or `lab`, for which the catalogues have a word.
    private static func programName(_ view: SessionView) -> String {
        switch view.kind {
        case .jupyter: "JupyterLab"
        case .rstudio: "RStudio"
        case .http: "lab"
        }
    }

    /// `Place 3 of 7, about 40 seconds`.
    private static func queueWords(_ view: SessionView, _ words: LearnerWords) -> String? {
        guard let position = view.queuePosition else { return nil }
        return words.label(
            "page.step.place",
            [
                "place": .word("\(position)"), "length": .word(view.queueLength.map { "\($0)" } ?? "none"),
                "timed": .flag(view.estimateSeconds != nil), "estimate": .span(.seconds(view.estimateSeconds ?? 0)),
            ])
    }

    private static func status(heading: String, steps: [StepModel], paragraphs: [Prose]) -> String {
        guard let current = steps.first(where: { $0.standing == .current }) else {
            return [heading + ".", paragraphs.first?.plain].compactMap(\.self).joined(separator: " ")
        }
        return current.detail.map { "\(current.label): \($0)." } ?? "\(current.label)."
    }
}
