import ArgumentParser
import Configuration
import Identity

/// The option that names a portal. Where there is only one, it need not be named.
struct PortalOption: ParsableArguments {
    @Option(help: ArgumentHelp("The portal; not needed where there is only one.", valueName: "name"))
    var portal: PortalID?

    /// The portal of the configuration.
    ///
    /// - Throws: if there is no such portal, or if there are several and none was named.
    func entry(of configuration: Configuration) throws -> Configuration.PortalEntry {
        let known = configuration.portals.map(\.id.rawValue).joined(separator: ", ")
        guard let portal else {
            guard configuration.portals.count == 1 else {
                throw CommandFailure(
                    "\(configuration.file) has several portals; name one of them with --portal: \(known)")
            }
            return configuration.portals[0]
        }
        guard let entry = configuration.portals.first(where: { $0.id == portal }) else {
            throw CommandFailure("there is no portal \"\(portal)\" in \(configuration.file); there is \(known)")
        }
        return entry
    }
}

/// The option that leaves out what belongs to other portals.
struct PortalFilter: ParsableArguments {
    @Option(help: ArgumentHelp("Only this portal's.", valueName: "name")) var portal: PortalID?
}

extension PortalID: ExpressibleByArgument {
    public init?(argument: String) { self.init(checking: argument) }
}
