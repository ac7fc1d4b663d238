import Broker
import BrokerCore
import Configuration
import EventLoop
import Identity
import Portal

/// Portals that commands add, change and remove while everything runs. Each is a file in the state directory, which the
/// configuration reads together with its own.
extension Service: PortalKeeper {
    var portals: [APIPortal] { configuration.portals.map(view).sorted { $0.name < $1.name } }

    func add(_ settings: APIPortalSettings) throws(BrokerError) -> APIPortal {
        guard let id = settings.name else {
            throw BrokerError(.badTerms, "The portal has no name; a name has lower-case letters, digits and hyphens.")
        }
        guard !configuration.portals.contains(where: { $0.id == id }) else {
            throw BrokerError(.badTerms, "There is a portal \(id) already; change it with `carrel portal set`.")
        }
        return try keep(id, settings, insteadOf: nil)
    }

    func set(_ id: PortalID, _ change: APIPortalChange) throws(BrokerError) -> APIPortal {
        try known(id)
        let former = try text(of: id)
        let settings: APIPortalSettings
        do { settings = try APIPortalSettings(text: former) } catch {
            throw BrokerError(.badTerms, "The file \(added.file(of: id)) was written by hand; change it there.")
        }
        return try keep(id, settings.changed(by: change), insteadOf: former)
    }

    func remove(_ id: PortalID, endingSessions: Bool) async throws(BrokerError) {
        try known(id)
        let former = try text(of: id)
        guard let broker = control?.broker else { throw Self.stopping }
        let live = broker.use(ofPortal: id).sessions
        guard endingSessions || live == 0 else {
            throw BrokerError(
                .notNow,
                "The portal \(id) has \(live == 1 ? "a session that is" : "\(live) sessions that are") not over; wait "
                    + "for their end, or end them with --end-sessions.")
        }
        // The portal goes first, so that nobody launches in it meanwhile.
        try apply(
            { $0.removeAll { $0.id == id } },
            writing: { [added] () throws(InvalidConfiguration) in
                _ = try added.remove(id)
            },
            takingBack: { [added] () throws(InvalidConfiguration) in
                try added.write(AddedPortal(id: id, file: added.file(of: id), text: former))
            })
        try await broker.endSessions(ofPortal: id)
    }

    private var added: AddedPortals { AddedPortals(stateDirectory: configuration.stateDirectory) }

    private static let stopping = BrokerError(.stopping, "The broker is stopping.")

    private func known(_ id: PortalID) throws(BrokerError) {
        guard let portal = configuration.portals.first(where: { $0.id == id }) else {
            throw BrokerError(DriverRefusal.unknownPortal(id))
        }
        guard portal.isAdded else {
            throw BrokerError(
                .notNow, "The portal \(id) is in \(configuration.file); change it there, and say `carrel reload`.")
        }
    }

    private func text(of id: PortalID) throws(BrokerError) -> String {
        do {
            if let portal = try added.read().first(where: { $0.id == id }) { return portal.text }
        } catch {
            throw BrokerError(.storage, "\(error)")
        }
        throw BrokerError(.unknownPortal, "The file \(added.file(of: id)) is gone; say `carrel reload`.")
    }

    private func keep(
        _ id: PortalID, _ settings: APIPortalSettings, insteadOf former: String?
    ) throws(BrokerError) -> APIPortal {
        let portal = AddedPortal(id: id, file: added.file(of: id), text: settings.text)
        try apply(
            { portals in
                portals.removeAll { $0.id == id }
                portals.append(portal)
            },
            writing: { [added] () throws(InvalidConfiguration) in
                try added.write(portal)
            },
            takingBack: { [added] () throws(InvalidConfiguration) in
                if let former {
                    try added.write(AddedPortal(id: id, file: portal.file, text: former))
                } else {
                    _ = try added.remove(id)
                }
            })
        guard let entry = configuration.portals.first(where: { $0.id == id }) else { throw Self.stopping }
        return view(entry)
    }

    /// Checks a change before it is written, and takes it back if it cannot be applied, so that a mistake changes
    /// nothing.
    private func apply(
        _ change: (inout [AddedPortal]) -> Void, writing write: () throws(InvalidConfiguration) -> Void,
        takingBack takeBack: () throws(InvalidConfiguration) -> Void
    ) throws(BrokerError) {
        guard !isHandingOver, control != nil else {
            throw BrokerError(.notNow, "Another process takes over; try again in a moment.")
        }
        do {
            let fresh = try Configuration(contentsOf: configuration.file, changing: change)
            _ = try Preflight.certificates(fresh)
            try write()
            do { _ = try takeOver(fresh) } catch {
                try takeBack()
                throw error
            }
        } catch {
            throw BrokerError(.badTerms, "\(error)")
        }
    }

    private func view(_ portal: Configuration.PortalEntry) -> APIPortal {
        APIPortal(
            name: portal.id, origin: configuration.origin(of: portal), title: portal.title,
            labsDomain: portal.labsDomain,
            labs: portal.labs.map(\.lab.name), isAdded: portal.isAdded,
            use: control?.broker.use(ofPortal: portal.id) ?? PortalUse(), quota: portal.quota)
    }
}
