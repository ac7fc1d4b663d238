import BrokerCore
import DockerEngine
import Identity
import Scheduling
import TLS

/// A host's placement settings, and how to reach its engine and labs.
public struct HostConfiguration: Sendable {
    public var spec: HostSpec
    public var endpoint: EngineEndpoint
    /// The host's private address on which labs' ports are published and at which the edge reaches them.
    public var publishAddress: String
    /// The addresses from which the broker reaches labs' ports, as the host sees them; if empty, the source addresses
    /// of this machine's routes.
    public var brokerAddresses: [AddressRange]

    public init(
        spec: HostSpec, endpoint: EngineEndpoint, publishAddress: String, brokerAddresses: [AddressRange] = []
    ) {
        self.spec = spec
        self.endpoint = endpoint
        self.publishAddress = publishAddress
        self.brokerAddresses = brokerAddresses
    }
}

/// A portal as the broker knows it.
public struct BrokerPortal: Hashable, Sendable {
    public var id: PortalID
    /// The domain under which its labs have their hostnames.
    public var labsDomain: String
    /// The name of its directory in the homes root.
    public var homesDirectory: String
    public var quota: PortalQuota

    /// - Parameter homesDirectory: `nil` for a directory that is named after the portal.
    public init(id: PortalID, labsDomain: String, homesDirectory: String? = nil, quota: PortalQuota = PortalQuota()) {
        self.quota = quota
        self.id = id
        self.labsDomain = labsDomain
        self.homesDirectory = homesDirectory ?? HomeName.encode(id.rawValue)
    }
}

/// The broker's configuration.
public struct BrokerConfiguration: Sendable {
    public var labs: [Lab]
    public var hosts: [HostConfiguration]
    /// The shared homes directory at the same path on every host and here, with one directory per portal; if nil, each
    /// home is a named volume on the host where it was first used.
    public var homesRoot: String?
    public var portals: [BrokerPortal]
    /// The labs domain of sessions of a portal that is no longer configured.
    public var labsDomain: String
    /// The port that browsers use; omitted from URLs when it is 443.
    public var publicPort: Int
    /// The percentage of each host that is never reserved, 0–100.
    public var freeFloorPercent: Int
    public var pools: [PoolSpec]
    public var density: Density
    /// How often the labs of each host are measured; 5 s to 1 h.
    public var sampleInterval: Duration
    /// The time zones in which reservations' wall times are interpreted.
    public var zones = ZoneDatabase.system()
    /// The ranges that labs with `egress: allow` may or may not reach.
    public var egress: EgressRanges

    public init(
        labs: [Lab], hosts: [HostConfiguration], homesRoot: String?, labsDomain: String, publicPort: Int,
        freeFloorPercent: Int = 10, pools: [PoolSpec] = [], density: Density = Density(),
        sampleInterval: Duration = .seconds(30), portals: [BrokerPortal], egress: EgressRanges = EgressRanges()
    ) {
        self.labs = labs
        self.hosts = hosts
        self.homesRoot = homesRoot
        self.labsDomain = labsDomain
        self.publicPort = publicPort
        self.freeFloorPercent = freeFloorPercent
        self.pools = pools
        self.density = density
        self.sampleInterval = sampleInterval
        self.portals = portals
        self.egress = egress
    }

    /// The event that configures the core.
    var event: Event {
        .configure(
            labs: labs, hosts: hosts.map(\.spec), freeFloorPercent: freeFloorPercent, pools: pools, density: density,
            portals: portals.map { PortalSpec(id: $0.id, quota: $0.quota) })
    }

    func portal(_ id: PortalID) -> BrokerPortal? { portals.first { $0.id == id } }

    /// A portal's directory in the shared homes root; `nil` if homes are volumes.
    func homes(of id: PortalID, instance: String) -> SharedHomes? {
        homesRoot.map {
            SharedHomes(
                root: $0, directory: portal(id)?.homesDirectory ?? HomeName.encode(id.rawValue), instance: instance)
        }
    }

    func hostname(of session: Session) -> String {
        "\(session.id).\(portal(session.learner.portal)?.labsDomain ?? labsDomain)"
    }

    func url(of session: Session) -> String {
        "https://\(hostname(of: session))" + (publicPort == 443 ? "" : ":\(publicPort)") + "/"
    }
}
