import Broker
import BrokerCore
import Edge
import EventLoop
import Foundation
import HTTPTransport
import Launch
import Logging
import Portal
import Store
import Synchronization
import TLS

/// Named limits of the running broker.
enum ServeLimits {
    /// From the signal to stop until what is still under way is cut off. Labs go on either way.
    static let stopGrace = Duration.seconds(10)
    /// How often the certificates' files are looked at.
    static let certificateInterval = Duration.seconds(5)
    /// A certificate that expires sooner is warned of, once at the start and then every day.
    static let expiryWarningDays: Int64 = 14
    static let expiryWarningInterval = Duration.seconds(86_400)
}

/// The whole of a running Carrel: the one place where the rooms are put together.
///
/// Started in the order in which each part needs the ones before, stopped in the reverse order. What listens comes
/// last.
@ControlLoop
final class Service: Daemon {
    var onHandedOver: () -> Void = {}
    private(set) var configuration: Configuration
    private let log: Logger
    /// Held as long as the process runs; nobody else may touch the state directory.
    private let lock: StateDirectoryLock
    private let certificates: CertificateStore
    private let store: Store
    private let edge: Edge
    private let broker: Broker
    private let portal: Portal
    private let accessLog: AccessLog?
    private var certificateTimer: LoopTimer?
    private var expiryTimer: LoopTimer?

    /// Opens everything and listens on nothing.
    /// - Throws: what is wrong with the state directory, the certificates or the database, in words for the operator.
    init(_ configuration: Configuration, log: Logger) throws {
        self.configuration = configuration
        self.log = log
        try Self.makeDirectory(configuration.stateDirectory)
        lock = try StateDirectoryLock(directory: configuration.stateDirectory)
        certificates = try Preflight.certificates(configuration)
        accessLog = try configuration.accessLog.map { try AccessLog(path: $0) }
        let secrets = try LaunchSecrets(directory: configuration.secretsDirectory)
        store = try Store(path: configuration.databasePath)
        // The edge reports to the broker, and the broker gives routes to the edge: one of them must come first.
        let report = ActivityReport()
        edge = Edge(configuration.edge(certificates, accessLog), onActivity: { report.send($0) })
        broker = try Broker(
            configuration: configuration.broker, store: store, edge: edge, tokenKey: secrets.labTokens, log: log,
            clock: { .current() })
        report.connect(broker)
        let numbers = ServiceMetrics(edge: edge, broker: broker, certificates: certificates)
        portal = try Portal(
            configuration.portalPages, broker: broker, secrets: secrets, metrics: { await numbers.text() })
    }

    /// Restores what the database holds, then listens: on the two sockets first, and for browsers last.
    func start(takesOver: Bool) async throws {
        try claimAddresses()
        try await broker.start()
        try portal.start(
            portalSocket: configuration.portalSocketPath, controlSocket: configuration.controlSocketPath)
        try await edge.start()
        log.info(
            "ready",
            metadata: [
                "portal": "\(configuration.portalOrigin)", "labs": "*.\(configuration.labsDomain)",
                "listen": "\(configuration.listen.map(\.description).joined(separator: " "))",
                "hosts": "\(configuration.hosts.count)", "state": "\(configuration.stateDirectory)",
            ])
        // The broker finds out about its hosts by itself; this names the file's lines for the operator, and delays
        // nothing.
        Task { await warn() }
        watchCertificates()
        scheduleExpiryWarning()
    }

    private func claimAddresses() throws {
        do { try ListenerCheck.claim(configuration.listenAddresses + configuration.redirectAddresses) } catch {
            throw CommandFailure("\(configuration.file): \(error.message); end what listens there, or change listen")
        }
    }

    /// Logs what is not as it should be, but keeps nothing from running.
    private func warn() async {
        warnOfExpiry()
        if let problem = Preflight.webroot(configuration) { log.warning("\(problem)") }
        for problem in await Preflight.hosts(configuration) { log.warning("\(problem)") }
    }

    /// Reads the configuration and the certificates again. A mistake is logged, and everything stays as it was.
    func reload() async {
        do {
            let fresh = try Configuration(contentsOf: configuration.file)
            _ = try Preflight.certificates(fresh)
            try certificates.reload()
            try accessLog?.reopen()
            let waiting = configuration.keysThatNeedARestart(comparedTo: fresh)
            if !waiting.isEmpty {
                log.warning("changes of \(waiting.joined(separator: ", ")) wait for the next start of carrel serve")
            }
            configuration.hosts = fresh.hosts
            configuration.labs = fresh.labs
            broker.reconfigure(configuration.broker)
            log.info(
                "reloaded", metadata: ["hosts": "\(fresh.hosts.count)", "labs": "\(fresh.labs.count)"])
            await warn()
        } catch {
            log.error("the configuration was not reloaded, and the old one stays in force:\n\(error)")
        }
    }

    func leave() async { await edge.leave(grace: TakeoverLimits.grace) }

    /// Takes in nothing new, lets what is under way finish for a while, and leaves the labs running.
    func stop() async {
        log.info("stopping; labs go on running", metadata: ["grace": "\(DurationText.format(ServeLimits.stopGrace))"])
        certificateTimer?.cancel()
        expiryTimer?.cancel()
        portal.endStreams()
        await edge.stop(grace: ServeLimits.stopGrace)
        await accessLog?.close()
        portal.close()
        await broker.stop()
        do { try store.close() } catch { log.error("the database was not closed in order: \(error)") }
        log.info("stopped")
    }

    // MARK: Certificates

    /// Looks at the certificates' files from time to time, and takes over what has changed.
    private func watchCertificates() {
        certificateTimer = ControlLoop.loop.schedule(after: ServeLimits.certificateInterval) { [weak self] in
            ControlLoop.assumeIsolated {
                guard let self else { return }
                if self.certificates.takeChange() { self.reloadCertificates() }
                self.watchCertificates()
            }
        }
    }

    /// What does not fit keeps the old ones, and is looked at again when it changes.
    private func reloadCertificates() {
        do {
            _ = try Preflight.certificates(configuration)
            try certificates.reload()
            log.info("certificates reloaded", metadata: ["days": "\(Preflight.daysLeft(of: certificates))"])
        } catch {
            log.error("the certificates have changed and cannot be used, so the old ones stay in force:\n\(error)")
        }
    }

    private func warnOfExpiry() {
        let days = ServeLimits.expiryWarningDays
        guard let problem = Preflight.expiry(of: certificates, configuration, within: days) else { return }
        log.warning("\(problem)")
    }

    private func scheduleExpiryWarning() {
        expiryTimer = ControlLoop.loop.schedule(after: ServeLimits.expiryWarningInterval) { [weak self] in
            ControlLoop.assumeIsolated {
                self?.warnOfExpiry()
                self?.scheduleExpiryWarning()
            }
        }
    }

    private static func makeDirectory(_ path: String) throws {
        do {
            try FileManager.default.createDirectory(
                atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        } catch {
            throw CommandFailure("the state directory \(path) cannot be made: \(error.localizedDescription)")
        }
    }
}

/// Hands the edge's reports to the broker once there is one. Any thread.
private final class ActivityReport: Sendable {
    private let broker = Mutex<Broker?>(nil)

    func connect(_ broker: Broker) { self.broker.withLock { $0 = broker } }
    func send(_ activity: [String: Int64]) { broker.withLock { $0 }?.activity(activity) }
}

extension Configuration {
    fileprivate func edge(_ certificates: CertificateStore, _ accessLog: AccessLog?) -> EdgeConfiguration {
        var edge = EdgeConfiguration(
            listen: listenAddresses, loops: edgeThreads, portalHostname: portal.hostname, labsDomain: labsDomain,
            portalUpstream: .unix(path: portalSocketPath), certificates: certificates)
        edge.limits = edgeLimits
        edge.accessLog = accessLog
        edge.embeddedIn = portal.embeddedIn
        edge.hstsSeconds = hsts.components.seconds
        edge.redirect = redirect.map {
            RedirectConfiguration(listen: redirectAddresses, publicPort: publicPort, acmeWebroot: $0.acmeWebroot)
        }
        return edge
    }

    fileprivate var portalPages: PortalConfiguration {
        var pages = PortalConfiguration(
            name: portal.name, title: portal.title, labsDomain: labsDomain, publicPort: publicPort,
            version: Carrel.version)
        pages.embeddedIn = portal.embeddedIn
        return pages
    }
}
