import Broker
import BrokerCore
import Edge
import Portal

/// The contents of `carrel.yaml`, checked and complete: every default is filled in and every path is absolute.
///
/// Created by `Configuration.init(contentsOf:)`, which does not touch an engine, a certificate or the database.
struct Configuration: Hashable, Sendable {
    /// The file as the operator named it, for messages.
    var file: String
    /// The state directory; it contains the database, the sockets, the lock and the secrets.
    var stateDirectory: String
    /// The addresses on which the edge listens for browsers. Never empty.
    var listen: [ListenAddress]
    var portal: PortalEntry
    /// Labs are reached at `SLUG.LABS_DOMAIN`; outside the portal's own domain.
    var labsDomain: String
    /// The port in the URLs that browsers see.
    var publicPort: Int
    var certificate: CertificatePaths
    /// The line of `tls`, for errors that appear only when the certificate is read.
    var certificateLine: Int
    /// The shared root of learners' homes, the same path on every host; `nil`: homes are volumes that are bound to a
    /// host.
    var homes: String?
    /// The number of the edge's loops, 1–256.
    var edgeThreads: Int
    /// Whether browsers may use HTTP/2.
    var edgeHTTP2: Bool
    /// The edge's limits on its clients.
    var edgeLimits: ClientLimits
    /// The file that gets a line for each exchange of the edge; `nil` for none.
    var accessLog: String?
    /// How long requests and WebSockets of labs may continue after another process has taken over.
    var takeoverGrace: Duration
    /// For how long browsers must use https only (HSTS); 0 sends no such field.
    var hsts: Duration
    /// The listener without TLS, if there is one.
    var redirect: RedirectEntry?
    /// The share of each host that is never reserved, 0–100 percent.
    var freeFloorPercent: Int
    var density: Density
    /// How often the resource use of the labs on each host is sampled.
    var sampleInterval: Duration
    var hosts: [HostEntry]
    var labs: [LabEntry]
    var pools: [PoolSpec]
    /// The addresses that labs with `egress: allow` can reach.
    var egress: EgressRanges

    /// An IP address and port to listen on.
    struct ListenAddress: Hashable, Sendable, CustomStringConvertible {
        var address: String
        var port: Int

        var description: String { address.contains(":") ? "[\(address)]:\(port)" : "\(address):\(port)" }
    }

    /// Redirects browsers to https, and answers ACME challenges.
    struct RedirectEntry: Hashable, Sendable {
        var listen: [ListenAddress]
        /// The directory in which an ACME client puts its challenge files.
        var acmeWebroot: String?
        /// The line of the directory, for a problem that appears only when the directory is read.
        var line: Int
    }

    struct PortalEntry: Hashable, Sendable {
        var name: String
        var hostname: String
        /// The title that learners read.
        var title: String
        /// The origins whose pages may show the portal and its labs in a frame, such as `https://courses.example.org`.
        var embeddedIn: [String]
        /// The maximum sum of all extensions of one run when an instructor extends it.
        var instructorExtension = PortalConfiguration.instructorExtensionDefault
        var contact: Contact?
    }

    struct CertificatePaths: Hashable, Sendable {
        var certificate: String
        var key: String
    }

    /// A host in the configuration: the facts for placement, and how to reach its engine.
    struct HostEntry: Hashable, Sendable {
        var spec: HostSpec
        var endpoint: EngineAddress
        /// The host's private address on which labs' ports are published; an IP address.
        var publishAddress: String
        /// The source addresses from which the broker reaches labs there, as the host sees them; empty: those of this
        /// machine's routes.
        var brokerAddresses: [AddressRange] = []
        /// The line on which the host begins, for errors that appear only when its engine is asked.
        var line: Int
    }

    enum EngineAddress: Hashable, Sendable, CustomStringConvertible {
        case unix(path: String)
        /// Always with mutual TLS: anybody who reaches an engine's plain port controls the host.
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
        /// The broker's client certificate for the engine.
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

    /// `:8443`, or empty for the default port.
    var publicPortSuffix: String { publicPort == 443 ? "" : ":\(publicPort)" }
    /// The origin of the portal, where learners begin, such as `https://portal.example:8443`.
    var portalOrigin: String { "https://\(portal.hostname)\(publicPortSuffix)" }
}
