import BrokerCore
import DockerEngine
import EventLoop
import Text

/// The catalogue, and which hosts have the images of its labs.
extension Broker {
    public func labs() -> [LabView] { core.labs.sortedNaturally(by: \.name).map { view(of: $0) } }

    public func lab(_ name: String) throws(BrokerError) -> LabView {
        guard let lab = core.labs.first(where: { $0.name == name }) else { throw BrokerError(Refusal.unknownLab(name)) }
        return view(of: lab)
    }

    /// Pulls a lab's image on hosts before it is needed; the pulls run in the background.
    ///
    /// - Parameters:
    ///   - hosts: if empty, all that could serve the lab and answer.
    ///   - again: pull even if the image is present, because its name may refer to a newer one by now.
    public func prepull(_ name: String, hosts: [String], again: Bool) throws(BrokerError) -> LabView {
        let lab = try lab(name)
        for host in hosts where !lab.hosts.contains(where: { $0.host == host }) {
            throw core.hostStatus(host) == nil
                ? BrokerError(Refusal.unknownHost(host))
                : BrokerError(
                    .notNow, "The host \(host) could never serve the lab \(name), so it needs no image of it.")
        }
        for place in lab.hosts where hosts.isEmpty || hosts.contains(place.host) {
            guard core.hostStatus(place.host)?.link == .reachable else {
                // Unless it was named explicitly, a host that does not answer is skipped.
                if hosts.isEmpty { continue }
                throw BrokerError(.notNow, "The host \(place.host) does not answer, so nothing can be pulled there.")
            }
            if place.presence == .present, !again { continue }
            try hostDrivers[place.host]?.pull(lab.image)
        }
        return try self.lab(name)
    }

    /// The labs whose image a host has or should have.
    func labImages(on host: String) -> [HostLabImageView] {
        core.labs.sortedNaturally(by: \.name).compactMap { lab in
            view(of: lab).hosts.first { $0.host == host }
                .map { HostLabImageView(lab: lab.name, image: lab.image, found: $0) }
        }
    }

    private func view(of lab: Lab) -> LabView {
        let survey = core.imageSurvey(of: lab)
        return LabView(
            name: lab.name, title: lab.title, kind: lab.kind, image: lab.image, memoryBytes: lab.memoryBytes,
            profile: LabProfileView(core.use(of: lab)), requires: lab.requires, imageId: survey.usual,
            hosts: survey.findings.sortedNaturally(by: \.host).map { finding in
                LabImageView(
                    host: finding.host, hostState: core.hostStatus(finding.host)?.state ?? .unreachable,
                    presence: finding.presence, imageId: finding.image?.id, createdAt: finding.image?.createdAt,
                    differs: finding.differs, pull: hostDrivers[finding.host]?.pulls[lab.image]?.view)
            })
    }
}
