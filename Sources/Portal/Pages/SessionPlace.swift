import BrokerCore
import Foundation
import Text

/// Where a page about a session is shown; the words are the same, the links and buttons differ.
enum SessionPlace: Equatable {
    /// On the portal's hostname, under `/sessions/ID`.
    case portal(SessionID)
    /// On the lab's own hostname, at the path that the learner requested.
    case lab(path: String)
    /// On the lab's own hostname, at `/.carrel/`: how long the lab stays, and *Keep it*.
    case stay
    /// In a program of the lab's own page, which shows the text that it gets.
    case notice

    /// The path on a lab's hostname of the page that shows how long the lab stays.
    static let stayPath = "/.carrel/"

    var eventsPath: String {
        switch self {
        case .portal(let id): "/sessions/\(id)/events"
        // The buttons in the stream's panel must lead to the same place as the page's.
        case .lab(let path): "/.carrel/events?next=" + PercentEncoding.encode(path)
        case .stay: "/.carrel/events?page=stay"
        case .notice: "/.carrel/events?page=notice"
        }
    }

    /// The path that opens the running lab.
    var openPath: String {
        switch self {
        case .portal(let id): "/sessions/\(id)/open"
        case .lab(let path): path
        case .stay, .notice: "/"
        }
    }

    /// The button that leaves the queue.
    func leaving(in words: LearnerWords) -> FormModel {
        let label = words.label("page.button.leave")
        return switch self {
        case .portal(let id): FormModel(action: "/sessions/\(id)/leave", label: label, next: nil, isQuiet: true)
        case .lab(let path): FormModel(action: "/.carrel/leave", label: label, next: path, isQuiet: true)
        case .stay, .notice: FormModel(action: "/.carrel/leave", label: label, next: "/", isQuiet: true)
        }
    }

    func restart(label: String) -> FormModel {
        switch self {
        case .portal(let id): FormModel(action: "/sessions/\(id)/restart", label: label, next: nil)
        case .lab(let path): FormModel(action: "/.carrel/restart", label: label, next: path)
        case .stay, .notice: FormModel(action: "/.carrel/restart", label: label, next: "/")
        }
    }
}
