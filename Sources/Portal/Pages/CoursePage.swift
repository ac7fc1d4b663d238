import Broker
import BrokerCore
import Identity
import Words

/// The labs of one course, as its staff see them.
struct CoursePage: Equatable {
    struct Row: Equatable {
        var session: SessionID
        var learner: String
        var lab: String
        var state: String
        /// When it started, how long ago it was used, when it ends.
        var facts: [String]
        /// By how much it can be extended; empty if it cannot.
        var steps: [Step]
        /// Names those steps to screen readers.
        var moreFor: String
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
    var course: Course
    /// The extensions for all running labs.
    var steps: [Step]
    var rows: [Row]
    var fine: [String]

    /// - Parameters:
    ///   - visitor: who sees the page, by name.
    ///   - sessions: as many as the page shows, of `count`.
    ///   - bound: the maximum sum of all extensions of one run.
    ///   - extended: how many were just extended.
    init(
        course: Course, visitor: String, sessions: [SessionView], count: Int, bound: Duration, extended: Int?,
        failures: [Prose], in words: LearnerWords = .current, now: Timestamp
    ) {
        over = words.say(
            "course.over", ["course": .name(course.context), "instructor": .name(visitor)])
        self.course = course
        let running = sessions.count { $0.state == SessionState.Name.running.rawValue }
        heading =
            count == 0
            ? words.label("page.course.no-labs") : words.label("page.course.labs", ["n": .number(Int64(count))])
        notice = extended.map { some in
            some == 0
                ? words.label("page.course.none-extended")
                : words.label("page.course.extended", ["n": .number(Int64(some))])
        }
        problems = Array(failures.prefix(PortalLimits.problemsShown))
        if failures.count > problems.count {
            let others = Int64(failures.count - problems.count)
            problems.append(words.say("course.more-problems", ["n": .number(others)]))
        }
        steps = running > 1 ? Self.steps(within: bound, words) : []
        rows = sessions.map { Self.row($0, bound: bound, words, now: now) }
        fine = []
        if count > sessions.count {
            fine.append(words.label("page.course.some-shown", ["n": .number(Int64(sessions.count))]))
        }
        if bound > .zero { fine.append(words.label("page.course.bound", ["limit": .span(bound)])) }
    }

    private static func steps(within left: Duration, _ words: LearnerWords) -> [Step] {
        PortalLimits.extensionSteps.filter { $0 <= left }.map { step in
            let seconds = step.components.seconds
            return Step(
                seconds: seconds,
                label: seconds < 3600
                    ? words.label("page.course.minutes", ["n": .number(seconds / 60)])
                    : words.label("page.course.hours", ["n": .number(seconds / 3600)]))
        }
    }

    private static func row(_ view: SessionView, bound: Duration, _ words: LearnerWords, now: Timestamp) -> Row {
        var facts = [words.label("page.course.since", ["span": .span(now - view.since)])]
        let isRunning = view.state == SessionState.Name.running.rawValue
        if isRunning {
            facts.append(words.label("page.course.last-used", ["span": .span(now - view.lastActivityAt)]))
            if let end = view.endsAt {
                let isIdleness = view.endsBy == .idle
                facts.append(
                    words.label(
                        "page.course.ends",
                        [
                            "parks": .flag(isIdleness && view.parksForSeconds != nil), "idle": .flag(isIdleness),
                            "span": .span(end - now),
                        ]))
            }
            if let extended = view.extendedSeconds, extended > 0 {
                facts.append(words.label("page.course.given", ["span": .span(.seconds(extended))]))
            }
        }
        if let end = view.parkedUntil { facts.append(words.label("page.course.kept", ["span": .span(end - now)])) }
        if let position = view.queuePosition {
            facts.append(words.label("page.course.place", ["place": .number(Int64(position))]))
        }
        let learner = view.learnerName.isEmpty ? view.learner : view.learnerName
        let left = bound - .seconds(view.extendedSeconds ?? 0)
        return Row(
            session: view.id, learner: learner, lab: view.labTitle, state: words.label("page.state.\(view.state)"),
            facts: facts, steps: isRunning ? steps(within: left, words) : [],
            moreFor: words.label("page.course.more-for", ["learner": .name(learner)]))
    }
}

extension CoursePage: PageModel {
    static let template = PageTemplate.course

    /// Works without JavaScript.
    var isScripted: Bool { false }
    var offersSignOut: Bool { true }

    func values(_ words: LearnerWords, contact: Contact?) -> PageValues {
        var values: PageValues = [
            "isWide": .flag(true), "over": .prose(over), "problems": .proses(problems), "course": .text(course.context),
            "hasSteps": .flag(!steps.isEmpty), "steps": .list(steps.map(\.values)), "notes": .texts(fine),
            "again": .text(CoursePages.path(of: course)), "action": .text(CoursePages.extendPath),
            "rows": .list(rows.map(\.values)),
        ]
        values["notice"] = notice.map { .text($0) }
        return values
    }
}

extension CoursePage.Row {
    var values: PageValues {
        [
            "session": .text(session.rawValue), "learner": .text(learner), "lab": .text(lab), "state": .text(state),
            "facts": .text(facts.joined(separator: " · ")), "hasSteps": .flag(!steps.isEmpty),
            "steps": .list(steps.map(\.values)), "moreFor": .text(moreFor),
        ]
    }
}

extension CoursePage.Step {
    var values: PageValues { ["seconds": .number(seconds), "label": .text(label)] }
}
