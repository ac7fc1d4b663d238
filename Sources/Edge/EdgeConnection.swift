import EventLoop
import HTTPTransport
import HTTPWire

/// One client's connection, from its TLS handshake to its end, and what is under way on it. Confined to its loop; the
/// server connection holds it until the client has gone.
final class EdgeConnection {
    let home: EdgeLoop
    /// As what its connection is counted; given back when it is closed.
    let network: ClientNetwork?
    private(set) var channel: ByteChannel?
    private weak var server: HTTPServerConnection?
    private let exchange: EdgeExchange
    private var isHandshakeDone = false

    /// - Parameter client: the client's address, without port.
    init(home: EdgeLoop, client: String, network: ClientNetwork?) {
        self.home = home
        self.network = network
        exchange = EdgeExchange(home: home, client: client)
    }

    var openTunnels: Int { exchange.isTunnel ? 1 : 0 }
    private var isIdle: Bool { exchange.isIdle && server?.isIdle == true }

    func start(_ channel: ByteChannel) {
        self.channel = channel
        let server = HTTPServerConnection(
            channel: channel, limits: home.limits.http, timeouts: home.limits.timeouts, delegate: self)
        exchange.stream = server
        self.server = server
        server.start()
    }

    /// The edge takes in nothing new; what is under way may finish.
    func goAway() { exchange.handle(.goingAway) }

    /// Another process accepts, and there was time for a request that was on its way.
    func endIfIdle() {
        if isIdle { goAway() }
    }

    /// Another process accepts, and the grace is over: a WebSocket is told, and has the time that a connection lingers
    /// for to hear it.
    func endLeaving() { exchange.handle(exchange.isTunnel ? .goingAway : .stop) }

    /// The grace is over.
    func stop() { exchange.handle(.stop) }

    /// Looks whether a limit has passed. Called by the loop from time to time.
    func sweep(at now: MonotonicTime) { exchange.sweep(at: now) }
}

extension EdgeConnection: HTTPServerConnectionDelegate {
    func connectionDidOpen(_ connection: HTTPServerConnection) {
        isHandshakeDone = true
        home.metrics.count(connection.channel.isResumed ? EdgeMetrics.Handshake.resumed : .full)
    }

    func connection(_ connection: HTTPServerConnection, didReceive head: RequestHead, framing: BodyFraming) {
        exchange.receive(head, framing: framing)
    }

    func connection(_ connection: HTTPServerConnection, didReceiveBody bytes: UnsafeRawBufferPointer) {
        exchange.receiveBody(bytes)
    }

    func connectionDidReceiveEnd(_ connection: HTTPServerConnection) { exchange.handle(.requestEnd) }

    func connectionDidDrain(_ connection: HTTPServerConnection) { exchange.handle(.clientDrained) }

    /// Whoever closes its side while it waits has gone: a silent long poll would be held for nobody.
    func connectionClientDidEnd(_ connection: HTTPServerConnection) { connection.close() }

    func connection(_ connection: HTTPServerConnection, didReadTunnel bytes: UnsafeRawBufferPointer) {
        exchange.receiveTunnel(bytes)
    }

    func connectionDidEndTunnel(_ connection: HTTPServerConnection) { exchange.handle(.clientTunnelEnd) }

    func connection(_ connection: HTTPServerConnection, didFail fault: ServerFault) { exchange.clientDidFail(fault) }

    func connectionDidClose(_ connection: HTTPServerConnection, error: ChannelError?) {
        exchange.clientDidClose()
        recordClose(connection.channel, error)
        channel = nil
        home.remove(self)
    }

    private func recordClose(_ channel: ByteChannel, _ error: ChannelError?) {
        home.metrics.receivedBytes += UInt64(channel.receivedBytes)
        home.metrics.sentBytes += UInt64(channel.sentBytes)
        guard !isHandshakeDone else { return }
        home.metrics.count(EdgeMetrics.Handshake.failed)
        switch error?.code {
        case .handshakeTimeout: home.metrics.count(.handshakeTimeout)
        case .plaintext: home.metrics.count(.plaintext)
        default: home.metrics.count(.handshake)
        }
    }
}
