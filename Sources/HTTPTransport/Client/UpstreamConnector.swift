import EventLoop
import TLS

/// One attempt to reach an upstream: resolve, connect and handshake, within one timeout. Lives until its completion.
final class UpstreamConnector {
    private let site: UpstreamSite
    private var key: UpstreamPool.Key { site.key }
    private let pool: UpstreamPool
    private var completion: ((Result<HTTPClientConnection, HTTPClientError>) -> Void)?
    private var connection: HTTPClientConnection?
    private var timer: LoopTimer?

    init(
        _ site: UpstreamSite, pool: UpstreamPool,
        completion: @escaping (Result<HTTPClientConnection, HTTPClientError>) -> Void
    ) {
        self.site = site
        self.pool = pool
        self.completion = completion
    }

    func start() {
        let limit = pool.limits.connectTimeout
        timer = pool.loop.schedule(after: limit) {
            self.finish(
                .failure(
                    HTTPClientError(
                        .timeout, "cannot connect to \(self.key.address): no answer within \(limit)", isRetrySafe: true)
                ))
        }
        if let known = key.address.socketAddress { return connect(to: [known][...]) }
        guard case .tcp(let host, let port) = key.address else { return }
        Resolver.resolve(host: host, port: port, on: pool.loop, timeout: limit) { result in
            switch result {
            case .success(let addresses): self.connect(to: addresses.prefix(TransportLimits.addressesTried))
            case .failure(let error): self.finish(.failure(HTTPClientError(connectingTo: self.key.address, error)))
            }
        }
    }

    /// Connects to the first address that accepts.
    private func connect(to addresses: ArraySlice<SocketAddress>) {
        guard completion != nil, let address = addresses.first else { return }
        Stream.connect(to: address, on: pool.loop, timeout: pool.limits.connectTimeout) { result in
            switch result {
            case .success(let stream):
                guard self.completion != nil else { return stream.close() }
                self.open(stream)
            case .failure(let error):
                let rest = addresses.dropFirst()
                guard rest.isEmpty else { return self.connect(to: rest) }
                self.finish(.failure(HTTPClientError(connectingTo: self.key.address, error)))
            }
        }
    }

    private func open(_ stream: Stream) {
        var engine: TLSConnection?
        do throws(TLSError) {
            if let tls = pool.tls, let name = key.serverName {
                engine = try TLSConnection(client: tls, serverName: name)
            }
        } catch {
            stream.close()
            return finish(.failure(HTTPClientError(connectingTo: key.address, ChannelError(error))))
        }
        let channel = ByteChannel(stream: stream, tls: engine, handshakeTimeout: pool.limits.connectTimeout)
        let connection = HTTPClientConnection(
            channel: channel, site: site, limits: pool.limits)
        self.connection = connection
        connection.onOpen = { error in
            if channel.isSecure, error == nil { self.pool.peerCertificateExpiry = channel.peerCertificateExpiry }
            self.finish(error.map { .failure($0) } ?? .success(connection))
        }
        channel.open()
    }

    private func finish(_ result: Result<HTTPClientConnection, HTTPClientError>) {
        guard let completion else { return }
        self.completion = nil
        timer?.cancel()
        let connection = connection
        self.connection = nil
        switch result {
        // From here on the connection itself reports its end to the pool.
        case .success(let open): open.isCounted = true
        case .failure:
            pool.didEnd(site)
            connection?.onOpen = nil
            connection?.close()
        }
        completion(result)
    }
}
