import EventLoop
import HTTPWire
import TLS

/// The connections of one loop to its upstreams: busy ones are counted, idle ones are kept for a while. Confined to its
/// loop. The caller owns each connection it acquires, and must release or close it.
public final class UpstreamPool {
    /// Limits on counts and times; the defaults come from `TransportLimits`.
    public struct Limits: Sendable {
        public var connectTimeout = TransportLimits.connectTimeout
        public var writeStallTimeout = TransportLimits.writeStallTimeout
        public var connectionsPerUpstream = TransportLimits.connectionsPerUpstream
        public var idlePerUpstream = TransportLimits.idleConnectionsPerUpstream
        public var idle = TransportLimits.idleConnections
        public var idleTimeout = TransportLimits.idleConnectionTimeout
        /// Limits for responses.
        public var http = HTTPLimits()

        public init() {}
    }

    /// Connections with the same key are interchangeable: the same address, and the same name verified by TLS.
    struct Key: Hashable {
        let address: UpstreamAddress
        let serverName: String?
    }

    public let loop: Loop
    let limits: Limits
    let tls: TLSClientContext?
    private var sites: [Key: UpstreamSite] = [:]
    // Exclusivity checks are off where no code that runs during an access can access the same property again.
    @exclusivity(unchecked) private var idleCount = 0
    /// The expiry of the certificate of the last upstream connected over TLS, in seconds since 1970.
    public internal(set) var peerCertificateExpiry: Int64?
    private var sweepTimer: LoopTimer?
    private var isClosed = false

    /// - Parameter tls: if given, every TCP upstream is contacted over TLS.
    public init(on loop: Loop, tls: TLSClientContext? = nil, limits: Limits = Limits()) {
        self.loop = loop
        self.tls = tls
        self.limits = limits
    }

    deinit {
        sweepTimer?.cancel()
        // Breaks the reference cycle: each idle connection refers to its site.
        for site in sites.values {
            site.idle = []
            site.pool = nil
        }
    }

    /// The site that counts and keeps the connections to an address. A frequent caller may keep it while it
    /// `isCurrent`.
    public func site(for address: UpstreamAddress, serverName: String? = nil) -> UpstreamSite {
        let key = Key(address: address, serverName: verifiedName(address, serverName))
        if let site = sites[key] { return site }
        let site = UpstreamSite(key, pool: self)
        sites[key] = site
        return site
    }

    /// An idle connection, if there is one. Costs no lookup and no allocation.
    public func reuse(_ site: UpstreamSite) -> HTTPClientConnection? {
        assert(loop.isCurrent)
        while let entry = site.idle.popLast() {
            idleCount -= 1
            entry.connection.isPooled = false
            if entry.connection.isReusable { return entry.connection }
            entry.connection.close()
        }
        return nil
    }

    /// An idle connection, or a new one.
    ///
    /// `completion` is called exactly once: within this call if a connection is available, otherwise later on the loop.
    /// - Parameters:
    ///   - serverName: with TLS, the name that the upstream's certificate must match; the address's host by default.
    ///   - reuse: false requests a new connection, as a retry does.
    public func acquire(
        _ address: UpstreamAddress, serverName: String? = nil, reuse: Bool = true,
        completion: @escaping (Result<HTTPClientConnection, HTTPClientError>) -> Void
    ) {
        acquire(site(for: address, serverName: serverName), reuse: reuse, completion: completion)
    }

    /// As above, for a site that is current.
    public func acquire(
        _ site: UpstreamSite, reuse: Bool = true,
        completion: @escaping (Result<HTTPClientConnection, HTTPClientError>) -> Void
    ) {
        assert(loop.isCurrent)
        if reuse, let connection = self.reuse(site) { return completion(.success(connection)) }
        guard !isClosed, site.open < limits.connectionsPerUpstream else {
            let why =
                isClosed ? "this pool is closed" : "\(site.open) connections are open already; let some of them end"
            let error = HTTPClientError(.connect, "cannot connect to \(site.key.address): \(why)", isRetrySafe: true)
            let later = SameLoop { completion(.failure(error)) }
            return loop.post { later.value() }
        }
        site.open += 1
        UpstreamConnector(site, pool: self, completion: completion).start()
    }

    /// Returns a connection after an exchange. One that cannot be reused is closed.
    public func release(_ connection: HTTPClientConnection) {
        assert(loop.isCurrent)
        connection.delegate = nil
        guard connection.isReusable, !isClosed, connection.site.pool === self, idleCount < limits.idle else {
            return connection.close()
        }
        let site = connection.site
        // Closing removes it from the list.
        if site.idle.count >= limits.idlePerUpstream { site.idle.first?.connection.close() }
        site.idle.append(UpstreamSite.Idle(connection: connection, since: loop.now))
        connection.isPooled = true
        idleCount += 1
        // Its last owner may have paused it; end of file and stray bytes must be detected.
        connection.resumeReading()
        if sweepTimer == nil { scheduleSweep() }
    }

    /// Closes every idle connection and hands out no more. Busy ones continue until they are released.
    public func close() {
        isClosed = true
        sweepTimer?.cancel()
        sweepTimer = nil
        dropIdle { _ in true }
    }

    /// Closes the idle connections to an upstream that is gone.
    public func forget(_ address: UpstreamAddress) {
        if tls == nil {
            if let site = sites[Key(address: address, serverName: nil)] { dropIdle(of: site) { _ in true } }
        } else {
            for site in Array(sites.values) where site.key.address == address { dropIdle(of: site) { _ in true } }
        }
    }

    // MARK: Counting

    /// Connections to this address, including idle ones and attempts.
    func openConnections(to address: UpstreamAddress) -> Int {
        sites.values.reduce(0) { $1.key.address == address ? $0 + $1.open : $0 }
    }

    var idleConnections: Int { idleCount }

    /// Called when a connection of this pool has ended, whoever ended it.
    func didClose(_ connection: HTTPClientConnection) {
        let site = connection.site
        if connection.isPooled, let index = site.idle.firstIndex(where: { $0.connection === connection }) {
            site.idle.remove(at: index)
            connection.isPooled = false
            idleCount -= 1
        }
        didEnd(site)
    }

    /// Called when a connection has ended, or an attempt has failed.
    func didEnd(_ site: UpstreamSite) {
        site.open -= 1
        guard site.open == 0 else { return }
        site.isKnown = false
        site.pool = nil
        sites[site.key] = nil
    }

    private func verifiedName(_ address: UpstreamAddress, _ serverName: String?) -> String? {
        guard tls != nil, case .tcp(let host, _) = address else { return nil }
        return serverName ?? host
    }

    // MARK: Unused connections

    private func dropIdle(of site: UpstreamSite, where isOver: (MonotonicTime) -> Bool) {
        for entry in site.idle where isOver(entry.since) { entry.connection.close() }
    }

    private func dropIdle(where isOver: (MonotonicTime) -> Bool) {
        for site in Array(sites.values) { dropIdle(of: site, where: isOver) }
    }

    /// One timer for all connections, so that no request needs its own.
    private func scheduleSweep() {
        // The timer is cancelled in `deinit`; a weak reference would slow down every retain and release of the pool.
        sweepTimer = loop.schedule(after: limits.idleTimeout / 4) { [unowned(unsafe) self] in
            let now = loop.now
            dropIdle { now - $0 >= limits.idleTimeout }
            sweepTimer = nil
            if idleCount > 0 { scheduleSweep() }
        }
    }
}

/// Counts a pool's connections to one address and keeps the idle ones. Confined to the pool's loop.
public final class UpstreamSite {
    struct Idle {
        let connection: HTTPClientConnection
        let since: MonotonicTime
    }

    let key: UpstreamPool.Key
    /// Newest last: the newest is the least likely to have been closed by its upstream.
    @exclusivity(unchecked) var idle: [Idle] = []
    /// Connections and attempts, including idle connections.
    var open = 0
    /// Whether its pool still lists it: a site is removed with its last connection.
    public var isCurrent: Bool { isKnown }
    @exclusivity(unchecked) var isKnown = true

    /// The pool clears this in its `deinit`; a removed site has no connections any more.
    unowned(unsafe) var pool: UpstreamPool?

    init(_ key: UpstreamPool.Key, pool: UpstreamPool) {
        self.key = key
        self.pool = pool
    }
}
