/// A portal as far as the edge must know it.
public struct EdgePortal: Sendable, Hashable {
    /// Visible ASCII characters, unique among the portals. Requests to the portal's hostname carry it in
    /// `X-Carrel-Portal`.
    public var name: String
    /// In any case, without port; unique among the portals.
    public var hostname: String
    /// The domain under which each of its sessions has one label, in any case. Portals may share one; no portal's
    /// hostname lies under one.
    public var labsDomain: String
    /// The origins whose pages may show its labs in a frame, such as `https://courses.example.org`.
    public var embeddedIn: [String]

    public init(name: String, hostname: String, labsDomain: String, embeddedIn: [String] = []) {
        self.name = name
        self.hostname = hostname
        self.labsDomain = labsDomain
        self.embeddedIn = embeddedIn
    }
}
