import HelperImage

/// The specification of a helper container of ours: the one static program in `HelperImage`, with the least privilege
/// that its task needs.
///
/// Options that no helper may have cannot be requested: another image, a name from a lab's file system, the host's
/// processes, a terminal, new privileges, a writable root file system. See the manual's article *Security*.
public struct HelperSpec: Hashable, Sendable {
    /// The path of the program in every helper.
    public static let program = HelperImage.program

    /// The only capabilities that a helper can get (capabilities(7)).
    public enum Capability: String, Hashable, Sendable {
        /// Mounts file systems.
        case systemAdministration = "SYS_ADMIN"
        /// Changes addresses, routes and packet filters of the helper's network.
        case networkAdministration = "NET_ADMIN"
        /// Opens raw sockets.
        case rawNetwork = "NET_RAW"
    }

    public enum Network: Hashable, Sendable {
        /// Loopback only.
        case none
        /// The host's own network.
        case host
        /// A network of ours on the host.
        case named(String)
    }

    public enum Mount: Hashable, Sendable {
        /// A named volume. The engine keeps it mounted for as long as a container with this mount runs.
        case volume(name: String, destination: String)
        /// A directory that exists on the host. Mounts made later on either side do not appear on the other.
        case directory(source: String, destination: String, isReadOnly: Bool)
        /// A directory that exists on the host and is a shared mount: mounts made on either side appear on the other.
        case shared(source: String, destination: String)
        /// A directory that exists on the host: mounts made there later appear here, but not the other way round.
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
    /// Everything of ours on the host depends on it: when memory runs out, the kernel kills it last.
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
