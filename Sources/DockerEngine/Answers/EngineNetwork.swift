/// A network as the engine reports it (`NetworkList`).
public struct EngineNetwork: Hashable, Sendable {
    /// Options of the `bridge` driver, as Docker Engine names them.
    enum Option {
        static let bridge = "com.docker.network.bridge.name"
        static let neighbours = "com.docker.network.bridge.enable_icc"
    }

    /// Unique across engines.
    public var id: String
    /// The bridge's interface on the host.
    public var bridge: String
    /// The bridge's addresses, at which containers reach the host.
    public var gateways: [String]
    /// Whether the engine reports that containers of this network can reach each other.
    public var joinsNeighbours: Bool

    init(_ body: NetworkBody) {
        id = body.Id
        // Without a configured name an engine derives one from the identifier.
        bridge = body.Options?[Option.bridge] ?? "br-\(body.Id.prefix(12))"
        gateways = (body.IPAM?.Config ?? []).compactMap(\.Gateway)
        joinsNeighbours = body.Options?[Option.neighbours] != "false"
    }
}
