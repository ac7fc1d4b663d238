import Broker
import BrokerCore
import Foundation

/// Where a page about a session stands; the words are the same, the ways on differ.
enum SessionPlace: Equatable {
    /// On the portal's hostname, under `/sessions/ID`.
    case portal(SessionID)
    /// On the lab's own hostname, at the path that the learner wanted.
    case lab(path: String)
    /// On the lab's own hostname, at `/.carrel/`: how long the lab stays, and *Keep it*.
    case stay

    /// The page at which a lab's hostname shows how long the lab stays.
    static let stayPath = "/.carrel/"

    var eventsPath: String {
        switch self {
        case .portal(let id): "/sessions/\(id)/events"
        // The stream's buttons must come back to the same place as the page's.
        case .lab(let path): "/.carrel/events?next=" + Self.escape(path)
        case .stay: "/.carrel/events?page=stay"
        }
    }

    /// What opens the running lab.
    var openPath: String {
        switch self {
        case .portal(let id): "/sessions/\(id)/open"
        case .lab(let path): path
        case .stay: "/"
        }
    }

    /// RFC 3986 section 2.3: everything but unreserved characters is escaped.
    private static func escape(_ text: String) -> String {
        text.addingPercentEncoding(withAllowedCharacters: unreserved) ?? ""
    }

    private static let unreserved = CharacterSet(
        charactersIn: "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")

    func restart(label: String) -> Page.Form {
        switch self {
        case .portal(let id): Page.Form(action: "/sessions/\(id)/restart", label: label, next: nil)
        case .lab(let path): Page.Form(action: "/.carrel/restart", label: label, next: path)
        case .stay: Page.Form(action: "/.carrel/restart", label: label, next: "/")
        }
    }
}

extension Page {
    /// The page of a session in whatever state it is.
    init(_ view: SessionView, at place: SessionPlace, now: Timestamp = .now) {
        panel = Panel(view, at: place, now: now)
        switch view.state {
        case "parked", "ended", "failed": break
        default:
            let next: String? =
                switch place {
                case .portal: place.openPath
                case .lab, .stay: nil
                }
            live = Live(state: view.state, events: place.eventsPath, next: next, stays: place == .stay)
            refreshSeconds = place == .stay ? PortalLimits.stayRefreshSeconds : PortalLimits.refreshSeconds
        }
    }
}

extension Page.Panel {
    init(_ view: SessionView, at place: SessionPlace, now: Timestamp = .now) {
        over = view.learnerName.isEmpty ? view.labTitle : "\(view.labTitle) · \(view.learnerName)"
        heading = ""
        switch view.state {
        case "queued":
            heading = "Your lab is in the queue"
            steps = Self.steps(view, current: 0)
            paragraphs = [view.reason ?? "All seats are taken or being prepared. Your place in the queue is kept."]
            fine = "You can leave this page open, or close it and come back by the same link."
        case "starting":
            heading = "Your lab is starting"
            steps = Self.steps(view, current: Self.index(ofStep: view.step))
            fine = "While it runs, \(view.url.dropFirst("https://".count)).carrel/ shows how long it stays."
        case "running" where place == .stay:
            stay(view, now: now)
            if let warning = view.memoryWarning { paragraphs.insert(warning, at: 0) }
            return
        case "running":
            heading = "Your lab is ready"
            steps = Self.steps(view, current: 5)
            link = Page.Link(target: place.openPath, label: "Open the lab")
        case "ending":
            heading = "Your lab is ending"
            paragraphs = [view.reason, "You can start it again in a moment."].compactMap(\.self)
        case "parking", "parked":
            heading = view.state == "parked" ? "Your lab is parked" : "Your lab is being parked"
            paragraphs = [view.reason].compactMap(\.self)
            form = place.restart(label: "Open it again")
        case "ended":
            heading = "Your lab has ended"
            paragraphs = [view.reason].compactMap(\.self)
            form = place.restart(label: "Start again")
        default:
            heading = "Your lab could not start"
            problem = view.reason ?? "The reason is not known; an operator can read more in the session’s story."
            form = place.restart(label: "Try again")
            fine = "Your files are kept. If it happens again, tell your instructor: session \(view.id)."
        }
        status = Self.status(view, heading: heading, steps: steps)
    }

    /// A running lab: when it ends, and what can be done about it.
    private mutating func stay(_ view: SessionView, now: Timestamp) {
        let isWarned = view.isWarned == true
        let isParkedNext = view.endsBy == .idle && view.parksForSeconds != nil
        heading = isWarned ? (isParkedNext ? "Your lab is parked soon" : "Your lab ends soon") : "Your lab runs"
        // Not the minutes, which would be read aloud again and again.
        status = heading + "."
        link = Page.Link(target: SessionPlace.stay.openPath, label: "Back to the lab")
        fine =
            "What counts is what you do in the lab: opening a page, running, saving, typing; and a busy kernel. "
            + "A tab that is only open does not. Leave this page open, and its title tells you before the end."
        guard let end = view.endsAt, let cause = view.endsBy else {
            paragraphs = ["Nothing ends it now."]
            return
        }
        func span(_ end: Timestamp) -> String {
            Wording.duration(seconds: Int((end - now).components.seconds))
        }
        switch cause {
        case .idle:
            paragraphs = [
                view.parksForSeconds == nil
                    ? "If nothing happens in it, it ends in about \(span(end)). Your files stay."
                    : "If nothing happens in it, it is parked in about \(span(end)): what runs in it stops, your files stay, "
                        + "and your next visit brings it back."
            ]
            if let lifetime = view.lifetimeEndsAt {
                paragraphs.append("In any case it ends in about \(span(lifetime)).")
            }
            guard isWarned else { return }
            if view.keepsLeft ?? 0 > 0 {
                form = Page.Form(action: "/.carrel/keep", label: "Keep it", next: SessionPlace.stayPath)
            } else {
                paragraphs.append("It was kept as often in a row as it can be: do something in the lab, and it stays.")
            }
        case .lifetime:
            paragraphs = [
                "It ends in about \(span(end)), whatever happens in it: it has lived as long as such a lab may by then."
            ]
        // A lab that runs is not parked.
        case .parked: break
        case .drain:
            paragraphs = [
                "It ends in about \(span(end)), whatever happens in it: its host is being emptied for maintenance."
            ]
        }
        if isWarned, cause != .idle {
            paragraphs.append("Save your work. Your files stay, and you can start it again.")
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

    /// What happens between the click and the lab, in order; `current` is what happens now.
    private static func steps(_ view: SessionView, current: Int) -> [Page.Step] {
        let host = view.host.map { "Host chosen: \($0)" } ?? "Host chosen"
        let program = programName(view)
        // What the step is called while it lies ahead or goes on, and when it is done.
        let words: [(ahead: String, done: String, detail: String?)] = [
            ("In the queue", "A seat is free", queueWords(view)),
            ("Choosing a host", host, nil),
            ("Creating the container", "Container created", view.image),
            ("Starting the container", "Container started", nil),
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

    /// `Position 3 of 7, about 40 s`.
    private static func queueWords(_ view: SessionView) -> String? {
        guard let position = view.queuePosition else { return nil }
        let place = view.queueLength.map { "Position \(position) of \($0)" } ?? "Position \(position)"
        return view.estimateSeconds.map { "\(place), about \(Wording.duration(seconds: $0))" } ?? place
    }

    private static func status(_ view: SessionView, heading: String, steps: [Page.Step]) -> String {
        guard let current = steps.first(where: { $0.standing == .current }) else {
            return [heading + ".", view.reason].compactMap(\.self).joined(separator: " ")
        }
        return current.detail.map { "\(current.label): \($0)." } ?? "\(current.label)."
    }
}

/// How numbers are said to people.
enum Wording {
    /// Rounded to what an estimate can mean: `5 s`, `40 s`, `3 min`, `2 h`.
    static func duration(seconds: Int) -> String {
        switch max(seconds, 0) {
        case 0..<10: "\(max(seconds, 1)) s"
        case let value where value < 90: "\((value + 5) / 10 * 10) s"
        case let value where value < 90 * 60: "\((value + 30) / 60) min"
        case let value: "\((value + 1800) / 3600) h"
        }
    }
}
