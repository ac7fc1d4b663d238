import Broker
import BrokerCore
import Edge
import Identity
import Portal

/// The contents of `carrel.yaml`, checked and complete: every default is filled in and every path is absolute.
///
/// Created by `Configuration.init(contentsOf:)`, which does not touch an engine, a certificate or the database.
public struct Configuration: Hashable, Sendable {
    /// The file as the operator named it, for messages.
    public var file: String
    /// The state directory; it contains the database, the sockets, the lock and the secrets.
    public var stateDirectory: String
    /// The addresses on which the edge listens for browsers. Never empty.
    public var listen: [ListenAddress]
    /// In the order of the file. Never empty; each name, hostname and homes directory is of one portal only.
    public var portals: [PortalEntry]
    /// The labs domain of every portal that has none of its own: labs are reached at `SLUG.LABS_DOMAIN`.
    public var labsDomain: String
    /// The port in the URLs that browsers see.
    public var publicPort: Int
    /// The certificate of the edge, for every portal that has none of its own.
    public var certificate: CertificatePaths
    /// The shared root of learners' homes, the same path on every host; `nil`: homes are volumes that are bound to a
    /// host.
    public var homes: String?
    /// The number of the edge's loops, 1–256.
    public var edgeThreads: Int
    /// Whether browsers may use HTTP/2.
    public var edgeHTTP2: Bool
    /// The edge's limits on its clients.
    public var edgeLimits: ClientLimits
    /// The file that gets a line for each exchange of the edge; `nil` for none.
    public var accessLog: String?
    /// How long requests and WebSockets of labs may continue after another process has taken over.
    public var takeoverGrace: Duration
    /// For how long browsers must use https only (HSTS); 0 sends no such field.
    public var hsts: Duration
    /// The listener without TLS, if there is one.
    public var redirect: RedirectEntry?
    /// The share of each host that is never reserved, 0–100 percent.
    public var freeFloorPercent: Int
    public var density: Density
    /// How often the resource use of the labs on each host is sampled.
    public var sampleInterval: Duration
    public var hosts: [HostEntry]
    public var pools: [PoolSpec]
    /// The addresses that labs with `egress: allow` can reach.
    public var egress: EgressRanges

    /// An IP address and port to listen on.
    public struct ListenAddress: Hashable, Sendable, CustomStringConvertible {
        public var address: String
        public var port: Int

        public var description: String { address.contains(":") ? "[\(address)]:\(port)" : "\(address):\(port)" }
    }

    /// Redirects browsers to https, and answers ACME challenges.
    public struct RedirectEntry: Hashable, Sendable {
        public var listen: [ListenAddress]
        /// The directory in which an ACME client puts its challenge files.
        public var acmeWebroot: String?
        /// The line of the directory, for a problem that appears only when the directory is read.
        public var line: Int
    }

    public struct PortalEntry: Hashable, Sendable {
        public var id: PortalID
        public var hostname: String
        /// The title that learners read.
        public var title: String
        /// Its labs are reached at `SLUG.LABS_DOMAIN`, outside every portal's own domain.
        public var labsDomain: String
        /// Its own certificate, for its hostname and labs domain; `nil` for the common one.
        public var certificate: CertificatePaths?
        /// The name of its directory in the homes root; `nil` for the one that is named after the portal.
        public var homesDirectory: String?
        /// How much of the hosts it may use at the same time.
        public var quota = PortalQuota()
        /// Its catalogue: the shared labs that it offers, and its own.
        public var labs: [LabEntry]
        /// The origins whose pages may show the portal and its labs in a frame, such as `https://courses.example.org`.
        public var embeddedIn: [String]
        /// The maximum sum of all extensions of one run when an instructor extends it.
        public var instructorExtension = PortalConfiguration.instructorExtensionDefault
        public var contact: Contact?
        /// The picture beside its title.
        public var logo: Logo?
        /// Of its buttons and links.
        public var colours: BrandColours?
        /// The line on which the portal begins, for errors that appear only when something else is read.
        public var line: Int
        /// Whether a command has added it, so that it is not in the file.
        public var isAdded = false
    }

    public struct CertificatePaths: Hashable, Sendable {
        public var certificate: String
        public var key: String
        /// The line of `tls`, for errors that appear only when the certificate is read. Not compared.
        public var line: Int

        public static func == (one: CertificatePaths, other: CertificatePaths) -> Bool {
            (one.certificate, one.key) == (other.certificate, other.key)
        }

        public func hash(into hasher: inout Hasher) {
            hasher.combine(certificate)
            hasher.combine(key)
        }
    }

    /// A host in the configuration: the facts for placement, and how to reach its engine.
    public struct HostEntry: Hashable, Sendable {
        public var spec: HostSpec
        public var endpoint: EngineAddress
        /// The host's private address on which labs' ports are published; an IP address.
        public var publishAddress: String
        /// The source addresses from which the broker reaches labs there, as the host sees them; empty: those of this
        /// machine's routes.
        public var brokerAddresses: [AddressRange] = []
        /// The line on which the host begins, for errors that appear only when its engine is asked.
        public var line: Int
    }

    public enum EngineAddress: Hashable, Sendable, CustomStringConvertible {
        case unix(path: String)
        /// Always with mutual TLS: anybody who reaches an engine's plain port controls the host.
        case tcp(host: String, port: Int, tls: EngineCertificates)

        public var description: String {
            switch self {
            case .unix(let path): "unix://\(path)"
            case .tcp(let host, let port, _): host.contains(":") ? "tcp://[\(host)]:\(port)" : "tcp://\(host):\(port)"
            }
        }
    }

    public struct EngineCertificates: Hashable, Sendable {
        /// The authority that issued the engine's certificate.
        public var authority: String
        /// The broker's client certificate for the engine.
        public var client: CertificatePaths
    }

    public struct LabEntry: Hashable, Sendable {
        public var lab: Lab
        public var line: Int
    }
}

/// The names of the files in a state directory.
public enum StateFileNames {
    public static let database = "carrel.db"
    public static let keys = "secrets"
    public static let portals = "portals"
}

extension Configuration {
    public var databasePath: String { stateDirectory + "/" + StateFileNames.database }
    public var controlSocketPath: String { stateDirectory + "/control.sock" }
    public var portalSocketPath: String { stateDirectory + "/portal.sock" }
    public var secretsDirectory: String { stateDirectory + "/" + StateFileNames.keys }

    /// `:8443`, or empty for the default port.
    public var publicPortSuffix: String { publicPort == 443 ? "" : ":\(publicPort)" }
    /// The origin of a portal, where learners begin, such as `https://portal.example:8443`.
    public func origin(of portal: PortalEntry) -> String { "https://\(portal.hostname)\(publicPortSuffix)" }
    /// The labs of all portals.
    public var labs: [LabEntry] { portals.flatMap(\.labs) }
    /// Every certificate of the edge; the common one comes first.
    public var certificates: [CertificatePaths] { [certificate] + portals.compactMap(\.certificate) }

    /// A lab's name in messages: with its portal if there are several.
    public func name(of lab: LabKey) -> String { portals.count == 1 ? lab.name : lab.description }
}
