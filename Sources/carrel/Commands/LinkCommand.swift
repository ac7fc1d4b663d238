import ArgumentParser
import BrokerCore
import Launch

struct LinkCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "link",
        abstract: "Print a signed link that opens a lab for one learner, or a course for its instructor.",
        discussion: """
            Whoever has the link is that learner until it expires: hand it to nobody else. The same learner gets the \
            same session for the same lab, however often links are made and followed. It works without a running \
            broker, as the user who may read the state directory's secrets.

            Learners of a course for which seats are reserved get one by themselves, if their links name it: --context.

            With --role instructor the link opens no lab: it shows the labs of the course --context, and gives them more \
            time, within the portal's instructor_extension. --learner and --name say who that is.

            Examples:
              carrel link --lab python --learner ada --name "Ada Lovelace"
              carrel link --lab r --learner 4711 --name Grace --valid 2d --json
              carrel link --lab python --learner ada --context 101
              carrel link --role instructor --context 101 --learner grace --name "Grace Hopper"
            """)

    @OptionGroup var configurationOption: ConfigurationOption
    enum Role: String, CaseIterable, ExpressibleByArgument {
        case learner, instructor
    }

    @Option(help: "Whose link it is.") var role = Role.learner
    @Option(help: "The lab's name in the configuration; a learner's link has one.") var lab: String?
    @Option(help: ArgumentHelp("The person's identifier, unique in the portal.", valueName: "id")) var learner: String
    @Option(help: "What the person is called, for pages and lists; the identifier if left out.") var name: String?
    @Option(help: "The course that they come from, whose reserved seats they get; an instructor's own course.")
    var context: String?
    @Option(help: ArgumentHelp("How long the link is good, at most 30d.", valueName: "duration"))
    var valid = DurationArgument(.seconds(8 * 3600))
    @OptionGroup var output: JSONOption

    private struct Answer: Encodable {
        var url: String
        var expires: Timestamp
    }

    func validate() throws {
        guard valid.duration > .zero, valid.duration <= LaunchLimits.linkValidity else {
            throw ValidationError(
                "--valid is \(DurationText.format(valid.duration)), but must be from 1s to "
                    + DurationText.format(LaunchLimits.linkValidity))
        }
        switch role {
        case .learner where lab == nil: throw ValidationError("Missing expected argument '--lab <lab>'")
        case .instructor where lab != nil: throw ValidationError("an instructor's link opens no lab: leave --lab out")
        case .instructor where context == nil: throw ValidationError("an instructor's link needs a course: --context")
        case .learner, .instructor: break
        }
    }

    func run() async throws {
        let configuration = try configurationOption.load()
        if let lab { try check(lab, in: configuration) }
        let secrets = try LaunchSecrets(directory: configuration.secretsDirectory)
        let now = Timestamp.current()
        let expires = now.milliseconds / 1000 + valid.duration.components.seconds
        let (portal, origin) = (configuration.portal.name, configuration.portalOrigin)
        let url: String
        do throws(LaunchError) {
            if let lab {
                let link = SignedLink(
                    learner: Learner(portal: portal, id: learner, name: name ?? learner), lab: lab, expires: expires,
                    context: context)
                url = try secrets.links.url(for: link, origin: origin, now: now)
            } else {
                let instructor = Instructor(
                    course: Course(portal: portal, context: context ?? ""), id: learner, name: name ?? learner)
                url = try secrets.links.url(
                    for: InstructorLink(instructor: instructor, expires: expires), origin: origin, now: now)
            }
        } catch {
            // The library's words are for the learner who opens a bad link; this is the operator who makes one.
            throw CommandFailure("no link can be made: \(error.cause)")
        }
        let answer = Answer(url: url, expires: Timestamp(milliseconds: expires * 1000))
        Output.print(output.json ? Output.json(answer) : url)
    }

    private func check(_ lab: String, in configuration: Configuration) throws {
        let labs = configuration.labs.map(\.lab.name)
        guard !labs.contains(lab) else { return }
        let remedy = Spelling.nearest(to: lab, among: labs).map { "did you mean \($0)?" }
        throw CommandFailure(
            "there is no lab \"\(lab)\" in \(configuration.file); "
                + (remedy ?? "there are: \(labs.joined(separator: ", "))"))
    }
}
