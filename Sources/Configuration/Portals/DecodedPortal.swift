import BrokerCore
import Identity
import Portal

/// A portal of the file, with its reader for messages about it.
struct DecodedPortal {
    private(set) var entry: Configuration.PortalEntry
    let reader: MappingReader
    /// Its own labs, for messages about them; `entry` has the shared ones as well.
    let labs: [DecodedLab]

    /// The portals of `portals`, or the one of `portal`, which is the short form for a single one; `nil` if the file has
    /// neither, or both. Those that commands have added follow.
    ///
    /// - Parameters:
    ///   - added: the files of those that commands have added.
    ///   - labsDomain: of portals that have none of their own.
    ///   - shared: the labs that portals may offer by name.
    static func all(
        _ root: MappingReader, added: [MappingReader], folder: String, labsDomain: String?,
        sharing shared: [DecodedLab]?
    ) -> [DecodedPortal]? {
        let readers: [MappingReader]?
        if root.node("portals") == nil {
            let reader = root.mapping("portal")
            if reader == nil, added.isEmpty {
                root.missing("portal", "a mapping with name, hostname and title, or portals, a list of such mappings")
                return nil
            }
            readers = reader.map { [$0] } ?? []
        } else if root.node("portal") == nil {
            readers = root.mappings("portals", of: "portals", maximum: Configuration.FileLimits.portals)
        } else {
            root.problems.add(
                root.place(of: "portal"), "the file has portal and portals; move the portal into the list portals")
            return nil
        }
        var portals = readers?.compactMap { DecodedPortal($0, folder: folder, labsDomain: labsDomain, sharing: shared) }
        for reader in added {
            guard var portal = DecodedPortal(reader, folder: folder, labsDomain: labsDomain, sharing: shared) else {
                continue
            }
            portal.entry.isAdded = true
            portals?.append(portal)
        }
        if root.node("labs") == nil, root.node("portals") != nil {
            for portal in portals ?? [] where portal.reader.node("labs") == nil {
                portal.reader.missing("labs", "a list of labs of its own, because the file has no shared ones")
            }
        }
        return portals?.isEmpty == true ? nil : portals
    }

    private init?(_ reader: MappingReader, folder: String, labsDomain: String?, sharing shared: [DecodedLab]?) {
        self.reader = reader
        reader.allow(
            "name", "hostname", "title", "embedded_in", "instructor_extension", "contact", "labs_domain", "tls",
            "homes", "quota", "labs", "logo", "colours")
        let id = reader.required("name", .portal)
        let hostname = reader.required("hostname", .hostname(example: "portal.example.org"))
        let title = reader.optional("title", .text(maximum: 200))
        let more = reader.optional("instructor_extension", .duration(.zero...Limits.extensionMaximum))
        let contact = reader.optional("contact", .contact)
        let ownDomain = reader.optional("labs_domain", .hostname(example: "labs.example.net"))
        let certificate = reader.mapping("tls").flatMap { tls in
            tls.allow("certificate", "key")
            return Configuration.CertificatePaths(tls, folder: folder)
        }
        let homes = reader.optional("homes", .directoryName)
        let origins = Self.origins(of: reader)
        let quota = Self.quota(of: reader)
        let (logo, colours) = (Self.logo(of: reader, folder: folder), Self.colours(of: reader))
        guard let id, let hostname else { return nil }
        let catalogue = Self.catalogue(of: reader, id, sharing: shared ?? [])
        labs = catalogue.filter(\.isOwn).map(\.lab)
        entry = Configuration.PortalEntry(
            id: id, hostname: hostname, title: title ?? id.rawValue, labsDomain: ownDomain ?? labsDomain ?? "",
            certificate: certificate, homesDirectory: homes, quota: quota, labs: catalogue.map(\.lab.entry),
            embeddedIn: origins,
            instructorExtension: more ?? PortalConfiguration.instructorExtensionDefault, contact: contact,
            logo: logo, colours: colours, line: reader.place.line)
    }

    private static func origins(of reader: MappingReader) -> [String] {
        let list = reader.list(
            "embedded_in", of: "origins such as \"https://courses.example.org\"",
            maximum: Configuration.FileLimits.embeddingOrigins)
        return (list ?? []).compactMap { reader.read($0.node, at: $0.place, name: $0.path, .origin) }
    }

    private static func quota(of reader: MappingReader) -> PortalQuota {
        guard let quota = reader.mapping("quota") else { return PortalQuota() }
        quota.allow("sessions", "seats", "memory")
        return PortalQuota(
            sessions: quota.optional("sessions", .integer(1...1_000_000)),
            seats: quota.optional("seats", .integer(1...1_000_000)),
            memoryBytes: quota.optional("memory", .size((16 << 20)...(1 << 50))))
    }

    /// Without `labs`, all shared labs. An element of `labs` is the name of a shared lab, or a lab of the portal's own.
    private static func catalogue(
        of reader: MappingReader, _ portal: PortalID, sharing shared: [DecodedLab]
    ) -> [(lab: DecodedLab, isOwn: Bool)] {
        guard reader.node("labs") != nil else { return shared.map { ($0.of(portal), false) } }
        let what = "names of shared labs, or labs of its own"
        let list = reader.list("labs", of: what, maximum: Configuration.FileLimits.labs) ?? []
        var catalogue: [(lab: DecodedLab, isOwn: Bool)] = []
        for element in list {
            if element.node.mapping != nil {
                guard let lab = DecodedLab(reader.mapping(at: element), portal: portal) else { continue }
                catalogue.append((lab, true))
            } else if let name = reader.read(element.node, at: element.place, name: element.path, .name) {
                guard let lab = shared.first(where: { $0.entry.lab.name == name }) else {
                    let known = shared.map(\.entry.lab.name)
                    let remedy =
                        Spelling.nearest(to: name, among: known).map { "did you mean \"\($0)\"?" }
                        ?? "the shared labs are \(known.isEmpty ? "none" : known.joined(separator: ", "))"
                    reader.problems.add(
                        element.place,
                        "\(element.path) is \"\(name)\", but there is no shared lab of this name; \(remedy)")
                    continue
                }
                catalogue.append((lab.of(portal), false))
            }
            if let last = catalogue.last?.lab.entry.lab.name,
                catalogue.dropLast().contains(where: { $0.lab.entry.lab.name == last })
            {
                reader.problems.add(
                    element.place,
                    "\(element.path) is the lab \"\(last)\" once more; each lab of a portal must have a name of "
                        + "its own")
            }
        }
        return catalogue
    }
}
