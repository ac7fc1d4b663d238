import EventLoop
import HTTPTransport
import HTTPWire

/// One client's connection, from its TLS handshake to its end, and the exchanges that are under way on it. Confined to its
/// loop; the channel and then the server connection hold it until the client has gone.
final class EdgeConnection {
    let home: EdgeLoop
    /// As what its connection is counted; given back when it is closed.
    let network: ClientNetwork?
    // Where exclusivity is unchecked, nothing that is called during a change or a look comes back to the same place.
    @exclusivity(unchecked) private(set) var channel: ByteChannel?
    private let client: String
    @exclusivity(unchecked) private var wire = Wire.handshake
    /// Each knows its place.
    @exclusivity(unchecked) private var exchanges: [EdgeExchange] = []

    /// What the handshake agreed on (RFC 7301).
    private enum Wire {
        case handshake
        /// One exchange for one request after another.
        case http1(HTTPServerConnection, EdgeExchange)
        /// An exchange for each stream.
        case http2(HTTP2ServerConnection)
    }

    /// - Parameter client: the client's address, without port.
    init(home: EdgeLoop, client: String, network: ClientNetwork?) {
        self.home = home
        self.client = client
        self.network = network
    }

    var openTunnels: Int { exchanges.count { $0.isTunnel } }

    func start(_ channel: ByteChannel) {
        self.channel = channel
        channel.delegate = self
        channel.open()
    }

    /// The edge takes in nothing new; what is under way may finish.
    func goAway() {
        switch wire {
        case .handshake: channel?.close()
        case .http1(_, let exchange): exchange.handle(.goingAway)
        case .http2(let server):
            server.goAway()
            for exchange in exchanges where exchange.isTunnel { exchange.handle(.goingAway) }
        }
    }

    /// Another process accepts: where clients can be told so beforehand, they are.
    func leave() {
        if case .http2(let server) = wire { server.goAway() }
    }

    /// Another process accepts, and there was time for a request that was on its way.
    func endIfIdle() {
        if case .http1(let server, let exchange) = wire, exchange.isIdle, server.isIdle { goAway() }
    }

    /// Another process accepts, and the grace is over: a WebSocket is told, and has the time that a connection lingers
    /// for to hear it.
    func endLeaving() {
        guard openTunnels > 0 else { return stop() }
        for exchange in exchanges { exchange.handle(exchange.isTunnel ? .goingAway : .stop) }
    }

    /// The grace is over.
    func stop() {
        switch wire {
        case .handshake: channel?.close()
        case .http1(_, let exchange): exchange.handle(.stop)
        case .http2(let server):
            for exchange in exchanges { exchange.handle(.stop) }
            server.close()
        }
    }

    /// Looks whether a limit has passed. Called by the loop from time to time.
    func sweep(at now: MonotonicTime) {
        for exchange in exchanges { exchange.sweep(at: now) }
    }

    // MARK: Exchanges

    private func add(_ stream: any ServerStream) -> EdgeExchange {
        let exchange = home.takeExchange()
        exchange.begin(stream, of: self, client: client, place: exchanges.count)
        exchanges.append(exchange)
        return exchange
    }

    /// The exchange's stream is over.
    func remove(_ exchange: EdgeExchange) {
        let last = exchanges.removeLast()
        if last !== exchange {
            exchanges[exchange.place] = last
            last.place = exchange.place
        }
        home.giveBack(exchange)
    }

    private func didClose(_ channel: ByteChannel) {
        home.metrics.receivedBytes += UInt64(channel.receivedBytes)
        home.metrics.sentBytes += UInt64(channel.sentBytes)
        self.channel = nil
        wire = .handshake
        home.remove(self)
    }
}

// MARK: - The handshake

extension EdgeConnection: ByteChannelDelegate {
    func channelDidOpen(_ channel: ByteChannel) {
        home.metrics.count(channel.isResumed ? EdgeMetrics.Handshake.resumed : .full)
        if channel.negotiatedALPN == "h2" {
            let server = HTTP2ServerConnection(
                channel: channel, rooms: home.http2Rooms, limits: home.limits.http, timeouts: home.limits.timeouts,
                delegate: self)
            wire = .http2(server)
            server.start()
        } else {
            let server = HTTPServerConnection(
                channel: channel, limits: home.limits.http, timeouts: home.limits.timeouts, delegate: self)
            wire = .http1(server, add(server))
            server.start()
        }
        if home.isGoingAway { goAway() } else if home.isLeaving { leave() }
    }

    func channel(_ channel: ByteChannel, didRead bytes: UnsafeRawBufferPointer) {}
    func channelDidEnd(_ channel: ByteChannel) {}
    func channelDidDrain(_ channel: ByteChannel) {}

    func channelDidClose(_ channel: ByteChannel, error: ChannelError?) {
        home.metrics.count(EdgeMetrics.Handshake.failed)
        switch error?.code {
        case .handshakeTimeout: home.metrics.count(.handshakeTimeout)
        case .plaintext: home.metrics.count(.plaintext)
        default: home.metrics.count(.handshake)
        }
        didClose(channel)
    }
}

// MARK: - HTTP/1.1

extension EdgeConnection: HTTPServerConnectionDelegate {
    private var exchange: EdgeExchange? { if case .http1(_, let exchange) = wire { exchange } else { nil } }

    func connection(_ connection: HTTPServerConnection, didReceive head: RequestHead, framing: BodyFraming) {
        exchange?.receive(head, framing: framing)
    }

    func connection(_ connection: HTTPServerConnection, didReceiveBody bytes: UnsafeRawBufferPointer) {
        exchange?.receiveBody(bytes)
    }

    func connectionDidReceiveEnd(_ connection: HTTPServerConnection) { exchange?.handle(.requestEnd) }

    func connectionDidDrain(_ connection: HTTPServerConnection) { exchange?.handle(.clientDrained) }

    /// Whoever closes its side while it waits has gone: a silent long poll would be held for nobody.
    func connectionClientDidEnd(_ connection: HTTPServerConnection) { connection.close() }

    func connection(_ connection: HTTPServerConnection, didReadTunnel bytes: UnsafeRawBufferPointer) {
        exchange?.receiveTunnel(bytes)
    }

    func connectionDidEndTunnel(_ connection: HTTPServerConnection) { exchange?.handle(.clientTunnelEnd) }

    func connection(_ connection: HTTPServerConnection, didFail fault: ServerFault) { exchange?.clientDidFail(fault) }

    func connectionDidClose(_ connection: HTTPServerConnection, error: ChannelError?) {
        exchange?.clientDidClose()
        didClose(connection.channel)
    }
}

// MARK: - HTTP/2

extension EdgeConnection: HTTP2ServerConnectionDelegate {
    func connection(_ connection: HTTP2ServerConnection, ownerOf stream: HTTP2Stream) -> any HTTP2StreamDelegate {
        add(stream)
    }

    func connectionDidRefuseStream(_ connection: HTTP2ServerConnection) { home.metrics.count(.malformed) }

    func connection(_ connection: HTTP2ServerConnection, didFail fault: HTTP2Fault) {
        home.metrics.count(EdgeMetrics.Failure(fault))
    }

    func connectionDidClose(_ connection: HTTP2ServerConnection, error: ChannelError?) {
        didClose(connection.channel)
    }
}
