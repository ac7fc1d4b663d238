import Edge
import EventLoop
import Foundation
import HTTPTransport
import Logging
import TLS
import Takeover
import Text

/// A running standalone edge: the data plane of `carrel serve`, with its routes from a file.
@ControlLoop
final class EdgeService: Daemon {
    struct Settings: Sendable {
        var listen: [SocketAddress]
        var certificate: CertificateFiles
        var routesPath: String
        var threads: Int
        var admin: SocketAddress?
        var http2 = true
        var limits = ClientLimits()
        var accessLog: String?
        /// The listener without TLS, if any.
        var redirect: RedirectConfiguration?
        var hsts = Duration.zero
        var grace: Duration
        var takeoverGrace: Duration

        /// The socket for takeovers, beside the admin socket.
        var takeoverPath: String? {
            if case .unix(let path)? = admin { "\(path).takeover" } else { nil }
        }
    }

    var onHandedOver: () -> Void = {}

    private let settings: Settings
    private let log: Logger
    private let edge: Edge
    private let book: RouteBook
    private let certificates: CertificateStore
    private let accessLog: AccessLog?
    private let certificateWatch: CertificateWatch
    private var admin: HTTPServer?
    private let tickets = TicketKeys()
    private var giver: TakeoverGiver?
    private var isHandingOver = false
    private var isReady = false

    /// Reads everything and listens on nothing.
    /// - Throws: the error in the certificate or the routes.
    init(_ settings: Settings, log: Logger) throws {
        self.settings = settings
        self.log = log
        let routes = try RoutesFile.read(settings.routesPath)
        certificates = try CertificateStore([settings.certificate])
        certificateWatch = CertificateWatch(certificates, log: log)
        accessLog = try settings.accessLog.map { try AccessLog(path: $0) }
        var configuration = EdgeConfiguration(
            listen: settings.listen, loops: settings.threads, certificates: certificates)
        configuration.accessLog = accessLog
        configuration.http2 = settings.http2
        configuration.limits = settings.limits
        configuration.tickets = tickets
        configuration.hstsSeconds = settings.hsts.components.seconds
        configuration.redirect = settings.redirect
        edge = Edge(configuration, onActivity: { _ in })
        book = RouteBook(edge: edge)
        _ = book.replace(by: routes)
    }

    func start(takesOver: Bool) async throws {
        let path = settings.takeoverPath
        var taker: TakeoverTaker?
        if takesOver, let path {
            taker = try await TakeoverTaker.begin(at: path, role: .edge, version: Carrel.version, log)
        }
        let inherited = taker?.sockets ?? InheritedSockets(InheritedSockets.fromServiceManager())
        if let state = try await taker?.take() { adopt(state) }
        try ListenerCheck.claim(
            (settings.listen + (settings.redirect?.listen ?? [])).filter { !inherited.contains($0) })
        await edge.applied()
        try await taker?.prepared()
        if let address = settings.admin {
            let admin = EdgeAdmin(
                book: book, edge: edge, certificates: certificates, isHandingOver: { [unowned self] in isHandingOver })
            self.admin = try HTTPServer(listen: address, inherited: inherited) { await admin.answer($0) }
        }
        try await edge.start(inherited: inherited)
        if let path {
            giver = try TakeoverGiver(path: path, inherited: inherited, role: .edge, source: self, log: log)
        }
        taker?.finish()
        admin?.adoptFile()
        giver?.adoptFile()
        certificateWatch.warnOfExpiry()
        certificateWatch.start()
        isReady = true
        log.info(
            "ready",
            metadata: [
                "listen": "\(edge.boundAddresses.map(\.description).joined(separator: " "))",
                "routes": "\(book.routes.count)", "threads": "\(settings.threads)",
            ])
    }

    /// Adopts the state that only the predecessor had.
    private func adopt(_ state: TakeoverState) {
        tickets.adopt(Array(state.tickets))
        var set: [String: UpstreamAddress] = [:]
        for (hostname, text) in state.routes {
            guard let text else {
                _ = book.remove(hostname)
                continue
            }
            if let upstream = try? RouteLine.upstream(text) { set[hostname] = upstream }
        }
        book.set(set)
    }

    /// Reads the routes and the certificate again. If there is an error, it is logged and everything stays as it was.
    func reload() {
        if isHandingOver { return log.warning("nothing was reloaded: another process takes over") }
        do {
            let routes = try RoutesFile.read(settings.routesPath)
            try edge.reloadCertificates()
            try accessLog?.reopen()
            let difference = book.replace(by: routes)
            log.info(
                "reloaded",
                metadata: [
                    "routes": "\(routes.count)", "added": "\(difference.added)", "changed": "\(difference.changed)",
                    "removed": "\(difference.removed)",
                ])
        } catch {
            log.error("nothing was reloaded, and the old routes and certificate stay in force:\n\(error)")
        }
    }

    func leave() async {
        log.info("finishing what is open", metadata: ["grace": "\(DurationText.format(settings.takeoverGrace))"])
        await edge.leave(grace: settings.takeoverGrace)
        await admin?.connectionsDidEnd(within: TakeoverLimits.socketTimeout)
    }

    /// Stops accepting, and lets exchanges in progress finish for the grace period.
    func stop() async {
        // If it could not start, only the reason is worth logging.
        if isReady { log.info("stopping", metadata: ["grace": "\(DurationText.format(settings.grace))"]) }
        giver?.close()
        certificateWatch.stop()
        await edge.stop(grace: settings.grace)
        await accessLog?.close()
        admin?.close()
        if isReady { log.info("stopped") }
    }
}

extension EdgeService: TakeoverSource {
    func listeningSockets() async throws -> [ListeningSocket] {
        var sockets = try await edge.listeningSockets()
        if let socket = try admin?.listeningSocket() { sockets.append(socket) }
        return sockets
    }

    func releaseControl() -> TakeoverState {
        isHandingOver = true
        var state = TakeoverState()
        state.tickets = Data(tickets.exported())
        state.routes = book.overrides.mapValues { $0.map { "http://\($0)" } }
        return state
    }

    func resumeControl() { isHandingOver = false }

    func pauseAccepting() async throws {
        try await edge.pauseAccepting()
        try admin?.pauseAccepting()
        admin?.finishConnections()
    }

    func resumeAccepting() async {
        await edge.resumeAccepting()
        do { try admin?.resumeAccepting() } catch { log.error("the admin socket answers no more: \(error)") }
    }

    func didHandOver() {
        certificateWatch.stop()
        onHandedOver()
    }
}

/// The edge's loops share their port with SO_REUSEPORT, and the kernel would let another process of the same user share
/// it too: each would get some of the connections. Binding a listener without that option detects it.
enum ListenerCheck {
    /// - Throws: `StreamError`, if the address is in use or not permitted.
    @ControlLoop static func claim(_ addresses: [SocketAddress]) throws(StreamError) {
        for address in addresses {
            try Listener(on: ControlLoop.loop, address: address) { $0.close() }.close()
        }
    }
}
