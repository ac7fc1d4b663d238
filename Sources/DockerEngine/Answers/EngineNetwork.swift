/// A network as the engine shows it (`NetworkList`).
public struct EngineNetwork: Hashable, Sendable {
    /// Options of the driver `bridge`, as Docker Engine names them.
    enum Option {
        static let bridge = "com.docker.network.bridge.name"
        static let neighbours = "com.docker.network.bridge.enable_icc"
    }

    /// No other engine has a network with this identifier.
    public var id: String
    /// The bridge's interface on the host.
    public var bridge: String
    /// The bridge's addresses, by which containers reach the host.
    public var gateways: [String]
    /// Whether the engine says that it lets containers of this network reach each other.
    public var joinsNeighbours: Bool

    init(_ body: NetworkBody) {
        id = body.Id
        // An engine that was not told a name makes one of the identifier.
        bridge = body.Options?[Option.bridge] ?? "br-\(body.Id.prefix(12))"
        gateways = (body.IPAM?.Config ?? []).compactMap(\.Gateway)
        joinsNeighbours = body.Options?[Option.neighbours] != "false"
    }
}
