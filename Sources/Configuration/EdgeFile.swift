import Edge
import EventLoop

/// The file of a standalone edge: the keys that `carrel.yaml` has for its edge, the routes file, and the admin socket.
/// The command line overrides it.
public struct EdgeFile: Equatable {
    public var listen: [SocketAddress]
    public var certificate: Configuration.CertificatePaths?
    public var routes: String?
    public var admin: SocketAddress?
    /// The port in the addresses of redirects.
    public var publicPort: Int?
    public var redirect: Configuration.RedirectEntry?
    /// For how long browsers must use https only (HSTS); 0 leaves it to the upstreams.
    public var hsts = Duration.zero
    public var threads: Int
    public var http2 = true
    public var limits: ClientLimits
    public var accessLog: String?
    public var takeoverGrace: Duration

    /// - Throws: all problems of the file together.
    public init(contentsOf path: String) throws(InvalidConfiguration) {
        let (text, folder) = try Configuration.read(path)
        try self.init(yaml: text, file: path, folder: folder)
    }

    /// - Parameters:
    ///   - file: the file name in problems.
    ///   - folder: the absolute folder against which relative paths are resolved.
    init(yaml: String, file: String, folder: String) throws(InvalidConfiguration) {
        let problems = ProblemCollector(file: file)
        let root = try Configuration.root(of: yaml, problems: problems)
        root.allow("listen", "public_port", "tls", "redirect", "edge", "routes", "admin")
        let decoder = ConfigurationDecoder(root: root, folder: folder, file: file)
        let addresses = root.node("listen") == nil ? nil : decoder.listenAddresses(of: root)
        listen = (addresses ?? []).map { .ip(address: $0.address, port: $0.port) }
        publicPort = root.optional("public_port", .integer(1...65_535))
        if root.node("tls") != nil {
            certificate = decoder.certificatePaths()
            hsts = decoder.hsts() ?? .zero
        }
        redirect = decoder.redirectEntry(besides: addresses)
        routes = root.optional("routes", .path(from: folder))
        admin = root.optional("admin", .path(from: folder)).map { .unix(path: $0) }
        let edge = DecodedEdge(root.mapping("edge"), folder: folder)
        threads = edge.threads
        http2 = edge.http2
        limits = edge.limits
        accessLog = edge.accessLog
        takeoverGrace = edge.takeoverGrace
        try problems.finish()
    }

    /// Without a file: only the defaults.
    public init() {
        let edge = DecodedEdge(nil, folder: "/")
        listen = []
        threads = edge.threads
        limits = edge.limits
        takeoverGrace = edge.takeoverGrace
    }
}
