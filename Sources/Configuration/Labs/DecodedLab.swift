import BrokerCore
import Identity
import Text

/// A lab of the file, with its reader for messages about it.
struct DecodedLab {
    private(set) var entry: Configuration.LabEntry
    let reader: MappingReader

    /// The defaults of a kind of lab.
    struct Defaults {
        var memoryBytes: Int64
        var port: Int
        var home: String

        static func of(_ kind: LabKind) -> Defaults {
            switch kind {
            case .jupyter: Defaults(memoryBytes: 1 << 30, port: 8888, home: "/home/learner")
            case .rstudio: Defaults(memoryBytes: 2 << 30, port: 8787, home: "/home/learner")
            case .http: Defaults(memoryBytes: 512 << 20, port: 8080, home: "/home/learner")
            }
        }

        static let cpus = 1.0
        static let processes = 512
        static let idleTimeout = Duration.seconds(1800)
        static let maximumLifetime = Duration.seconds(8 * 3600)
        /// Half of the idle timeout, if that is short.
        static let idleWarning = Duration.seconds(300)
        static let readyTimeout = Duration.seconds(90)
        static let user = NumericUser(user: 1000, group: 1000)
        /// A lab cannot reach any outside address unless its entry allows it.
        static let egress = Egress.none
    }

    /// - Parameter portal: the one whose lab it is; a shared lab is given to portals by `of(_:)`.
    init?(_ reader: MappingReader, portal: PortalID = PortalID(rawValue: "")) {
        self.reader = reader
        reader.allow(
            "name", "title", "kind", "image", "memory", "cpus", "processes", "idle_timeout", "maximum_lifetime",
            "idle_warning", "parks_for", "ready_timeout", "egress", "port", "home", "user", "environment",
            "files", "placement", "shm_size")
        let name = reader.required("name", .name)
        let image = reader.required("image", .imageReference)
        let title = reader.optional("title", .text(maximum: 200))
        let kind = reader.optional("kind", .oneOf) ?? LabKind.jupyter
        let defaults = Defaults.of(kind)
        let memory = reader.optional("memory", .size((16 << 20)...(4 << 40)))
        let sharedMemory = reader.optional("shm_size", .size((1 << 20)...(4 << 40)))
        if let sharedMemory, sharedMemory > memory ?? defaults.memoryBytes {
            reader.problems.add(
                reader.place(of: "shm_size"),
                "\(reader.path).shm_size is \(SizeText.format(sharedMemory)), but must not be more than the lab's memory, "
                    + "\(SizeText.format(memory ?? defaults.memoryBytes)), in which it counts")
        }
        let cpus = reader.optional("cpus", .number(0.01...512))
        let processes = reader.optional("processes", .integer(16...100_000))
        let lifetime =
            reader.optional("maximum_lifetime", .duration(.seconds(1)...(.seconds(365 * 86_400))))
            ?? Defaults.maximumLifetime
        let idle = reader.optional("idle_timeout", .duration(.seconds(1)...(.seconds(365 * 86_400))))
        let warning = Self.warning(reader, idleTimeout: idle ?? min(Defaults.idleTimeout, lifetime))
        let parksFor = reader.optional("parks_for", .duration(.zero...Configuration.FileLimits.parksFor)) ?? .zero
        let ready = reader.optional("ready_timeout", .duration(.seconds(1)...(.seconds(3600))))
        let egress = reader.optional("egress", .oneOf) ?? Defaults.egress
        let port = reader.optional("port", .integer(1...65_535))
        let home = reader.optional("home", .containerPath)
        let user = reader.optional("user", .user) ?? Defaults.user
        let environment = Self.environment(reader)
        let files = reader.optional("files", .oneOf) ?? LabFiles.home
        if parksFor > .zero, files == .none {
            reader.problems.add(
                reader.place(of: "parks_for"),
                "\(reader.path).parks_for is \(DurationText.format(parksFor)), but must be 0s with files: none: what goes "
                    + "with the container cannot be come back to")
        }
        let placement = reader.mapping("placement")
        placement?.allow("requires")
        if let idle, idle > lifetime {
            reader.problems.add(
                reader.place(of: "idle_timeout"),
                "\(reader.path).idle_timeout is \(DurationText.format(idle)), but must not be longer than maximum_lifetime, "
                    + DurationText.format(lifetime))
        }
        guard let name, let image else { return nil }
        entry = Configuration.LabEntry(
            lab: Lab(
                key: LabKey(portal: portal, name: name), title: title ?? name, kind: kind, image: image,
                memoryBytes: memory ?? defaults.memoryBytes,
                cpus: cpus ?? Defaults.cpus, processLimit: processes ?? Defaults.processes,
                idleTimeout: idle ?? min(Defaults.idleTimeout, lifetime), maximumLifetime: lifetime,
                readyTimeout: ready ?? Defaults.readyTimeout, egress: egress, port: port ?? defaults.port,
                homePath: home ?? defaults.home, userID: user.user, groupID: user.group, environment: environment,
                idleWarning: warning, parksFor: parksFor, files: files, requires: placement?.labels("requires") ?? [:],
                sharedMemoryBytes: sharedMemory),
            line: reader.place.line)
    }

    /// The same lab in a portal's catalogue.
    func of(_ portal: PortalID) -> DecodedLab {
        var copy = self
        copy.entry.lab.key.portal = portal
        return copy
    }

    /// Before the warning, a JupyterLab is asked whether a kernel is busy; it must have time to answer.
    private static func warning(_ reader: MappingReader, idleTimeout: Duration) -> Duration {
        let least = Configuration.FileLimits.leastIdleWarning
        guard let warning = reader.optional("idle_warning", .duration(.zero...Configuration.FileLimits.idleWarning))
        else {
            let usual = min(Defaults.idleWarning, idleTimeout / 2)
            return usual < least ? .zero : usual
        }
        if warning > .zero, warning < least || warning > idleTimeout {
            reader.problems.add(
                reader.place(of: "idle_warning"),
                "\(reader.path).idle_warning is \(DurationText.format(warning)), but must be 0s, which is none, or from "
                    + "\(DurationText.format(least)) to the idle_timeout, \(DurationText.format(idleTimeout))")
        }
        return warning
    }

    private static func environment(_ reader: MappingReader) -> [String: String] {
        guard let mapping = reader.mapping("environment") else { return [:] }
        let limit = Configuration.FileLimits.environmentVariables
        if mapping.all.count > limit {
            mapping.problems.add(
                mapping.place, "\(mapping.path) has \(mapping.all.count) variables, but must have at most \(limit)")
        }
        var environment: [String: String] = [:]
        for entry in mapping.all {
            let isWord = entry.key.utf8.allSatisfy { byte in
                byte == UInt8(ascii: "_") || byte < 128 && Character(Unicode.Scalar(byte)).isLetter
                    || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
            }
            guard isWord, entry.key.first?.isNumber == false else {
                mapping.problems.add(
                    entry.place,
                    "\(mapping.path) has the name \"\(entry.key)\", but a name must be letters, digits and _, such as MODE"
                )
                continue
            }
            environment[entry.key] = mapping.optional(entry.key, .text(maximum: 4096))
        }
        return environment
    }
}
