import ArgumentParser
import Configuration
import Foundation
import Identity
import Portal
import Text

struct PortalCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "portal",
        abstract: "See the portals, and add, change and remove them while Carrel runs.",
        subcommands: [PortalList.self, PortalAdd.self, PortalSet.self, PortalRemove.self])
}

struct PortalList: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "Show the portals, their labs, and what they use of their quotas.",
        discussion: """
            SESSIONS, SEATS and MEMORY are what a portal's sessions use, with its quota where it has one.

            Examples:
              carrel portal list
              carrel portal list --json
            """)

    @OptionGroup var configurationOption: ConfigurationOption
    @OptionGroup var output: JSONOption

    func run() async throws {
        let portals = try await ControlClient(configurationOption).portals()
        Output.print(output.json ? Output.json(portals) : PortalTable.text(portals))
    }
}

/// What `add` and `set` can say about a portal.
struct PortalSettingsOptions: ParsableArguments {
    @Option(help: "What learners read at the top of every page.") var title: String?
    @Option(help: "The picture beside the title, an SVG or PNG file.", completion: .file()) var logo: String?
    @Option(help: ArgumentHelp("The colour of its buttons and links, such as '#1c6357'.", valueName: "colour"))
    var accent: String?
    @Option(help: ArgumentHelp("The same on dark pages; a lighter accent if left out.", valueName: "colour"))
    var accentDark: String?
    @Option(help: "Whom learners turn to: a mail address, an https address, or text.") var contact: String?
    @Option(
        help: ArgumentHelp("A shared lab that it offers; may be repeated. All of them if left out.", valueName: "name"))
    var lab: [String] = []
    @Option(help: ArgumentHelp("The domain of its labs, if it has one of its own.", valueName: "hostname"))
    var labsDomain: String?
    @Option(help: "Its own certificate with its chain, a PEM file.", completion: .file()) var certificate: String?
    @Option(help: "The key of the certificate, a PEM file.", completion: .file()) var key: String?
    @Option(
        help: ArgumentHelp("Its directory in the homes root, if it is not named after the portal.", valueName: "name"))
    var homes: String?
    @Option(
        help: ArgumentHelp(
            "A site whose pages may show it and its labs in a frame; may be repeated.", valueName: "origin"))
    var embeddedIn: [String] = []
    @Option(
        help: ArgumentHelp("The total by which instructors can extend one run.", valueName: "duration"))
    var instructorExtension: DurationArgument?
    @Option(help: ArgumentHelp("Its quota of sessions that are not over.", valueName: "count")) var sessions: Int?
    @Option(help: ArgumentHelp("Its quota of seats.", valueName: "count")) var seats: Int?
    @Option(help: ArgumentHelp("Its quota of memory, such as 200GiB.", valueName: "size")) var memory: SizeArgument?

    func validate() throws {
        guard (certificate == nil) == (key == nil) else { throw ValidationError("--certificate and --key go together") }
        if accentDark != nil, accent == nil { throw ValidationError("--accent-dark goes with --accent") }
    }

    /// Relative paths are resolved against `folder`.
    func settings(folder: String) -> APIPortalSettings {
        var settings = APIPortalSettings()
        settings.title = title
        settings.contact = contact
        settings.labs = lab.isEmpty ? nil : lab
        settings.labsDomain = labsDomain
        if let certificate, let key {
            settings.tls = APIPortalSettings.Certificate(
                certificate: FilePaths.resolve(certificate, from: folder), key: FilePaths.resolve(key, from: folder))
        }
        settings.homes = homes
        settings.logo = logo.map { FilePaths.resolve($0, from: folder) }
        settings.colours = accent.map { APIPortalSettings.Colours(accent: $0, accentDark: accentDark) }
        settings.embeddedIn = embeddedIn.isEmpty ? nil : embeddedIn
        settings.instructorExtension = instructorExtension.map { DurationText.format($0.duration) }
        if sessions != nil || seats != nil || memory != nil {
            settings.quota = APIPortalSettings.Quota(
                sessions: sessions, seats: seats, memory: memory.map { SizeText.format($0.bytes) })
        }
        return settings
    }
}

struct PortalAdd: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "add",
        abstract: "Add a portal; learners can launch from it at once.",
        discussion: """
            Carrel remembers it over restarts, beside those of the configuration. The hostname and the labs domain must \
            lead here in DNS, and a certificate must cover both: the common one, or one of its own.

            Examples:
              carrel portal add acme --hostname learn.acme.example --title "Acme Academy" --lab python --seats 40
              carrel portal add acme --hostname learn.acme.example --labs-domain acme-labs.example \
                --certificate acme/fullchain.pem --key acme/key.pem
            """)

    @OptionGroup var configurationOption: ConfigurationOption
    @OptionGroup var output: JSONOption
    @Argument(help: "The portal's name, which it keeps for ever.") var name: PortalID
    @Option(help: "Where its links lead.") var hostname: String
    @OptionGroup var options: PortalSettingsOptions

    func run() async throws {
        var settings = options.settings(folder: FileManager.default.currentDirectoryPath)
        settings.name = name
        settings.hostname = hostname
        let portal = try await ControlClient(configurationOption).addPortal(settings)
        Output.print(
            output.json
                ? Output.json(portal)
                : "\(portal.name) is added at \(portal.origin) with \(Plural.count(portal.labs.count, "lab")); carrel link "
                    + "--portal \(portal.name) makes links for it")
    }
}

struct PortalSet: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "set",
        abstract: "Change a portal that was added; running labs go on.",
        discussion: """
            What is left out stays as it is. --reset returns a setting to the configuration's default. A portal of the \
            configuration is changed there.

            Examples:
              carrel portal set acme --title "Acme Academy" --seats 60
              carrel portal set acme --reset quota --reset labs
            """)

    @OptionGroup var configurationOption: ConfigurationOption
    @OptionGroup var output: JSONOption
    @Argument(help: "The portal's name.") var name: PortalID
    @Option(help: "Where its links lead from now on; links that were made before lead nowhere.") var hostname: String?
    @OptionGroup var options: PortalSettingsOptions
    @Option(
        help: ArgumentHelp(
            "A setting that returns to its default; may be repeated: \(APIPortalChange.keys.joined(separator: ", ")).",
            valueName: "setting"),
        completion: .list(APIPortalChange.keys))
    var reset: [String] = []

    func validate() throws {
        guard let wrong = reset.first(where: { !APIPortalChange.keys.contains($0) }) else { return }
        throw ValidationError("--reset \(wrong): what can be reset is \(APIPortalChange.keys.joined(separator: ", "))")
    }

    func run() async throws {
        var settings = options.settings(folder: FileManager.default.currentDirectoryPath)
        settings.hostname = hostname
        guard settings != APIPortalSettings() || !reset.isEmpty else {
            throw ValidationError("say what to change, such as --title or --reset quota")
        }
        let portal = try await ControlClient(configurationOption)
            .setPortal(name, APIPortalChange(settings, reset: reset))
        Output.print(output.json ? Output.json(portal) : PortalTable.text([portal]))
    }
}

struct PortalRemove: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "remove",
        abstract: "Remove a portal that was added; the homes of its learners stay.",
        discussion: """
            While it has sessions that are not over, it is removed only with --end-sessions, which ends them.

            Examples:
              carrel portal remove acme
              carrel portal remove acme --end-sessions
            """)

    @OptionGroup var configurationOption: ConfigurationOption
    @OptionGroup var output: JSONOption
    @Argument(help: "The portal's name.") var name: PortalID
    @Flag(help: "End the sessions that it still has.") var endSessions = false

    func run() async throws {
        let left = try await ControlClient(configurationOption).removePortal(name, endingSessions: endSessions)
        Output.print(output.json ? Output.json(left) : "\(name) is removed; the homes of its learners stay")
    }
}
