import Identity

/// Why no configured host could ever serve a lab to a learner, even if it were empty and healthy.
public enum Misfit: Hashable, Sendable {
    /// No host is configured.
    case noHosts
    /// No host has the labels that the lab requires.
    case noLabels(lab: String, labels: [String: String])
    /// The largest host with the right labels is too small. In bytes.
    case tooLarge(lab: String, needed: Int64, largest: Int64)
    /// The learner's files are on a host that is no longer configured.
    case homeHostGone(host: String)
    /// The host with the learner's files is too small. In bytes.
    case homeHostTooSmall(host: String, lab: String, needed: Int64, limit: Int64)
    /// The host with the learner's files lacks labels that the lab requires.
    case homeHostLabels(host: String, lab: String, labels: [String: String])
}

/// Two labs that one learner can never use together: homes are volumes, so a home stays on the host of the learner's
/// first lab, and no host could serve both labs.
public struct LabsApart: Hashable, Sendable {
    public var first: LabKey
    public var second: LabKey

    /// - Returns: pairs in the order of `labs`. Labs that no host could serve are left out.
    public static func pairs(of labs: [Lab], on hosts: [HostSpec], sharedHomes: Bool) -> [LabsApart] {
        guard !sharedHomes else { return [] }
        let places = labs.filter { $0.files == .home }.map { lab in
            (lab: lab.key, hosts: Set(hosts.filter { $0.couldServe(lab) }.map(\.name)))
        }.filter { !$0.hosts.isEmpty }
        return places.indices.flatMap { index in
            places[(index + 1)...]
                .filter { $0.lab.portal == places[index].lab.portal && $0.hosts.isDisjoint(with: places[index].hosts) }
                .map { LabsApart(first: places[index].lab, second: $0.lab) }
        }
    }
}
