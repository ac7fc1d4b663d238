import Broker
import BrokerCore
import Launch
import Text

/// The labs of one course, as its instructor sees them.
struct CoursePage: Equatable {
    struct Row: Equatable {
        var session: SessionID
        var learner: String
        var lab: String
        var state: String
        /// When it started, how long ago it was used, when it ends.
        var facts: [String]
        /// By how many seconds it can be extended; empty if it cannot.
        var steps: [Step]
    }

    struct Step: Equatable {
        var seconds: Int64
        var label: String
    }

    var over: Prose
    var heading: String
    /// The result of the last action.
    var notice: String?
    /// What failed, and why.
    var problems: [Prose]
    var context: String
    /// The extensions for all running labs.
    var steps: [Step]
    var rows: [Row]
    var fine: [String]

    /// - Parameters:
    ///   - sessions: as many as the page shows, of `count`.
    ///   - bound: the maximum sum of all extensions of one run.
    ///   - extended: how many were just extended.
    init(
        instructor: Instructor, sessions: [SessionView], count: Int, bound: Duration, extended: Int?,
        failures: [Prose],
        now: Timestamp
    ) {
        over = "Course \(name: instructor.course.context) · \(name: instructor.name)"
        context = instructor.course.context
        let running = sessions.count { $0.state == SessionState.Name.running.rawValue }
        heading =
            switch count {
            case 0: "No labs of this course"
            default: "\(Plural.count(count, "lab")) of this course"
            }
        notice =
            switch extended {
            case nil: nil
            case 0: "No lab of this course runs that could have more time."
            case let some?: "\(Plural.count(some, "lab")) \(Plural.noun(some, "has", "have")) more time now."
            }
        problems = Array(failures.prefix(PortalLimits.problemsShown))
        if failures.count > problems.count { problems.append("And \(failures.count - problems.count) more.") }
        steps = running > 1 ? Self.steps(within: bound) : []
        rows = sessions.map { Self.row($0, bound: bound, now: now) }
        fine = []
        if count > sessions.count {
            fine.append("Only the first \(sessions.count) are shown, and can be given more time.")
        }
        if bound > .zero {
            fine.append(
                "More time moves the end of a lab, and keeps it from ending for idleness before. One run can be given "
                    + "\(LearnerWords.span(bound.components.seconds)) in all. It is written down who gave it."
            )
        }
    }

    private static func steps(within left: Duration) -> [Step] {
        PortalLimits.extensionSteps.filter { $0 <= left }.map { step in
            let seconds = step.components.seconds
            return Step(seconds: seconds, label: seconds < 3600 ? "\(seconds / 60) min" : "\(seconds / 3600) h")
        }
    }

    private static func row(_ view: SessionView, bound: Duration, now: Timestamp) -> Row {
        func span(_ duration: Duration) -> String {
            LearnerWords.span(duration.components.seconds)
        }
        var facts = ["for \(span(now - view.since))"]
        if view.state == SessionState.Name.running.rawValue {
            facts.append("last used \(span(now - view.lastActivityAt)) ago")
            if let end = view.endsAt {
                let isIdleness = view.endsBy == .idle
                let what = isIdleness && view.parksForSeconds != nil ? "is parked" : "ends"
                let how = isIdleness ? "if it stays unused" : "in any case"
                facts.append("\(what) in about \(span(end - now)) \(how)")
            }
            if let extended = view.extendedSeconds, extended > 0 {
                facts.append("extended by \(span(.seconds(extended)))")
            }
        }
        if let end = view.parkedUntil { facts.append("kept for about \(span(end - now))") }
        if let position = view.queuePosition { facts.append("place \(position) in the queue") }
        let left = bound - .seconds(view.extendedSeconds ?? 0)
        return Row(
            session: view.id, learner: view.learnerName.isEmpty ? view.learner : view.learnerName, lab: view.labTitle,
            state: view.state, facts: facts,
            steps: view.state == SessionState.Name.running.rawValue ? steps(within: left) : [])
    }
}

extension PageRenderer {
    func html(_ page: CoursePage) -> [UInt8] {
        func fields(_ steps: [CoursePage.Step]) -> [[String: Any]] {
            steps.map { ["seconds": $0.seconds, "label": $0.label] }
        }
        var values: [String: Any] = [
            "portalTitle": portalTitle, "over": page.over.html, "heading": page.heading,
            "problems": page.problems.map(\.html),
            "context": page.context, "hasSteps": !page.steps.isEmpty, "steps": fields(page.steps),
            "hasRows": !page.rows.isEmpty, "fine": page.fine, "again": InstructorPages.coursePath,
            "action": InstructorPages.extendPath,
            "rows": page.rows.map { row -> [String: Any] in
                [
                    "session": row.session.rawValue, "learner": row.learner, "lab": row.lab, "state": row.state,
                    "facts": row.facts.joined(separator: " · "), "hasSteps": !row.steps.isEmpty,
                    "steps": fields(row.steps),
                ]
            },
        ]
        values["notice"] = page.notice
        return Array(render("course", values).utf8)
    }
}
