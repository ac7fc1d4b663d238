import HelperImage

/// What a helper container of ours is made of: the one static program in `HelperImage`, and the least that its task needs.
///
/// What no helper may have cannot be asked for: another image, a name from a lab's file system, the host's processes,
/// a terminal, new privileges, a root file system that can be written. See the manual's article *Security*.
public struct HelperSpec: Hashable, Sendable {
    /// The path of the program in every helper.
    public static let program = HelperImage.program

    /// The only capabilities that a helper can get (capabilities(7)).
    public enum Capability: String, Hashable, Sendable {
        /// Mounts file systems.
        case systemAdministration = "SYS_ADMIN"
        /// Changes addresses, routes and packet filters of the network that the helper is in.
        case networkAdministration = "NET_ADMIN"
        /// Opens raw sockets.
        case rawNetwork = "NET_RAW"
    }

    public enum Network: Hashable, Sendable {
        /// Loopback alone.
        case none
        /// That of the host itself.
        case host
        /// A network of ours on the host.
        case named(String)
    }

    public enum Mount: Hashable, Sendable {
        /// A named volume. The engine keeps it mounted for as long as a container with this mount runs.
        case volume(name: String, destination: String)
        /// A directory that exists on the host. Mounts on either side made later do not show on the other.
        case directory(source: String, destination: String, isReadOnly: Bool)
        /// A directory that exists on the host and is a shared mount: what is mounted on either side shows on the other.
        case shared(source: String, destination: String)
        /// A directory that exists on the host: what is mounted there later shows here, and not the other way.
        case slot(source: String, destination: String)
    }

    /// The subcommand and its arguments.
    public var command: [String]
    public var labels: [String: String]
    public var capabilities: Set<Capability>
    /// `uid:gid`. Capabilities take effect for user 0 only.
    public var user: String
    public var network: Network
    public var mounts: [Mount]
    /// Lasts as long as anything of ours on the host does: when memory runs out the kernel ends it last.
    public var isEssential: Bool

    public init(
        command: [String], labels: [String: String], capabilities: Set<Capability> = [], user: String = "65534:65534",
        network: Network = .none, mounts: [Mount] = [], isEssential: Bool = false
    ) {
        self.command = command
        self.labels = labels
        self.capabilities = capabilities
        self.user = user
        self.network = network
        self.mounts = mounts
        self.isEssential = isEssential
    }
}
