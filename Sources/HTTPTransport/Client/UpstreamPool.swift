import EventLoop
import HTTPWire
import TLS

/// The connections of one loop to its upstreams: busy ones are counted, unused ones kept for a while. Confined to its
/// loop; what it hands out belongs to the taker, who releases or closes it.
public final class UpstreamPool {
    /// How many and how long; the defaults are those of `TransportLimits`.
    public struct Limits: Sendable {
        public var connectTimeout = TransportLimits.connectTimeout
        public var writeStallTimeout = TransportLimits.writeStallTimeout
        public var connectionsPerUpstream = TransportLimits.connectionsPerUpstream
        public var idlePerUpstream = TransportLimits.idleConnectionsPerUpstream
        public var idle = TransportLimits.idleConnections
        public var idleTimeout = TransportLimits.idleConnectionTimeout
        /// Of the answers.
        public var http = HTTPLimits()

        public init() {}
    }

    /// What connections can be exchanged for one another: the same address, and the same name verified by TLS.
    struct Key: Hashable {
        let address: UpstreamAddress
        let serverName: String?
    }

    private struct Idle {
        let connection: HTTPClientConnection
        let since: MonotonicTime
    }

    public let loop: Loop
    let limits: Limits
    let tls: TLSClientContext?
    /// Newest last: the newest is the least likely to have been closed by its upstream.
    private var idle: [Key: [Idle]] = [:]
    private var open: [Key: Int] = [:]
    private var idleCount = 0
    private var sweepTimer: LoopTimer?
    private var isClosed = false

    /// - Parameter tls: when given, every TCP upstream is spoken to by TLS.
    public init(on loop: Loop, tls: TLSClientContext? = nil, limits: Limits = Limits()) {
        self.loop = loop
        self.tls = tls
        self.limits = limits
    }

    /// An unused connection, or a new one.
    ///
    /// `completion` is called exactly once: within this call when a connection is at hand, else later on the loop.
    /// - Parameters:
    ///   - serverName: with TLS, the name that the upstream's certificate must bear; the address's host by default.
    ///   - reuse: false asks for a new connection, as a retry does.
    public func acquire(
        _ address: UpstreamAddress, serverName: String? = nil, reuse: Bool = true,
        completion: @escaping (Result<HTTPClientConnection, HTTPClientError>) -> Void
    ) {
        assert(loop.isCurrent)
        let key = Key(address: address, serverName: verifiedName(address, serverName))
        if reuse, let connection = takeIdle(key) { return completion(.success(connection)) }
        let count = open[key, default: 0]
        guard !isClosed, count < limits.connectionsPerUpstream else {
            let why = isClosed ? "this pool is closed" : "\(count) connections are open already; let some of them end"
            let error = HTTPClientError(.connect, "cannot connect to \(address): \(why)", isRetrySafe: true)
            let later = SameLoop { completion(.failure(error)) }
            return loop.post { later.value() }
        }
        open[key] = count + 1
        UpstreamConnector(key, pool: self, completion: completion).start()
    }

    /// Gives a connection back after an exchange. One that cannot be used again is closed.
    public func release(_ connection: HTTPClientConnection) {
        assert(loop.isCurrent)
        connection.delegate = nil
        guard connection.isReusable, !isClosed, connection.pool === self, idleCount < limits.idle else {
            return connection.close()
        }
        let key = connection.key
        // Closing takes it off the list.
        if idle[key, default: []].count >= limits.idlePerUpstream { idle[key]?.first?.connection.close() }
        idle[key, default: []].append(Idle(connection: connection, since: loop.now))
        idleCount += 1
        // It may have been paused by its last owner; an end or stray bytes must be seen.
        connection.resumeReading()
        if sweepTimer == nil { scheduleSweep() }
    }

    /// Closes every unused connection and hands out no more. Busy ones go on until they are released.
    public func close() {
        isClosed = true
        sweepTimer?.cancel()
        sweepTimer = nil
        dropIdle { _ in true }
    }

    /// Closes the unused connections to an upstream that has gone.
    public func forget(_ address: UpstreamAddress) {
        for key in idle.keys where key.address == address {
            for entry in idle[key] ?? [] { entry.connection.close() }
        }
    }

    // MARK: Counting

    /// Connections to this address, unused ones and attempts included.
    func openConnections(to address: UpstreamAddress) -> Int {
        open.reduce(0) { $1.key.address == address ? $0 + $1.value : $0 }
    }

    var idleConnections: Int { idleCount }

    /// A connection of this pool is over, whoever ended it; or an attempt failed.
    func didClose(_ connection: HTTPClientConnection) {
        let key = connection.key
        if let index = idle[key]?.firstIndex(where: { $0.connection === connection }) { removeIdle(key, at: index) }
        didEnd(key)
    }

    func didEnd(_ key: Key) {
        let count = open[key, default: 0] - 1
        open[key] = count > 0 ? count : nil
    }

    private func verifiedName(_ address: UpstreamAddress, _ serverName: String?) -> String? {
        guard tls != nil, case .tcp(let host, _) = address else { return nil }
        return serverName ?? host
    }

    // MARK: Unused connections

    private func takeIdle(_ key: Key) -> HTTPClientConnection? {
        while let entry = idle[key]?.last {
            removeIdle(key, at: idle[key, default: []].count - 1)
            if entry.connection.isReusable { return entry.connection }
            entry.connection.close()
        }
        return nil
    }

    private func removeIdle(_ key: Key, at index: Int) {
        idle[key]?.remove(at: index)
        if idle[key]?.isEmpty == true { idle[key] = nil }
        idleCount -= 1
    }

    private func dropIdle(where isOver: (MonotonicTime) -> Bool) {
        let over = idle.values.joined().filter { isOver($0.since) }
        for entry in over { entry.connection.close() }
    }

    /// One timer for all: no timer per request.
    private func scheduleSweep() {
        sweepTimer = loop.schedule(after: limits.idleTimeout / 4) { [weak self] in
            guard let self else { return }
            let now = loop.now
            dropIdle { now - $0 >= limits.idleTimeout }
            sweepTimer = nil
            if idleCount > 0 { scheduleSweep() }
        }
    }
}

extension HTTPClientConnection {
    fileprivate var key: UpstreamPool.Key { UpstreamPool.Key(address: address, serverName: serverName) }
}
