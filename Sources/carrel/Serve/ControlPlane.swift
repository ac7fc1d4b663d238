import Broker
import Configuration
import Doors
import Edge
import EventLoop
import Foundation
import Logging
import Portal
import Store
import TLS
import Takeover

/// The control plane of a running Carrel, which is everything but the edge: decisions, storage, pages and API. It holds
/// the lock of the state directory for as long as it lives, so that there is never a second one.
///
/// Opened in dependency order, and closed in the reverse order.
@ControlLoop
final class ControlPlane {
    let broker: Broker
    let portal: Portal
    private let lock: StateDirectoryLock
    private let store: Store
    private let log: Logger

    /// Opens everything and listens on nothing.
    /// - Throws: the error in the state directory or the database, in words for the operator.
    /// - Parameters:
    ///   - lock: the lock of the state directory.
    ///   - keeper: carries out commands about portals.
    ///   - reload: reads the configuration again.
    init(
        _ configuration: Configuration, lock: StateDirectoryLock, edge: Edge, certificates: CertificateStore,
        log: Logger, keeper: any PortalKeeper, reload: @escaping @ControlLoop () async -> APIReload
    ) throws {
        self.log = log
        self.lock = lock
        let secrets = try LaunchSecrets(directory: configuration.secretsDirectory)
        store = try Store(path: configuration.databasePath)
        broker = try Broker(
            configuration: configuration.broker, store: store, edge: edge, tokenKey: secrets.labTokens, log: log,
            clock: { .current() })
        let numbers = ServiceMetrics(edge: edge, broker: broker, certificates: certificates)
        portal = try Portal(
            configuration.portalPages, version: Carrel.version, broker: broker, secrets: secrets,
            metrics: { await numbers.text() }, reload: reload, keeper: keeper)
    }

    /// Finishes the requests in progress, and makes no further decisions. Followed by `close()`.
    /// - Returns: the unused one-time codes of learners who are on their way to their labs.
    func finish(edge: Edge) async throws -> [HandedEntryCode] {
        // The edge pools connections to the portal; the next request must go to the new process.
        try await portal.finish(within: TakeoverLimits.socketTimeout) { await edge.forgetPortal() }
        await broker.stop()
        return broker.handedEntryCodes()
    }

    /// Applies the parts of a configuration that can change while everything runs.
    func reconfigure(_ configuration: Configuration) throws {
        try portal.reconfigure(configuration.portalPages)
        broker.reconfigure(configuration.broker)
    }

    func close() async {
        portal.close()
        await broker.stop()
        do { try store.close() } catch { log.error("the database was not closed in order: \(error)") }
    }
}
