import Broker
import BrokerCore
import Edge
import Portal

/// What `carrel.yaml` says, checked and complete: every default is filled in and every path is absolute.
///
/// Made by `Configuration.init(contentsOf:)`; nothing here has touched an engine, a certificate or the database yet.
struct Configuration: Hashable, Sendable {
    /// The file as the operator named it, for messages.
    var file: String
    /// The state directory; holds the database, the sockets, the lock and the secrets.
    var stateDirectory: String
    /// Where the edge listens for browsers. Never empty.
    var listen: [ListenAddress]
    var portal: PortalEntry
    /// Labs are reached at `SLUG.LABS_DOMAIN`; outside the portal's own domain.
    var labsDomain: String
    /// The port in the URLs that browsers see.
    var publicPort: Int
    var certificate: CertificatePaths
    /// The line of `tls`, for errors that only show when the certificate is read.
    var certificateLine: Int
    /// The shared root of learners' homes, the same path on every host; `nil`: homes are volumes that stick to a host.
    var homes: String?
    /// How many loops the edge runs on, 1–256.
    var edgeThreads: Int
    /// Whether browsers may speak HTTP/2.
    var edgeHTTP2: Bool
    /// How much the edge bears from its clients.
    var edgeLimits: ClientLimits
    /// The file that gets a line for each exchange of the edge; `nil` for none.
    var accessLog: String?
    /// How long requests and WebSockets of labs go on when another process has taken over.
    var takeoverGrace: Duration
    /// For how long browsers are told to come by https only; 0 tells them nothing.
    var hsts: Duration
    /// The listener without TLS, if there is one.
    var redirect: RedirectEntry?
    /// The share of each host that is never reserved, 0–100 percent.
    var freeFloorPercent: Int
    var density: Density
    /// How often the labs of each host are measured.
    var sampleInterval: Duration
    var hosts: [HostEntry]
    var labs: [LabEntry]
    var pools: [PoolSpec]
    /// What labs with `egress: allow` reach.
    var egress: EgressRanges

    /// An IP address and port to listen on.
    struct ListenAddress: Hashable, Sendable, CustomStringConvertible {
        var address: String
        var port: Int

        var description: String { address.contains(":") ? "[\(address)]:\(port)" : "\(address):\(port)" }
    }

    /// Leads browsers to https, and answers ACME challenges.
    struct RedirectEntry: Hashable, Sendable {
        var listen: [ListenAddress]
        /// The directory in which an ACME client puts its answers.
        var acmeWebroot: String?
        /// The line of the directory, for a problem that shows only when the directory is read.
        var line: Int
    }

    struct PortalEntry: Hashable, Sendable {
        var name: String
        var hostname: String
        /// What learners read.
        var title: String
        /// The origins whose pages may show the portal and its labs in a frame, such as `https://courses.example.org`.
        var embeddedIn: [String]
        /// What all extensions of one run may come to together when an instructor gives one.
        var instructorExtension = PortalConfiguration.instructorExtensionDefault
        var contact: Contact?
    }

    struct CertificatePaths: Hashable, Sendable {
        var certificate: String
        var key: String
    }

    /// A host as the configuration has it: what placement must know, and how its engine is reached.
    struct HostEntry: Hashable, Sendable {
        var spec: HostSpec
        var endpoint: EngineAddress
        /// The host's private address on which labs' ports are published; an IP address.
        var publishAddress: String
        /// The addresses from which the broker reaches labs there, as the host sees them; empty: those of this machine's
        /// routes.
        var brokerAddresses: [AddressRange] = []
        /// The line on which the host begins, for errors that only show when its engine is asked.
        var line: Int
    }

    enum EngineAddress: Hashable, Sendable, CustomStringConvertible {
        case unix(path: String)
        /// Always with mutual TLS: whoever reaches an engine's bare port owns the host.
        case tcp(host: String, port: Int, tls: EngineCertificates)

        var description: String {
            switch self {
            case .unix(let path): "unix://\(path)"
            case .tcp(let host, let port, _): host.contains(":") ? "tcp://[\(host)]:\(port)" : "tcp://\(host):\(port)"
            }
        }
    }

    struct EngineCertificates: Hashable, Sendable {
        /// The authority that issued the engine's certificate.
        var authority: String
        /// What the broker shows to the engine.
        var client: CertificatePaths
    }

    struct LabEntry: Hashable, Sendable {
        var lab: Lab
        var line: Int
    }
}

extension Configuration {
    var databasePath: String { stateDirectory + "/" + StateFileNames.database }
    var controlSocketPath: String { stateDirectory + "/control.sock" }
    var portalSocketPath: String { stateDirectory + "/portal.sock" }
    var secretsDirectory: String { stateDirectory + "/" + StateFileNames.keys }

    /// `:8443`, or nothing for the port that browsers assume.
    var publicPortSuffix: String { publicPort == 443 ? "" : ":\(publicPort)" }
    /// Where learners begin, such as `https://portal.example:8443`.
    var portalOrigin: String { "https://\(portal.hostname)\(publicPortSuffix)" }
}
