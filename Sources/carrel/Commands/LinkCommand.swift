import ArgumentParser
import BrokerCore
import Launch

struct LinkCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "link",
        abstract: "Print a signed link that opens a lab for one learner.",
        discussion: """
            Whoever has the link is that learner until it expires: hand it to nobody else. The same learner gets the \
            same session for the same lab, however often links are made and followed. It works without a running \
            broker, as the user who may read the state directory's secrets.

            Learners of a course for which seats are reserved get one by themselves, if their links name it: --context.

            Examples:
              carrel link --lab python --learner ada --name "Ada Lovelace"
              carrel link --lab r --learner 4711 --name Grace --valid 2d --json
              carrel link --lab python --learner ada --context 101
            """)

    @OptionGroup var configurationOption: ConfigurationOption
    @Option(help: "The lab's name in the configuration.") var lab: String
    @Option(help: ArgumentHelp("The learner's identifier, unique in the portal.", valueName: "id")) var learner: String
    @Option(help: "What the learner is called, for pages and lists; the identifier if left out.") var name: String?
    @Option(help: "The course that they come from, whose reserved seats they get.") var context: String?
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
    }

    func run() async throws {
        let configuration = try configurationOption.load()
        let labs = configuration.labs.map(\.lab.name)
        guard labs.contains(lab) else {
            let remedy = Spelling.nearest(to: lab, among: labs).map { "did you mean \($0)?" }
            throw CommandFailure(
                "there is no lab \"\(lab)\" in \(configuration.file); "
                    + (remedy ?? "there are: \(labs.joined(separator: ", "))"))
        }
        let secrets = try LaunchSecrets(directory: configuration.secretsDirectory)
        let now = Timestamp.current()
        let expires = now.milliseconds / 1000 + valid.duration.components.seconds
        let link = SignedLink(
            learner: Learner(portal: configuration.portal.name, id: learner, name: name ?? learner), lab: lab,
            expires: expires, context: context)
        let url: String
        do {
            url = try secrets.links.url(for: link, origin: configuration.portalOrigin, now: now)
        } catch {
            // The library's words are for the learner who opens a bad link; this is the operator who makes one.
            throw CommandFailure("no link can be made: \(error.cause)")
        }
        let answer = Answer(url: url, expires: Timestamp(milliseconds: expires * 1000))
        Output.print(output.json ? Output.json(answer) : url)
    }
}
