import ArgumentParser
import Configuration
import Identity
import Portal
import Text

struct SignOutCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sign-out",
        abstract: "Sign a learner out in every browser, or everybody of a portal.",
        discussion: """
            For a computer that was lost, a link that went to the wrong person, or a portal whose links leaked. Browsers \
            that have come by a link are strangers again, and open labs lose their connection; the labs go on running.

            A link that is still good lets its holder in again. To make all links worthless, remove the file \
            secrets/link.key of the state directory, and restart Carrel.

            Examples:
              carrel sign-out ada
              carrel sign-out ada --portal acme --json
              carrel sign-out --everybody --portal acme --yes
            """)

    @OptionGroup var configurationOption: ConfigurationOption
    @OptionGroup var output: JSONOption
    @OptionGroup var portal: PortalOption
    @OptionGroup var consent: ConsentOption
    @Argument(help: ArgumentHelp("The person's identifier, unique in the portal.", valueName: "id")) var learner:
        String?
    @Flag(help: "Sign out everybody of the portal, instructors too.") var everybody = false

    func validate() throws {
        guard (learner != nil) != everybody else {
            throw ValidationError("say whom: a learner's identifier, or --everybody")
        }
    }

    func run() async throws {
        let portal = try portal.entry(of: try configurationOption.load()).id
        if everybody { try consent.ask("this signs out everybody of the portal \(portal)") }
        let done = try await ControlClient(configurationOption).signOut(learner, of: portal)
        let who = learner.map { "\($0) is" } ?? "everybody of \(portal) is"
        Output.print(
            output.json
                ? Output.json(done)
                : "\(who) signed out; \(Plural.count(done.closed, "browser")) lost the way into a lab")
    }
}
