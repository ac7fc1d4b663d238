import BrokerCore
import DockerEngine
import Scheduling
import TLS

/// A host with what the rim must know of it beyond placement.
public struct HostConfiguration: Sendable {
    public var spec: HostSpec
    public var endpoint: EngineEndpoint
    /// The host's private address on which labs' ports are published, and where the edge reaches them.
    public var publishAddress: String
    /// The addresses from which the broker reaches labs' ports, as the host sees them; empty: those of the routes of
    /// this machine.
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

/// What the broker must know, apart from what the store holds.
public struct BrokerConfiguration: Sendable {
    public var labs: [Lab]
    public var hosts: [HostConfiguration]
    /// The directory that is the same on every host and here, with one directory per portal; nil keeps each home in a
    /// named volume of the host where it was first used.
    public var homesRoot: String?
    /// The portals there are; `nil` stands for all that anybody names.
    public var portals: Set<String>?
    public var labsDomain: String
    /// The port that browsers use; left out of URLs when it is 443.
    public var publicPort: Int
    /// The share of each host that is never reserved, 0–100 percent.
    public var freeFloorPercent: Int
    public var pools: [PoolSpec]
    public var density: Density
    /// How often the labs of each host are measured; 5 s to an hour.
    public var sampleInterval: Duration
    /// What the wall times of reservations mean.
    public var zones = ZoneDatabase.system()
    /// What labs with `egress: allow` may reach.
    public var egress: EgressRanges

    public init(
        labs: [Lab], hosts: [HostConfiguration], homesRoot: String?, labsDomain: String, publicPort: Int,
        freeFloorPercent: Int = 10, pools: [PoolSpec] = [], density: Density = Density(),
        sampleInterval: Duration = .seconds(30), portals: Set<String>? = nil, egress: EgressRanges = EgressRanges()
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

    /// What the core must know of it.
    var event: Event {
        .configure(
            labs: labs, hosts: hosts.map(\.spec), freeFloorPercent: freeFloorPercent, pools: pools, density: density,
            portals: portals)
    }

    func hostname(of session: SessionID) -> String { "\(session).\(labsDomain)" }

    func url(of session: SessionID) -> String {
        "https://\(hostname(of: session))" + (publicPort == 443 ? "" : ":\(publicPort)") + "/"
    }
}
