import ArgumentParser
import Broker
import BrokerCore
import Foundation
import Store

/// The sessions that a command applies to: one or several by their identifiers, or all live ones of a course, a roster,
/// or both.
struct SessionSelection: ParsableArguments {
    @Argument(
        help: ArgumentHelp(
            "The session's identifier, or a beginning of it that no other session has; several may be given.",
            valueName: "id"))
    var ids: [String] = []
    @OptionGroup var filter: PortalFilter
    @Option(help: "All live sessions of learners from this course.") var course: String?
    @Option(
        help:
            "All live sessions of the learners in this file: one identifier a line, or CSV with the identifier first.",
        completion: .file())
    var roster: String?
    @Option(help: "Of a course or a roster, only the sessions of this lab.") var lab: String?
    @OptionGroup var consent: ConsentOption

    func validate() throws {
        let isMany = course != nil || roster != nil
        if ids.isEmpty, !isMany {
            throw ValidationError("say which session, by its id, or which ones, with --course or --roster")
        }
        if !ids.isEmpty, isMany { throw ValidationError("give identifiers, or --course and --roster, but not both") }
        if lab != nil, !isMany { throw ValidationError("--lab goes with --course or --roster") }
        if filter.portal != nil, !isMany { throw ValidationError("--portal goes with --course or --roster") }
    }

    /// The identifier, if the command names exactly one session.
    var single: String? { ids.count == 1 ? ids[0] : nil }

    /// The identifiers of all selected sessions.
    ///
    /// - Parameter states: sessions of a course or a roster in other states are left out.
    func sessions(
        of client: ControlClient, states: Set<String>, where isMeant: (SessionView) -> Bool
    ) async throws -> (ids: [String], description: String) {
        guard ids.isEmpty else { return (ids, "\(ids.count) sessions") }
        let limit = StoreLimits.listLength
        let live = try await client.sessions(
            of: filter.portal, lab: lab, course: course, isLive: true, limit: limit)
        guard live.count < limit else {
            throw CommandFailure("there are more than \(limit) live sessions; choose fewer with --course or --lab")
        }
        let learners = try roster.map { try Roster(file: $0).learners }
        let chosen = live.filter {
            states.contains($0.state) && isMeant($0) && learners?.contains($0.learner) ?? true
        }
        return (chosen.map(\.id.rawValue), Self.describe(chosen, place: place))
    }

    /// `course 101`, `the roster class.csv`, or both.
    private var place: String {
        [course.map { "course \($0)" }, roster.map { "the roster \($0)" }].compactMap(\.self).joined(separator: " and ")
    }

    /// `3 sessions of course 101 (python 2, r 1)`.
    static func describe(_ sessions: [SessionView], place: String) -> String {
        let labs = Dictionary(sessions.map { ($0.lab, 1) }, uniquingKeysWith: +).sorted { $0.key < $1.key }
        let list = labs.map { "\($0.key) \($0.value)" }.joined(separator: ", ")
        let count = sessions.count == 1 ? "1 session" : "\(sessions.count) sessions"
        return "\(count) of \(place)" + (list.isEmpty ? "" : " (\(list))")
    }
}

/// Asks before a command acts on many sessions.
struct ConsentOption: ParsableArguments {
    @Flag(name: .shortAndLong, help: "Do it without asking, however many there are.") var yes = false

    /// Says what would be done, and continues only with consent.
    ///
    /// - Throws: if consent is refused, or if there is nobody to ask.
    func ask(_ words: String) throws {
        if yes { return Output.note(words) }
        guard isatty(STDIN_FILENO) == 1 else {
            throw CommandFailure("\(words); nothing was done: give --yes to do that without being asked")
        }
        FileHandle.standardError.write(Data("\(words). Go on? [y/N] ".utf8))
        guard let answer = readLine(), ["y", "yes"].contains(answer.lowercased()) else {
            throw CommandFailure("nothing was done")
        }
    }
}

/// An action on several sessions, one after the other. A failure does not stop the rest.
struct SessionAct {
    /// The verb, `end`, and its participle, `ended`.
    var verb: String
    var participle: String
    /// The states in which the action is possible; of a course or a roster only sessions in these are selected.
    var states: Set<String>
    /// A further condition on the selected sessions.
    var isMeant: (SessionView) -> Bool = { _ in true }
    var perform: (ControlClient, _ id: String) async throws -> SessionView
    /// The text about a session after the action.
    var outcome: (SessionView) -> String

    static let liveStates = Set(SessionState.Name.allCases.filter(\.isLive).map(\.rawValue))

    /// - Throws: if the action failed for one of them; the outcomes are printed first.
    func run(on selection: SessionSelection, _ client: ControlClient, _ output: JSONOption) async throws {
        if let id = selection.single {
            let session = try await perform(client, id)
            return Output.print(output.json ? Output.json(session) : outcome(session))
        }
        let (ids, description) = try await selection.sessions(of: client, states: states, where: isMeant)
        guard !ids.isEmpty else {
            Output.note("there is nothing to \(verb): \(description)")
            if output.json { Output.print(Output.json(SessionActReport())) }
            return
        }
        try selection.consent.ask("this \(verb)s \(description)")
        let report = await self.report(on: ids, client)
        if output.json {
            Output.print(Output.json(report))
        } else {
            for session in report.done { Output.print(outcome(session)) }
            for failure in report.failed { Output.note("session \(failure.id): \(failure.reason)") }
            Output.print(report.summary(participle))
        }
        if !report.failed.isEmpty { throw ExitCode.failure }
    }

    private func report(on ids: [String], _ client: ControlClient) async -> SessionActReport {
        var report = SessionActReport()
        for id in ids {
            do { report.done.append(try await perform(client, id)) } catch {
                report.failed.append(SessionActReport.Failure(id: id, reason: "\(error)"))
            }
        }
        return report
    }
}

/// The result of an action on many sessions: the output of `--json`.
struct SessionActReport: Encodable {
    struct Failure: Encodable {
        var id: String
        var reason: String
    }

    var done: [SessionView] = []
    var failed: [Failure] = []

    /// `23 of 25 sessions ended, 2 failed`.
    func summary(_ participle: String) -> String {
        let total = done.count + failed.count
        let all = total == 1 ? "1 session" : "\(total) sessions"
        return failed.isEmpty ? "\(all) \(participle)" : "\(done.count) of \(all) \(participle), \(failed.count) failed"
    }
}
