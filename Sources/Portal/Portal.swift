import Broker
import Doors
import EventLoop
import Foundation
import HTTPTransport
import HTTPWire
import Metrics

/// The pages of all portals and the JSON API for operators: two servers on Unix sockets in the state directory.
///
/// `portal.sock` is the edge's upstream and trusts the edge's `X-Carrel-Scope` and `X-Carrel-Portal`; `control.sock` is
/// for whoever may open the file, which is the operator. Both have mode 0600.
@ControlLoop
public final class Portal {
    private let broker: Broker
    private let secrets: LaunchSecrets
    private let controlAPI: ControlAPI
    private let streams: EventStreams
    private var sites: PortalSites
    private var servers: [HTTPServer] = []

    /// - Parameters:
    ///   - portals: at least one.
    ///   - version: the program's, for `GET /v1/status`.
    ///   - metrics: the metrics of the whole process, in the Prometheus text format.
    ///   - reload: reads the configuration again.
    ///   - keeper: carries out commands about portals; not retained.
    public init(
        _ portals: [PortalConfiguration], version: String, broker: Broker, secrets: LaunchSecrets,
        metrics: @escaping @ControlLoop () async -> MetricsText,
        reload: @escaping @ControlLoop () async -> APIReload, keeper: (any PortalKeeper)? = nil
    ) throws {
        self.broker = broker
        self.secrets = secrets
        streams = EventStreams(broker: broker)
        sites = try PortalSites(portals, broker: broker, secrets: secrets, streams: streams)
        controlAPI = ControlAPI(broker: broker, version: version, metrics: metrics, reload: reload, keeper: keeper)
    }

    /// Replaces the portals: pages that are open follow their sessions as before, and every later answer is made by the
    /// new configuration.
    public func reconfigure(_ portals: [PortalConfiguration]) throws {
        sites = try PortalSites(portals, broker: broker, secrets: secrets, streams: streams)
    }

    /// Starts serving. Throws if a socket is in use or cannot be created.
    /// - Parameter inherited: sockets that already listen; their files keep their previous owner until `adoptFiles()`.
    public func start(
        portalSocket: String, controlSocket: String, inherited: InheritedSockets = InheritedSockets()
    ) throws {
        var limits = HTTPServer.Limits()
        limits.connections = PortalLimits.connections
        servers = [
            // The body of a request for a lab that is away is discarded, however large: an upload, a notebook being
            // saved.
            try HTTPServer(
                listen: .unix(path: portalSocket), inherited: inherited, tls: nil, limits: limits,
                ignoresBody: { $0.fields.first("X-Carrel-Scope") == "away" },
                handler: { await self.answer($0) }),
            try HTTPServer(listen: .unix(path: controlSocket), inherited: inherited, tls: nil) {
                await self.controlAPI.answer($0)
            },
        ]
    }

    /// The number of pages that follow their session now.
    var openStreams: Int { streams.open }

    /// Ends the streams of open pages, which would delay the shutdown for as long as the pages are open.
    public func endStreams() { streams.end() }

    // MARK: Handing over

    /// The two sockets, to hand over to another process.
    /// - Throws: `StreamError` when there are too many descriptors.
    public func listeningSockets() throws -> [ListeningSocket] {
        try servers.compactMap { server in try server.listeningSocket() }
    }

    /// Makes this process remove the socket files when it stops, although another process created them.
    public func adoptFiles() {
        for server in servers { server.adoptFile() }
    }

    /// Drains the servers: stops accepting without refusing, so that new connections queue in the sockets' backlogs,
    /// and finishes the requests in progress. Open pages reconnect automatically.
    /// - Parameters:
    ///   - limit: how long to wait before unfinished requests are dropped.
    ///   - closeIdle: called until every connection has closed: makes clients that pool connections close their idle
    ///     ones.
    /// - Throws: `StreamError` when there are too many descriptors; some sockets may be paused then, and `close()` ends
    ///   it.
    public func finish(within limit: Duration, closeIdle: () async -> Void) async throws {
        for server in servers { try server.pauseAccepting() }
        endStreams()
        for server in servers { server.finishConnections() }
        let deadline = ControlLoop.loop.now + limit
        while servers.contains(where: { $0.connectionCount > 0 }), ControlLoop.loop.now < deadline {
            await closeIdle()
            for server in servers { await server.connectionsDidEnd(within: PortalLimits.finishInterval) }
        }
    }

    /// Stops serving, and removes the sockets.
    public func close() {
        for server in servers { server.close() }
        servers = []
    }

    /// Answers a request that the edge forwarded, in the language of its browser.
    func answer(_ request: HTTPRequest) async -> HTTPResponse { await sites.answer(request) }
}
