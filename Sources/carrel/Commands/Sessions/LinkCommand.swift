import ArgumentParser
import BrokerCore
import Configuration
import Doors
import Foundation
import Identity
import Store
import Text

struct LinkCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "link",
        abstract: "Print a signed link that opens a lab for one learner, or a course for its instructor.",
        discussion: """
            Whoever has the link is that learner until it expires: hand it to nobody else. The same learner gets the \
            same session for the same lab, however often links are made and followed. It works without a running \
            broker, as the user who may read the state directory's secrets.

            Learners of a course for which seats are reserved get one by themselves, if their links name it: --context.

            --roster makes a link for everybody in a file, --course for everybody whose sessions have come from a course so \
            far (that asks the running broker), as lines of CSV: the identifier, and the link. Links of a course name it.

            With --role instructor the link opens no lab: it shows the labs of the course --context, and gives them more \
            time, within the portal's instructor_extension. --learner and --name say who that is.

            Examples:
              carrel link --lab python --learner ada --name "Ada Lovelace"
              carrel link --lab r --learner 4711 --name Grace --valid 2d --json
              carrel link --lab python --learner ada --context 101
              carrel link --lab python --roster class.csv --context 101 --yes > links.csv
              carrel link --lab python --course 101 --valid 2d
              carrel link --role instructor --context 101 --learner grace --name "Grace Hopper"
            """)

    @OptionGroup var configurationOption: ConfigurationOption
    enum Role: String, CaseIterable, ExpressibleByArgument {
        case learner, instructor
    }

    @OptionGroup var portal: PortalOption
    @Option(help: "Whose link it is.") var role = Role.learner
    @Option(help: "The lab's name in the configuration; a learner's link has one.") var lab: String?
    @Option(help: ArgumentHelp("The person's identifier, unique in the portal.", valueName: "id"))
    var learner: String?
    @Option(
        help: "Links for everybody in this file: one identifier a line, or CSV with the identifier first.",
        completion: .file())
    var roster: String?
    @Option(help: "Links for everybody whose sessions have come from this course, for this course.") var course: String?
    @OptionGroup var consent: ConsentOption
    @Option(help: "What the person is called, for pages and lists; the identifier if left out.") var name: String?
    @Option(help: "The course that they come from, whose reserved seats they get; an instructor's own course.")
    var context: String?
    @Option(help: ArgumentHelp("How long the link is good, at most 30d.", valueName: "duration"))
    var valid = DurationArgument(.seconds(8 * 3600))
    @OptionGroup var output: JSONOption

    /// What the links of one portal are made with.
    private struct Maker {
        var portal: Configuration.PortalEntry
        var origin: String
        var secrets: LaunchSecrets
    }

    private struct Answer: Encodable {
        /// The learner, in the output for many.
        var learner: String?
        var url: String
        var expires: Timestamp
    }

    func validate() throws {
        guard valid.duration > .zero, valid.duration <= LaunchLimits.linkValidity else {
            throw ValidationError(
                "--valid is \(DurationText.format(valid.duration)), but must be from 1s to "
                    + DurationText.format(LaunchLimits.linkValidity))
        }
        let isMany = roster != nil || course != nil
        if isMany, role == .instructor { throw ValidationError("--roster and --course are for learners' links") }
        if isMany, learner != nil || name != nil {
            throw ValidationError("give one learner, with --learner and --name, or many, with --roster or --course")
        }
        if let course, let context, course != context {
            throw ValidationError("--course names the course of the links already: leave --context out")
        }
        if !isMany, learner == nil { throw ValidationError("Missing expected argument '--learner <id>'") }
        switch role {
        case .learner where lab == nil: throw ValidationError("Missing expected argument '--lab <lab>'")
        case .instructor where lab != nil: throw ValidationError("an instructor's link opens no lab: leave --lab out")
        case .instructor where context == nil: throw ValidationError("an instructor's link needs a course: --context")
        case .learner, .instructor: break
        }
    }

    func run() async throws {
        let configuration = try configurationOption.load()
        let portal = try portal.entry(of: configuration)
        if let lab { try check(lab, of: portal, in: configuration) }
        let secrets = try LaunchSecrets(directory: configuration.secretsDirectory)
        let maker = Maker(portal: portal, origin: configuration.origin(of: portal), secrets: secrets)
        guard let learner else { return try await printMany(maker) }
        let answer = try answer(for: learner, by: maker)
        Output.print(output.json ? Output.json(answer) : answer.url)
    }

    /// Prints one line for each, in the order of their identifiers.
    private func printMany(_ maker: Maker) async throws {
        let learners = try await learners(of: maker.portal.id)
        let who = [roster.map { "in the roster \($0)" }, course.map { "of course \($0)" }].compactMap(\.self)
        guard !learners.isEmpty else { throw CommandFailure("there is nobody \(who.joined(separator: " and "))") }
        let count = learners.count == 1 ? "1 link for a learner" : "\(learners.count) links for learners"
        try consent.ask("this prints \(count) \(who.joined(separator: " and "))")
        let answers = try learners.map { learner in
            var answer = try answer(for: learner, by: maker)
            answer.learner = learner
            return answer
        }
        if output.json { return Output.print(Output.json(answers)) }
        Output.print((["learner,link"] + answers.map { Self.row($0.learner ?? "", $0.url) }).joined(separator: "\n"))
    }

    private func learners(of portal: PortalID) async throws -> [String] {
        let listed = try roster.map { try Roster(file: $0).learners }
        guard let course else { return (listed ?? []).sorted() }
        let limit = StoreLimits.listLength
        let sessions = try await ControlClient(configurationOption).sessions(
            of: portal, course: course, limit: limit)
        guard sessions.count < limit else {
            throw CommandFailure(
                "course \(course) has had more than \(limit) sessions; give its learners with --roster")
        }
        let known = Set(sessions.map(\.learner))
        return (listed.map { $0.intersection(known) } ?? known).sorted()
    }

    /// A CSV row (RFC 4180).
    static func row(_ learner: String, _ url: String) -> String {
        let isPlain = !learner.contains { [",", "\"", ";"].contains($0) || $0.isNewline }
        return (isPlain ? learner : "\"" + learner.replacingOccurrences(of: "\"", with: "\"\"") + "\"") + ",\(url)"
    }

    private func answer(for learner: String, by maker: Maker) throws -> Answer {
        let now = Timestamp.current()
        let expires = now.seconds + valid.duration.components.seconds
        let (portal, origin, secrets) = (maker.portal.id, maker.origin, maker.secrets)
        let url: String
        do throws(LaunchError) {
            if let lab {
                let link = SignedLink(
                    learner: Learner(portal: portal, id: learner, name: name ?? learner), lab: lab, expires: expires,
                    context: course ?? context)
                url = try secrets.links.url(for: link, origin: origin, now: now)
            } else {
                let link = InstructorLink(
                    course: Course(portal: portal, context: context ?? ""), id: learner, name: name ?? learner,
                    expires: expires)
                url = try secrets.links.url(for: link, origin: origin, now: now)
            }
        } catch {
            // The library's message is for the learner who opens a bad link; this one is for the operator who makes
            // one.
            throw CommandFailure("no link can be made for \(learner): \(error.cause)")
        }
        return Answer(url: url, expires: Timestamp(milliseconds: expires * 1000))
    }

    private func check(
        _ lab: String, of portal: Configuration.PortalEntry, in configuration: Configuration
    ) throws {
        let labs = portal.labs.map(\.lab.name)
        guard !labs.contains(lab) else { return }
        let remedy = Spelling.nearest(to: lab, among: labs).map { "did you mean \($0)?" }
        throw CommandFailure(
            "there is no lab \"\(lab)\" \(whose(portal, configuration)); "
                + (remedy ?? "there are: \(labs.joined(separator: ", "))"))
    }

    /// Where a lab was looked for.
    private func whose(_ portal: Configuration.PortalEntry, _ configuration: Configuration) -> String {
        configuration.portals.count == 1
            ? "in \(configuration.file)" : "of the portal \(portal.id) in \(configuration.file)"
    }
}
