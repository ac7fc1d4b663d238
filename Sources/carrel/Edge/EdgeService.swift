import Edge
import EventLoop
import HTTPTransport
import Logging
import TLS

/// A running edge that stands alone: the data plane that `carrel serve` has inside, with its routes from a file.
@ControlLoop
final class EdgeService {
    struct Settings: Sendable {
        var listen: [SocketAddress]
        var certificate: CertificateFiles
        var routesPath: String
        var threads: Int
        var admin: SocketAddress?
        var limits = ClientLimits()
        var accessLog: String?
        var grace: Duration
    }

    private let settings: Settings
    private let log: Logger
    private let edge: Edge
    private let book: RouteBook
    private let certificates: CertificateStore
    private let accessLog: AccessLog?
    private var certificateTimer: LoopTimer?
    private var admin: HTTPServer?

    /// Reads everything and listens on nothing.
    /// - Throws: what is wrong with the certificate or the routes.
    init(_ settings: Settings, log: Logger) throws {
        self.settings = settings
        self.log = log
        let routes = try RoutesFile.read(settings.routesPath)
        certificates = try CertificateStore([settings.certificate])
        accessLog = try settings.accessLog.map { try AccessLog(path: $0) }
        var configuration = EdgeConfiguration(
            listen: settings.listen, loops: settings.threads, certificates: certificates)
        configuration.accessLog = accessLog
        configuration.limits = settings.limits
        edge = Edge(configuration, onActivity: { _ in })
        book = RouteBook(edge: edge)
        _ = book.replace(by: routes)
    }

    func start() async throws {
        try ListenerCheck.claim(settings.listen)
        await edge.applied()
        if let address = settings.admin {
            let admin = EdgeAdmin(book: book, edge: edge, certificates: certificates)
            self.admin = try HTTPServer(listen: address) { await admin.answer($0) }
        }
        try await edge.start()
        watchCertificates()
        log.info(
            "ready",
            metadata: [
                "listen": "\(edge.boundAddresses.map(\.description).joined(separator: " "))",
                "routes": "\(book.routes.count)", "threads": "\(settings.threads)",
            ])
    }

    /// Takes a new certificate over when the files change; one that does not fit keeps the old.
    private func watchCertificates() {
        certificateTimer = ControlLoop.loop.schedule(after: ServeLimits.certificateInterval) { [weak self] in
            ControlLoop.assumeIsolated {
                guard let self else { return }
                if self.certificates.takeChange() {
                    do {
                        try self.certificates.reload()
                        self.log.info("certificate reloaded")
                    } catch {
                        self.log.error("the certificate has changed and cannot be used; the old one stays: \(error)")
                    }
                }
                self.watchCertificates()
            }
        }
    }

    /// Reads the routes and the certificate again. A mistake is logged, and everything stays as it was.
    func reload() {
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

    /// Takes in nothing new, and lets what is under way finish for a while.
    func stop() async {
        log.info("stopping", metadata: ["grace": "\(DurationText.format(settings.grace))"])
        certificateTimer?.cancel()
        await edge.stop(grace: settings.grace)
        await accessLog?.close()
        admin?.close()
        log.info("stopped")
    }
}

/// The edge's loops share their port, and the kernel would let another process of the same user share it too: each would
/// get some of the connections. A listener that shares with nobody finds out.
enum ListenerCheck {
    /// - Throws: `StreamError`, when somebody listens there already or nobody may.
    @ControlLoop static func claim(_ addresses: [SocketAddress]) throws(StreamError) {
        for address in addresses {
            try Listener(on: ControlLoop.loop, address: address) { $0.close() }.close()
        }
    }
}
