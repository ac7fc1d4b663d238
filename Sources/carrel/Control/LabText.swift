import Broker
import BrokerCore
import Text

/// The catalogue, for operators.
enum LabText {
    static func table(_ labs: [LabView]) -> String {
        var table = Table([
            ("LAB", .left), ("KIND", .left), ("MEMORY", .right), ("P50", .right), ("P95", .right), ("CPU P95", .right),
            ("SEEN", .right), ("IMAGE", .left), ("ID", .left), ("HOSTS", .right),
            ("NOTE", .left),
        ])
        let names = LabNames(labs.map(\.portal))
        for lab in labs {
            table.add([
                names.name(lab.name, of: lab.portal), lab.kind.rawValue, SizeText.format(lab.memoryBytes),
                UseText.size(lab.profile.memoryP50Bytes),
                UseText.size(lab.profile.memoryP95Bytes), UseText.cpus(lab.profile.cpuP95), "\(lab.profile.sessions)",
                lab.image, short(lab.imageId),
                "\(lab.hosts.count { $0.presence == .present })/\(lab.hosts.count)", note(lab),
            ])
        }
        return table.text()
    }

    /// The resource use of its sessions, and the hosts with its image.
    static func details(_ lab: LabView, now: Timestamp) -> String {
        UseText.profile(lab) + "\n\n" + images(lab, now: now)
    }

    /// The hosts that have a lab's image, and the progress of pulls.
    static func images(_ lab: LabView, now: Timestamp) -> String {
        var table = Table([("HOST", .left), ("STATE", .left), ("IMAGE", .left), ("BUILT", .right), ("NOTE", .left)])
        for place in lab.hosts {
            let built = place.createdAt.map { SessionTable.ago($0, now: now) } ?? "-"
            table.add([place.host, place.hostState.rawValue, short(place.imageId), built, note(place)])
        }
        return "\(lab.name): \(Table.cleaned(lab.image))\n" + table.text()
    }

    /// Whether pulls are in progress.
    static func isPulling(_ lab: LabView) -> Bool { lab.hosts.contains { $0.pull?.state == .pulling } }

    /// The short form of an identifier, as in Docker.
    static func short(_ id: String?) -> String {
        guard let id else { return "-" }
        return String((id.hasPrefix("sha256:") ? id.dropFirst("sha256:".count) : id[...]).prefix(12))
    }

    static func note(_ place: LabImageView) -> String {
        var parts: [String] = []
        if place.presence == .missing { parts.append("missing") }
        if place.differs { parts.append("another image than most hosts have") }
        switch place.pull?.state {
        case .pulling?: parts.append(place.pull.map { progress($0) } ?? "")
        case .done?: parts.append("pulled")
        case .failed?: parts.append("not pulled: \(place.pull?.message ?? "")")
        case nil: break
        }
        return parts.joined(separator: "; ")
    }

    private static func progress(_ pull: PullView) -> String {
        guard pull.layers > 0 else { return "being pulled" }
        let bytes =
            pull.totalBytes > 0 ? ", \(SizeText.brief(pull.bytes)) of \(SizeText.brief(pull.totalBytes))" : ""
        return "being pulled: \(pull.layersDone) of \(Plural.count(pull.layers, "layer"))\(bytes)"
    }

    private static func note(_ lab: LabView) -> String {
        func names(_ places: [LabImageView]) -> String { places.map(\.host).joined(separator: ", ") }
        let missing = lab.hosts.filter { $0.presence == .missing }
        let differing = lab.hosts.filter(\.differs)
        let pulling = lab.hosts.filter { $0.pull?.state == .pulling }
        var parts: [String] = []
        if lab.hosts.isEmpty { parts.append("no host could serve it") }
        if !missing.isEmpty { parts.append("missing on \(names(missing))") }
        if !differing.isEmpty { parts.append("another image on \(names(differing))") }
        if !pulling.isEmpty { parts.append("being pulled on \(names(pulling))") }
        return parts.joined(separator: "; ")
    }
}
