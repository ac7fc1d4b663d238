import Broker
import BrokerCore
import Configuration
import Doors
import Edge
import EventLoop
import Foundation
import HTTPTransport
import Logging
import Portal
import Scheduling
import Store
import Synchronization
import TLS
import Takeover
import Text

/// The named limits of the running broker.
enum ServeLimits {
    /// From the stop signal until open exchanges are cut. Labs keep running either way.
    static let stopGrace = Duration.seconds(10)
    /// How often the certificate files are checked for changes.
    static let certificateInterval = Duration.seconds(5)
    /// After a takeover was abandoned: how often the broker tries to reopen its state.
    static let resumeInterval = Duration.milliseconds(200)
    /// A certificate that expires sooner causes a warning at the start and then every day.
    static let expiryWarningDays: Int64 = 14
    /// How long the preflight check waits for the system's resolver.
    static let nameTimeout = Duration.seconds(5)
    static let expiryWarningInterval = Duration.seconds(86_400)
}

/// A complete running Carrel: the one place where all modules are assembled.
///
/// Started in dependency order, and stopped in the reverse order. Listening comes last.
@ControlLoop
final class Service: Daemon {
    var onHandedOver: () -> Void = {}
    var configuration: Configuration
    let log: Logger
    let certificates: CertificateStore
    let edge: Edge
    private let report: ActivityReport
    let accessLog: AccessLog?
    private let tickets = TicketKeys()
    /// `nil` until it has started, and while another process decides.
    private(set) var control: ControlPlane?
    /// The listening sockets of the state directory, while this process does not accept from them.
    private var pausedSockets: [ListeningSocket] = []
    private var giver: TakeoverGiver?
    /// The predecessor, which reports activity in the labs that are still open there.
    private var predecessor: TakeoverTaker?
    private(set) var isHandingOver = false
    /// The slugs for which the edge has routes, while this process does not decide.
    private var routedSlugs: Set<String> = []
    private var isReady = false
    private var hasStopped = false
    private var certificateWatch: CertificateWatch?

    /// Listens on nothing, and does not touch the state, because another process may be using it.
    /// - Throws: the error in the certificates or the access log, in words for the operator.
    init(_ configuration: Configuration, log: Logger) throws {
        self.configuration = configuration
        self.log = log
        try Self.makeDirectory(configuration.stateDirectory)
        certificates = try Preflight.certificates(configuration)
        accessLog = try configuration.accessLog.map { try AccessLog(path: $0) }
        // The edge reports to the broker, and the broker gives routes to the edge, so one has to be created before the
        // other.
        let report = ActivityReport()
        self.report = report
        var edgeConfiguration = configuration.edge(certificates, accessLog)
        edgeConfiguration.tickets = tickets
        edge = Edge(edgeConfiguration, onActivity: { report.send($0) })
    }

    /// Restores the contents of the database, then listens: on the sockets in the state directory, and for browsers
    /// last. In a takeover, learners' pages wait no longer than that takes, and labs do not wait at all.
    func start(takesOver: Bool) async throws {
        var taker: TakeoverTaker?
        if takesOver {
            taker = try await TakeoverTaker.begin(
                at: configuration.takeoverPath, role: .serve, version: Carrel.version, log)
        }
        let inherited = taker?.sockets ?? InheritedSockets(InheritedSockets.fromServiceManager())
        let state = try await taker?.take()
        if let state { tickets.adopt(Array(state.tickets)) }
        let lock = try StateDirectoryLock(directory: configuration.stateDirectory)
        // This precedes opening the database: while another process hands over to a third, the lock alone is not
        // sufficient.
        try claimAddresses(besides: inherited)
        let control = try ControlPlane(
            configuration, lock: lock, edge: edge, certificates: certificates, log: log, keeper: self,
            reload: { [weak self] in await self?.reloaded() ?? Self.notNow("the broker is stopping") })
        self.control = control
        control.broker.adopt(state?.entryCodes ?? [])
        report.connect { [broker = control.broker] in broker.activity($0) }
        try await control.broker.start()
        await edge.applied()
        try await taker?.prepared()
        try control.portal.start(
            portalSocket: configuration.portalSocketPath, controlSocket: configuration.controlSocketPath,
            inherited: inherited)
        giver = try TakeoverGiver(
            path: configuration.takeoverPath, inherited: inherited, role: .serve, source: self, log: log)
        try await edge.start(inherited: inherited)
        taker?.onActivity = { [broker = control.broker] in broker.activity($0) }
        taker?.finish()
        control.portal.adoptFiles()
        giver?.adoptFile()
        predecessor = taker
        isReady = true
        log.info(
            "ready",
            metadata: [
                "portals": "\(configuration.portals.map { configuration.origin(of: $0) }.joined(separator: " "))",
                "listen": "\(configuration.listen.map(\.description).joined(separator: " "))",
                "hosts": "\(configuration.hosts.count)", "state": "\(configuration.stateDirectory)",
            ])
        certificateWatch = CertificateWatch(certificates, log: log) {
            [weak self] in
            guard let self else { return }
            _ = try Preflight.certificates(self.configuration)
        }
        certificateWatch?.start()
        // The broker detects problems with its hosts itself; this reports the file's lines to the operator, and delays
        // nothing.
        Task { await warn() }
    }

    private func claimAddresses(besides inherited: InheritedSockets) throws {
        let addresses = configuration.listenAddresses + configuration.redirectAddresses
        do { try ListenerCheck.claim(addresses.filter { !inherited.contains($0) }) } catch {
            throw CommandFailure("\(configuration.file): \(error.message); end what listens there, or change listen")
        }
    }

    /// Logs problems that do not prevent it from running.
    func warn() async {
        certificateWatch?.warnOfExpiry()
        if let problem = ZoneDatabase.system().problem { log.warning("\(problem.message)") }
        if let problem = Preflight.webroot(configuration) { log.warning("\(problem)") }
        for found in Preflight.engineCertificates(configuration) { log.warning("\(found.message)") }
        if let problem = await Preflight.homesOwner(configuration) { log.error("\(problem)") }
        let hosts = await Preflight.hosts(configuration)
        for problem in hosts.problems + hosts.advice { log.warning("\(problem)") }
    }

    /// Drains what is open in labs; their pages have moved to the process that has taken over.
    func leave() async {
        log.info("finishing what is open", metadata: ["grace": "\(DurationText.format(configuration.takeoverGrace))"])
        await edge.leave(grace: configuration.takeoverGrace)
    }

    /// Stops accepting, lets exchanges in progress finish for the grace period, and leaves the labs running.
    func stop() async {
        // If it could not start, only the reason is worth logging.
        if isReady {
            log.info(
                "stopping; labs go on running", metadata: ["grace": "\(DurationText.format(ServeLimits.stopGrace))"])
        }
        hasStopped = true
        certificateWatch?.stop()
        control?.portal.endStreams()
        await edge.stop(grace: ServeLimits.stopGrace)
        giver?.close()
        predecessor?.close()
        await accessLog?.close()
        await control?.close()
        if isReady { log.info("stopped") }
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

/// Forwards the edge's reports to the broker once there is one. Any thread.
private final class ActivityReport: Sendable {
    private let receiver = Mutex<(@Sendable ([String: Int64]) -> Void)?>(nil)

    func connect(_ receiver: (@Sendable ([String: Int64]) -> Void)?) { self.receiver.withLock { $0 = receiver } }
    func send(_ activity: [String: Int64]) { receiver.withLock { $0 }?(activity) }
}

extension Service: TakeoverSource {
    func listeningSockets() async throws -> [ListeningSocket] {
        try await edge.listeningSockets() + (control?.portal.listeningSockets() ?? [])
    }

    func releaseControl() async throws -> TakeoverState {
        isHandingOver = true
        var state = TakeoverState()
        state.tickets = Data(tickets.exported())
        guard let control else { return state }
        pausedSockets = try control.portal.listeningSockets()
        let codes: Result<[HandedEntryCode], any Error>
        do { codes = .success(try await control.finish(edge: edge)) } catch { codes = .failure(error) }
        report.connect(nil)
        routedSlugs = control.broker.routedSlugs
        await control.close()
        // This releases the lock of the state directory.
        self.control = nil
        state.entryCodes = try codes.get()
        return state
    }

    /// Decides again, with the recovery of a restarted broker: the process that was to take over may have decided
    /// meanwhile.
    func resumeControl() async {
        var isFirst = true
        while control == nil, !hasStopped {
            do { try await openControl() } catch {
                // The other process may not have exited quite yet.
                if !isFirst { log.error("the broker cannot go on; labs do, and it is tried again: \(error)") }
                isFirst = false
                try? await Task.sleep(for: ServeLimits.resumeInterval)
            }
        }
        isHandingOver = false
    }

    private func openControl() async throws {
        let lock = try StateDirectoryLock(directory: configuration.stateDirectory)
        let control = try ControlPlane(
            configuration, lock: lock, edge: edge, certificates: certificates, log: log, keeper: self,
            reload: { [weak self] in await self?.reloaded() ?? Self.notNow("the broker is stopping") })
        do {
            try await control.broker.start()
            edge.apply(routedSlugs.subtracting(control.broker.routedSlugs).map { .remove(slug: $0) })
            try control.portal.start(
                portalSocket: configuration.portalSocketPath, controlSocket: configuration.controlSocketPath,
                inherited: InheritedSockets(pausedSockets))
        } catch {
            await control.close()
            throw error
        }
        control.portal.adoptFiles()
        report.connect { [broker = control.broker] in broker.activity($0) }
        pausedSockets = []
        self.control = control
    }

    func pauseAccepting() async throws { try await edge.pauseAccepting() }

    func resumeAccepting() async { await edge.resumeAccepting() }

    func didHandOver() {
        pausedSockets = []
        certificateWatch?.stop()
        report.connect { [weak self] activity in
            Task { @ControlLoop in self?.giver?.report(activity) }
        }
        onHandedOver()
    }
}

extension Configuration {
    /// The socket on which a process that takes over finds the running one.
    fileprivate var takeoverPath: String { stateDirectory + "/takeover.sock" }

    fileprivate func edge(_ certificates: CertificateStore, _ accessLog: AccessLog?) -> EdgeConfiguration {
        var edge = EdgeConfiguration(
            listen: listenAddresses, loops: edgeThreads, portals: edgePortals,
            portalUpstream: .unix(path: portalSocketPath), certificates: certificates)
        edge.http2 = edgeHTTP2
        edge.limits = edgeLimits
        edge.accessLog = accessLog
        edge.hstsSeconds = hsts.components.seconds
        edge.redirect = redirect.map {
            RedirectConfiguration(listen: redirectAddresses, publicPort: publicPort, acmeWebroot: $0.acmeWebroot)
        }
        return edge
    }
}
