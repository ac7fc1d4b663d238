import EventLoop
import Glibc
import HTTPTransport
import HTTPWire
import TLS

/// One loop of the edge: its listeners, its copy of the routes, its upstream pool, its connections, its meter.
///
/// `@unchecked Sendable` because all mutable state is touched on the loop's thread alone; other threads only post.
final class EdgeLoop: @unchecked Sendable {
    let loop: Loop
    /// `nil` if the routes are hostnames.
    let portalUpstream: UpstreamAddress?
    let pool: UpstreamPool
    /// Another process accepts now: each connection closes after its next answer.
    var isLeaving = false
    /// It accepts nothing new, and closes each connection when it next becomes idle.
    var isGoingAway = false
    /// A response that begins now is the last on its connection.
    var isEnding: Bool { isLeaving || isGoingAway }
    let limits: ClientLimits
    let hstsSeconds: Int64
    /// The HSTS field, which makes browsers use `https` only, with its line ending; empty for none.
    let hsts: [UInt8]
    /// The edge alone decides how its hostnames are reached, because a lab's fields would outlive the lab.
    let ownsHostnames: Bool
    // Where exclusivity is unchecked, nothing called while a value is changed or read accesses the same value again.
    @exclusivity(unchecked) var metrics = EdgeMetrics()
    @exclusivity(unchecked) private(set) var log: LoopLog?

    private let decisions: DecisionList
    private let certificates: CertificateStore
    private let addresses: AddressCounts
    private let onActivity: @Sendable ([String: Int64]) -> Void
    @exclusivity(unchecked) private var routes = RouteTable()
    private var meter = ActivityMeter()
    private let rooms: ChannelRooms
    let http2Rooms: HTTP2Rooms
    @exclusivity(unchecked) private var buffers: [[UInt8]] = []
    @exclusivity(unchecked) private var exchanges: [EdgeExchange] = []
    var listeners: [(listener: Listener, purpose: Purpose)] = []
    /// Sockets that still listen, and from which this process does not accept now.
    var pausedSockets: [(socket: ListeningSocket, purpose: Purpose)] = []
    private(set) var connections: [ObjectIdentifier: EdgeConnection] = [:]
    private(set) var redirects: [ObjectIdentifier: RedirectConnection] = [:]
    var sweepTimer: LoopTimer?
    var endTimers: [LoopTimer] = []
    /// Called when the last connection has closed.
    var onEmpty: [() -> Void] = []

    init(
        name: String, configuration: EdgeConfiguration, decisions: DecisionList, addresses: AddressCounts,
        onActivity: @escaping @Sendable ([String: Int64]) -> Void
    ) {
        loop = Loop(name: name)
        portalUpstream = configuration.portalUpstream
        certificates = configuration.certificates
        limits = configuration.limits
        hstsSeconds = configuration.hstsSeconds
        hsts = hstsSeconds > 0 ? Array("Strict-Transport-Security: max-age=\(hstsSeconds)\r\n".utf8) : []
        ownsHostnames = configuration.routing != .hostnames || configuration.hstsSeconds > 0
        self.addresses = addresses
        self.decisions = decisions
        self.onActivity = onActivity
        var limits = UpstreamPool.Limits()
        limits.connectionsPerUpstream = EdgeLimits.connectionsPerUpstream
        pool = UpstreamPool(on: loop, limits: limits)
        rooms = ChannelRooms(on: loop)
        http2Rooms = HTTP2Rooms(configuration.limits.http2)
        log = configuration.accessLog.map { LoopLog($0, home: self) }
        routes.apply(.portals(configuration.portals))
    }

    // MARK: Routes

    func apply(_ changes: [RouteChange]) {
        var revoked: Set<String> = []
        var hasNewPortals = false
        for change in changes {
            // A different lab may answer at this lab's address from now on.
            if let gone = routes.upstream(leftBy: change) { pool.forget(gone) }
            routes.apply(change)
            switch change {
            case .revoke(let slug, _): revoked.insert(slug)
            case .portals: hasNewPortals = true
            case .set, .remove, .grant, .setHost, .removeHost: break
            }
        }
        // One walk for all: everybody may be signed out of a portal at once.
        if hasNewPortals || !revoked.isEmpty { endWebSockets(revoked: revoked) }
    }

    /// Ends the WebSockets to labs of portals that are gone, and those to the labs of these slugs whose grants are gone.
    private func endWebSockets(revoked: Set<String>) {
        for connection in connections.values {
            connection.endWebSockets { route, grant in
                guard let portal = route.portal, let slug = route.activity?.slug else { return false }
                guard portal.domain != nil else { return true }
                guard revoked.contains(slug) else { return false }
                let current = Slug(slug).flatMap { routes.entry(for: $0) }
                return current?.grants.contains(grant) != true
            }
        }
    }

    /// - Parameter names: those of the connection's certificate, if the host must be among them.
    func decide(_ head: RequestHead, names: CertificateNames?) -> Decision {
        decisions.decide(head, names: names, routes: routes) { certificates.covers(hostname: $0) }
    }

    /// The names of the certificate that the client of a connection got; `nil` if there is only one certificate.
    func certificateNames(of channel: ByteChannel) -> CertificateNames? { certificates.names(for: channel.serverName) }

    func knownHost(of head: RequestHead) -> String? { decisions.knownHost(of: head, routes: routes) }

    // MARK: Connections

    /// Counts a new connection, or closes it if it exceeds a limit.
    private func admit(_ stream: Stream) -> (client: String, network: ClientNetwork?)? {
        metrics.connections += 1
        guard connections.count + redirects.count < limits.connectionsPerLoop else {
            refuse(stream, .threadLimit)
            return nil
        }
        let client: String =
            if case .ip(let address, _) = stream.peerAddress { address } else { "unknown" }
        let network = ClientNetwork(client)
        if let network, !addresses.admit(network) {
            refuse(stream, .addressLimit)
            return nil
        }
        return (client, network)
    }

    private func refuse(_ stream: Stream, _ reason: EdgeMetrics.Refusal) {
        metrics.count(reason)
        stream.close()
    }

    func accept(_ stream: Stream, withoutTLS redirect: RedirectConfiguration) {
        guard let (_, network) = admit(stream) else { return }
        let connection = RedirectConnection(home: self, network: network, configuration: redirect)
        redirects[ObjectIdentifier(connection)] = connection
        connection.start(ByteChannel(stream: stream, tls: nil))
    }

    func remove(_ connection: RedirectConnection) {
        redirects[ObjectIdentifier(connection)] = nil
        if let network = connection.network { addresses.leave(network) }
        endIfEmpty()
    }

    func accept(_ stream: Stream, _ tls: TLSServerContext) {
        guard let (client, network) = admit(stream) else { return }
        guard let engine = try? TLSConnection(server: tls, rooms: rooms.tls) else {
            if let network { addresses.leave(network) }
            return refuse(stream, .tls)
        }
        let channel = ByteChannel(stream: stream, tls: engine, rooms: rooms, handshakeTimeout: limits.handshake)
        channel.answerToPlaintext = EdgeAnswer.toPlaintext
        serve(channel, client: client, network: network)
    }

    /// Serves a connection that was admitted.
    ///
    /// - Parameter channel: not yet opened.
    func serve(_ channel: ByteChannel, client: String, network: ClientNetwork?) {
        let connection = EdgeConnection(home: self, client: client, network: network)
        connections[ObjectIdentifier(connection)] = connection
        if sweepTimer == nil { scheduleSweep() }
        connection.start(channel)
    }

    func remove(_ connection: EdgeConnection) {
        connections[ObjectIdentifier(connection)] = nil
        if let network = connection.network { addresses.leave(network) }
        endIfEmpty()
    }

    func endIfEmpty() {
        guard connections.isEmpty, redirects.isEmpty else { return }
        let waiting = onEmpty
        onEmpty = []
        for body in waiting { body() }
    }

    /// One timer for all connections, none per request.
    private func scheduleSweep() {
        sweepTimer = loop.schedule(after: EdgeLimits.sweepInterval) { [self] in
            sweepTimer = nil
            sweep(at: loop.now)
            if !connections.isEmpty { scheduleSweep() }
        }
    }

    func sweep(at now: MonotonicTime) {
        for connection in connections.values { connection.sweep(at: now) }
    }

    // MARK: What connections share

    /// The pool's connections for the upstream of a route, or for the portal.
    func site(of route: RouteTable.Entry?) -> UpstreamSite {
        if let site = route?.site, site.isCurrent { return site }
        guard let address = route?.upstream ?? portalUpstream else { preconditionFailure("there is no portal here") }
        let site = pool.site(for: address)
        route?.site = site
        return site
    }

    /// An empty buffer, with capacity if a spare one is available.
    func takeBuffer() -> [UInt8] { buffers.popLast() ?? [] }

    func giveBack(_ buffer: inout [UInt8]) {
        guard buffer.capacity > 0 else { return }
        var spare: [UInt8] = []
        swap(&spare, &buffer)
        guard buffers.count < EdgeLimits.spareBuffers, spare.capacity <= EdgeLimits.spareBufferBytes else { return }
        spare.removeAll(keepingCapacity: true)
        buffers.append(spare)
    }

    func takeExchange() -> EdgeExchange { exchanges.popLast() ?? EdgeExchange(home: self) }

    func giveBack(_ exchange: EdgeExchange) {
        if exchanges.count < EdgeLimits.spareExchanges { exchanges.append(exchange) }
    }

    /// Releases the spare exchanges, which retain this loop.
    func dropSpares() { exchanges = [] }

    // MARK: Activity

    func note(_ cell: ActivityCell) {
        if meter.isEmpty {
            _ = loop.schedule(after: EdgeLimits.activityReportInterval) { [self] in report() }
        }
        meter.note(cell, at: loop.now)
    }

    func report() {
        guard !meter.isEmpty else { return }
        var wall = timespec()
        clock_gettime(CLOCK_REALTIME, &wall)
        let milliseconds = Int64(wall.tv_sec) * 1000 + Int64(wall.tv_nsec) / 1_000_000
        onActivity(meter.takeReport(now: loop.now, wallMilliseconds: milliseconds))
    }

    // MARK: Numbers

    /// The counters, and the current values of the gauges.
    /// - Parameter asked: when the snapshot was requested; the time since then is the loop's lag.
    func snapshot(asked: MonotonicTime) -> EdgeMetrics {
        var snapshot = metrics
        for connection in connections.values {
            guard let channel = connection.channel else { continue }
            snapshot.receivedBytes += UInt64(channel.receivedBytes)
            snapshot.sentBytes += UInt64(channel.sentBytes)
            snapshot.openTunnels += connection.openTunnels
        }
        snapshot.openConnections = connections.count
        snapshot.routes = routes.count
        snapshot.count(.accept, listeners.reduce(0) { $0 + $1.listener.failedAccepts })
        snapshot.lags = [(loop.name, MonotonicTime.current().nanoseconds - asked.nanoseconds)]
        return snapshot
    }
}
