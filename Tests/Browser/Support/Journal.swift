import Foundation
import Synchronization

@testable import FleetSupport

/// The events in a tab, in order, as reported by the browser.
final class Journal: Sendable {
    struct Request: Sendable {
        var method: String
        var url: URL
        /// Unix time in milliseconds, as in sessions.
        var at: Int64
    }

    /// A message that the browser's console would show to a page's developer.
    struct Complaint: Sendable, CustomStringConvertible {
        /// The page that the tab showed.
        var page: String
        var what: String
        /// The address that it refers to, if any.
        var url: String?

        var description: String { "\(page): \(what) \(url ?? "")" }
    }

    /// The issues that can be a page's own fault, of all that the browser reports.
    private static let issues: Set<String> = [
        "BlockedByResponseIssue", "ContentSecurityPolicyIssue", "CookieIssue", "CorsIssue", "DeprecationIssue",
        "MixedContentIssue", "QuirksModeIssue",
    ]

    private struct State {
        var pages: [String] = []
        var complaints: [Complaint] = []
        var requests: [Request] = []
        var notes: [String] = []
        var terminal = ""
    }

    private let state = Mutex(State())

    /// The addresses that the tab showed.
    var pages: [String] { state.withLock { $0.pages } }
    var complaints: [Complaint] { state.withLock { $0.complaints } }
    var requests: [Request] { state.withLock { $0.requests } }
    /// The arguments of `note(text)`, which the test's own script in the page calls.
    var notes: [String] { state.withLock { $0.notes } }

    /// The output of the lab's terminals to the page.
    var terminal: String { state.withLock { $0.terminal } }

    /// Any thread.
    func add(_ event: DevTools.Event) {
        let parameters = event.parameters
        switch event.method {
        case "Page.frameNavigated":
            let frame = parameters["frame"]
            guard frame["parentId"].isNull, let url = frame["url"].string else { return }
            state.withLock { $0.pages.append(url) }
        case "Network.requestWillBeSent":
            guard let url = parameters["request"]["url"].string.flatMap(URL.init(string:)) else { return }
            state.withLock {
                $0.requests.append(
                    Request(method: parameters["request"]["method"].string ?? "", url: url, at: nowMilliseconds()))
            }
        case "Runtime.bindingCalled":
            guard let text = parameters["payload"].string else { return }
            state.withLock { $0.notes.append(text) }
        case "Network.webSocketFrameReceived":
            guard let text = parameters["response"]["payloadData"].string, text.hasPrefix("[\"stdout\""),
                let words = try? JSON(parsing: text).array, let output = words.last?.string
            else { return }
            state.withLock { $0.terminal += output }
        case "Runtime.exceptionThrown":
            let details = parameters["exceptionDetails"]
            complain(details["exception"]["description"].string ?? details["text"].string ?? "an exception")
        case "Runtime.consoleAPICalled":
            guard let type = parameters["type"].string, ["error", "warning", "assert"].contains(type) else { return }
            let words = parameters["args"].array.map { $0["value"].string ?? $0["description"].string ?? "…" }
            complain("console.\(type): \(words.joined(separator: " "))")
        case "Log.entryAdded":
            let entry = parameters["entry"]
            guard let level = entry["level"].string, ["error", "warning"].contains(level) else { return }
            complain(
                "\(entry["source"].string ?? "") \(level): \(entry["text"].string ?? "")", about: entry["url"].string)
        case "Audits.issueAdded":
            let issue = parameters["issue"]
            guard Self.issues.contains(issue["code"].string ?? "") else { return }
            let details = (try? issue["details"].text) ?? ""
            complain("issue: \(issue["code"].string ?? ""): \(details.prefix(500))")
        default: break
        }
    }

    private func complain(_ what: String, about url: String? = nil) {
        state.withLock { $0.complaints.append(Complaint(page: $0.pages.last ?? "", what: what, url: url)) }
    }
}
