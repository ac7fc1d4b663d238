import Broker
import EventLoop
import Foundation
import HTTPTransport
import HTTPWire
import Launch
import Metrics

/// The pages for learners and the JSON API for operators: two servers on Unix sockets in the state directory.
///
/// `portal.sock` is the edge's upstream and trusts what the edge marks in `X-Carrel-Scope`; `control.sock` belongs to
/// whoever may open the file, which is the operator. Both have mode 0600.
@ControlLoop
public final class Portal {
    private let learnerPages: LearnerPages
    private let labPages: LabPages
    private let instructorPages: InstructorPages
    private let controlAPI: ControlAPI
    private let calendarFeed: CalendarFeedPage
    private let streams: EventStreams
    private var servers: [HTTPServer] = []

    /// - Parameters:
    ///   - metrics: the whole process's numbers, as Prometheus reads them.
    ///   - reload: reads the configuration again.
    public init(
        _ configuration: PortalConfiguration, broker: Broker, secrets: LaunchSecrets,
        metrics: @escaping @ControlLoop () async -> MetricsText,
        reload: @escaping @ControlLoop () async -> APIReload
    ) throws {
        let renderer = try PageRenderer(
            portalTitle: configuration.title, labsOrigin: configuration.labsOrigin,
            embeddedIn: configuration.embeddedIn, contact: configuration.contact)
        let responses = PageResponses(renderer: renderer, isEmbedded: !configuration.embeddedIn.isEmpty)
        streams = EventStreams(broker: broker, renderer: renderer, careful: responses.careful)
        learnerPages = LearnerPages(
            configuration: configuration, broker: broker, secrets: secrets, responses: responses, streams: streams)
        labPages = LabPages(configuration: configuration, broker: broker, responses: responses, streams: streams)
        instructorPages = InstructorPages(
            configuration: configuration, broker: broker, secrets: secrets, responses: responses)
        calendarFeed = CalendarFeedPage(configuration: configuration, broker: broker, responses: responses)
        controlAPI = ControlAPI(broker: broker, version: configuration.version, metrics: metrics, reload: reload)
    }

    /// Begins to answer. Throws if a socket is taken or cannot be made.
    /// - Parameter inherited: sockets that listen already; their files stay whose they were until `adoptFiles()`.
    public func start(
        portalSocket: String, controlSocket: String, inherited: InheritedSockets = InheritedSockets()
    ) throws {
        var limits = HTTPServer.Limits()
        limits.connections = PortalLimits.connections
        servers = [
            // What was meant for a lab that is away is not read, however much it is: an upload, a notebook being saved.
            try HTTPServer(
                listen: .unix(path: portalSocket), inherited: inherited, tls: nil, limits: limits,
                ignoresBody: { $0.fields.first("X-Carrel-Scope") == "away" },
                handler: { await self.answer($0) }),
            try HTTPServer(listen: .unix(path: controlSocket), inherited: inherited, tls: nil) {
                await self.controlAPI.answer($0)
            },
        ]
    }

    /// Pages that follow their session at this moment.
    var openStreams: Int { streams.open }

    /// Ends the streams of open pages, which would hold up the end for as long as they are open.
    public func endStreams() { streams.end() }

    // MARK: Handing over

    /// The two sockets, for another process.
    /// - Throws: `StreamError` when there are too many descriptors.
    public func listeningSockets() throws -> [ListeningSocket] {
        try servers.compactMap { server in try server.listeningSocket() }
    }

    /// Removes the files of the sockets at the end, although others have made them.
    public func adoptFiles() {
        for server in servers { server.adoptFile() }
    }

    /// Accepts nothing more, refuses nothing, and answers what it was asked before: whoever comes waits in the sockets.
    /// Open pages come back by themselves.
    /// - Parameters:
    ///   - limit: when what is still not answered then is given up.
    ///   - closeIdle: called until every connection has ended: lets whoever keeps connections for later close them.
    /// - Throws: `StreamError` when there are too many descriptors; it may be paused in part then, and `close()` ends it.
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

    /// Answers nothing from now on, and removes the sockets.
    public func close() {
        for server in servers { server.close() }
        servers = []
    }

    /// A request that the edge passed on.
    func answer(_ request: HTTPRequest) async -> HTTPResponse {
        switch request.fields.first("X-Carrel-Scope") {
        case "lab", "away": await labPages.answer(request)
        default:
            if request.path == [CalendarFeedPage.path] {
                await calendarFeed.answer(request)
            } else if InstructorPages.isMeant(by: request) {
                await instructorPages.answer(request)
            } else {
                await learnerPages.answer(request)
            }
        }
    }
}
