import BrokerCore
import DockerEngine
import EventLoop
import Identity
import Text

/// The catalogue, and which hosts have the images of its labs.
extension Broker {
    /// The labs of the scope's catalogues, by name and portal.
    public func labs(in scope: Scope) -> [LabView] {
        catalogue.filter { scope.admits($0.key.portal) }.map { view(of: $0) }
    }

    private var catalogue: [Lab] { core.labs.sorted { $0.key < $1.key }.sortedNaturally(by: \.name) }

    public func lab(_ key: LabKey) throws(BrokerError) -> LabView {
        guard let lab = core.labs.first(where: { $0.key == key }) else { throw BrokerError(Refusal.unknownLab(key)) }
        return view(of: lab)
    }

    /// The lab of the scope with this name.
    ///
    /// - Throws: `.unknownLab` if there is none; `.ambiguous` if several portals of the scope have one.
    public func labKey(_ name: String, in scope: Scope) throws(BrokerError) -> LabKey {
        let found = core.labs.map(\.key).filter { $0.name == name && scope.admits($0.portal) }
        guard let first = found.first else { throw BrokerError(DriverRefusal.unknownLabName(name)) }
        guard found.count == 1 else {
            throw BrokerError(DriverRefusal.severalLabs(name, portals: found.map(\.portal)))
        }
        return first
    }

    /// Pulls a lab's image on hosts before it is needed; the pulls run in the background.
    ///
    /// - Parameters:
    ///   - hosts: if empty, all that could serve the lab and answer.
    ///   - again: pull even if the image is present, because its name may refer to a newer one by now.
    public func prepull(_ key: LabKey, hosts: [String], again: Bool) throws(BrokerError) -> LabView {
        let lab = try lab(key)
        for host in hosts where !lab.hosts.contains(where: { $0.host == host }) {
            throw core.hostStatus(host) == nil
                ? BrokerError(Refusal.unknownHost(host))
                : BrokerError(DriverRefusal.hostNeverServes(host: host, lab: key.name))
        }
        for place in lab.hosts where hosts.isEmpty || hosts.contains(place.host) {
            guard core.hostStatus(place.host)?.link == .reachable else {
                // Unless it was named explicitly, a host that does not answer is skipped.
                if hosts.isEmpty { continue }
                throw BrokerError(DriverRefusal.hostSilent(place.host))
            }
            if place.presence == .present, !again { continue }
            try hostDrivers[place.host]?.pull(lab.image)
        }
        return try self.lab(key)
    }

    /// The labs whose image a host has or should have.
    func labImages(on host: String) -> [HostLabImageView] {
        catalogue.compactMap { lab in
            view(of: lab).hosts.first { $0.host == host }
                .map { HostLabImageView(portal: lab.key.portal, lab: lab.name, image: lab.image, found: $0) }
        }
    }

    private func view(of lab: Lab) -> LabView {
        let survey = core.imageSurvey(of: lab)
        return LabView(
            portal: lab.key.portal, name: lab.name, title: lab.title, kind: lab.kind, image: lab.image,
            memoryBytes: lab.memoryBytes,
            profile: LabProfileView(core.use(of: lab)), requires: lab.requires, imageId: survey.usual,
            hosts: survey.findings.sortedNaturally(by: \.host).map { finding in
                LabImageView(
                    host: finding.host, hostState: core.hostStatus(finding.host)?.state ?? .unreachable,
                    presence: finding.presence, imageId: finding.image?.id, createdAt: finding.image?.createdAt,
                    differs: finding.differs, pull: hostDrivers[finding.host]?.pulls[lab.image]?.view)
            })
    }
}
