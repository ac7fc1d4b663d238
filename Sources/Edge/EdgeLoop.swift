import EventLoop
import Glibc
import HTTPTransport
import HTTPWire
import TLS

/// One loop of the edge: its listeners, its copy of the routes, its upstream pool, its connections, its meter.
///
/// `@unchecked Sendable` because everything that changes is touched on the loop's thread alone; other threads only post.
final class EdgeLoop: @unchecked Sendable {
    let loop: Loop
    /// Absent where the routes are hostnames.
    let portalUpstream: UpstreamAddress?
    let pool: UpstreamPool
    /// Takes in nothing new, and ends each connection at its next pause.
    private(set) var isGoingAway = false

    private let decisions: DecisionList
    private let certificates: CertificateStore
    private let connectionLimit: Int
    private let onActivity: @Sendable ([String: Int64]) -> Void
    private var routes = RouteTable()
    private var meter = ActivityMeter()
    private let rooms: ChannelRooms
    private var buffers: [[UInt8]] = []
    private var listeners: [Listener] = []
    private(set) var connections: [ObjectIdentifier: EdgeConnection] = [:]
    private var sweepTimer: LoopTimer?
    private var graceTimer: LoopTimer?
    private var onEmpty: (() -> Void)?

    init(
        name: String, configuration: EdgeConfiguration, decisions: DecisionList,
        onActivity: @escaping @Sendable ([String: Int64]) -> Void
    ) {
        loop = Loop(name: name)
        portalUpstream = configuration.portalUpstream
        certificates = configuration.certificates
        connectionLimit = configuration.connectionsPerLoop
        self.decisions = decisions
        self.onActivity = onActivity
        pool = UpstreamPool(on: loop)
        rooms = ChannelRooms(on: loop)
    }

    // MARK: Routes

    func apply(_ changes: [RouteChange]) {
        for change in changes {
            // What answers at a lab's address from now on may be another lab.
            if let gone = routes.upstream(leftBy: change) { pool.forget(gone) }
            routes.apply(change)
        }
    }

    func decide(_ head: RequestHead) -> Decision {
        decisions.decide(head, routes: routes) { certificates.covers(hostname: $0) }
    }

    // MARK: Connections

    /// - Throws: what the kernel said about the address.
    func listen(on addresses: [SocketAddress], tls: TLSServerContext) throws(StreamError) -> [SocketAddress] {
        for address in addresses {
            let isTCP = if case .ip = address { true } else { false }
            listeners.append(
                try Listener(on: loop, address: address, reusePort: isTCP) { [self] in accept($0, tls) })
        }
        return listeners.map(\.boundAddress)
    }

    private func accept(_ stream: Stream, _ tls: TLSServerContext) {
        guard connections.count < connectionLimit, let engine = try? TLSConnection(server: tls, rooms: rooms.tls) else {
            return stream.close()
        }
        let channel = ByteChannel(stream: stream, tls: engine, rooms: rooms)
        let client: String =
            if case .ip(let address, _) = channel.peerAddress { address } else { "unknown" }
        let connection = EdgeConnection(home: self, client: client)
        connections[ObjectIdentifier(connection)] = connection
        if sweepTimer == nil { scheduleSweep() }
        connection.start(channel)
    }

    func remove(_ connection: EdgeConnection) {
        connections[ObjectIdentifier(connection)] = nil
        if connections.isEmpty { onEmpty?() }
    }

    /// One timer for all connections: none per request.
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

    /// Where connections to the upstream of a route are kept, or to the portal's.
    func site(of route: RouteTable.Entry?) -> UpstreamSite {
        if let site = route?.site, site.isCurrent { return site }
        guard let address = route?.upstream ?? portalUpstream else { preconditionFailure("there is no portal here") }
        let site = pool.site(for: address)
        route?.site = site
        return site
    }

    /// An empty buffer, with room if one is at hand.
    func takeBuffer() -> [UInt8] { buffers.popLast() ?? [] }

    func giveBack(_ buffer: inout [UInt8]) {
        guard buffer.capacity > 0 else { return }
        var spare: [UInt8] = []
        swap(&spare, &buffer)
        guard buffers.count < EdgeLimits.spareBuffers, spare.capacity <= EdgeLimits.spareBufferBytes else { return }
        spare.removeAll(keepingCapacity: true)
        buffers.append(spare)
    }

    // MARK: Activity

    func note(_ cell: ActivityCell) {
        if meter.isEmpty {
            _ = loop.schedule(after: EdgeLimits.activityReportInterval) { [self] in report() }
        }
        meter.note(cell, at: loop.now)
    }

    private func report() {
        guard !meter.isEmpty else { return }
        var wall = timespec()
        clock_gettime(CLOCK_REALTIME, &wall)
        let milliseconds = Int64(wall.tv_sec) * 1000 + Int64(wall.tv_nsec) / 1_000_000
        onActivity(meter.takeReport(now: loop.now, wallMilliseconds: milliseconds))
    }

    // MARK: The end

    /// Listens no more, lets requests finish for so long, and cuts what is left then.
    ///
    /// - Parameter completion: called once, when the last connection has closed.
    func goAway(grace: Duration, completion: @escaping () -> Void) {
        isGoingAway = true
        for listener in listeners { listener.close() }
        listeners = []
        for connection in connections.values { connection.handle(.goingAway) }
        graceTimer = loop.schedule(after: grace) { [self] in
            for connection in connections.values { connection.handle(.stop) }
        }
        onEmpty = { [self] in
            onEmpty = nil
            graceTimer?.cancel()
            sweepTimer?.cancel()
            pool.close()
            report()
            completion()
        }
        if connections.isEmpty { onEmpty?() }
    }
}
