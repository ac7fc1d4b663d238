import EventLoop
import HTTPTransport
import HTTPWire
import TLS

/// One client's connection, from its TLS handshake to its close, and its exchanges in progress. Confined to its loop;
/// the channel and then the server connection retain it until the client has disconnected.
final class EdgeConnection {
    let home: EdgeLoop
    /// The network that it is counted under, until it is closed.
    let network: ClientNetwork?
    // Where exclusivity is unchecked, nothing called while a value is changed or read accesses the same value again.
    @exclusivity(unchecked) private(set) var channel: ByteChannel?
    private let client: String
    /// The names of its certificate. Requests for other hosts get 421: a client of HTTP/2 uses one connection for all
    /// hosts that its certificate covers (RFC 9113, section 9.1.1), and for no others. `nil` where all connections have
    /// the same certificate.
    @exclusivity(unchecked) private(set) var certificateNames: CertificateNames?
    @exclusivity(unchecked) private var wire = Wire.handshake
    /// Each exchange knows its index.
    @exclusivity(unchecked) private var exchanges: [EdgeExchange] = []

    /// The protocol negotiated in the handshake (ALPN, RFC 7301).
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

    /// The edge accepts nothing new; exchanges in progress may finish.
    func goAway() {
        switch wire {
        case .handshake: channel?.close()
        case .http1(_, let exchange): exchange.handle(.goingAway)
        case .http2(let server):
            server.goAway()
            for exchange in exchanges where exchange.isTunnel { exchange.handle(.goingAway) }
        }
    }

    /// Another process accepts now: clients are told so where the protocol has a way to do that in advance.
    func leave() {
        if case .http2(let server) = wire { server.goAway() }
    }

    /// Closes the connection if it is idle: another process accepts, and a request on its way has had time to arrive.
    func endIfIdle() {
        if case .http1(let server, let exchange) = wire, exchange.isIdle, server.isIdle { goAway() }
    }

    /// The drain's grace is over: a WebSocket is sent its close frame, and has the connection's linger time to read it.
    func endLeaving() {
        guard openTunnels > 0 else { return stop() }
        for exchange in exchanges { exchange.handle(exchange.isTunnel ? .goingAway : .stop) }
    }

    /// The shutdown's grace is over.
    func stop() {
        switch wire {
        case .handshake: channel?.close()
        case .http1(_, let exchange): exchange.handle(.stop)
        case .http2(let server):
            for exchange in exchanges { exchange.handle(.stop) }
            server.close()
        }
    }

    /// Ends the WebSockets to which this applies; each is sent its close frame.
    /// - Parameter isOver: gets the route of a WebSocket's lab and the grant that opened it.
    func endWebSockets(where isOver: (RouteTable.Entry, _ grant: Digest32) -> Bool) {
        for exchange in exchanges {
            guard let (route, grant) = exchange.webSocketAccess, isOver(route, grant) else { continue }
            // One that is not open yet is cut.
            exchange.handle(exchange.isTunnel ? .goingAway : .stop)
        }
    }

    /// Checks whether a timeout has passed. Called by the loop periodically.
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
        certificateNames = home.certificateNames(of: channel)
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

    /// A client that half-closes while it waits is taken as gone; otherwise a silent long poll would be held for
    /// nobody.
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
