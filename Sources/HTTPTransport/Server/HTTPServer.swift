import EventLoop
import Glibc
import HTTPWire
import TLS

/// The control plane's server: an asynchronous handler on the control loop answers whole requests.
@ControlLoop
public final class HTTPServer {
    public typealias Handler = @ControlLoop (HTTPRequest) async -> HTTPResponse

    /// What the server takes.
    public struct Limits: Sendable {
        public var http = HTTPLimits()
        public var requestBodyBytes = TransportLimits.requestBodyBytes
        public var connections = TransportLimits.serverConnections

        public nonisolated init() {}
    }

    /// Where it stands: with the port the kernel chose when port 0 was asked for.
    public let boundAddress: SocketAddress

    let limits: Limits
    let handler: Handler
    let ignoresBody: (RequestHead) -> Bool
    private let tls: TLSServerContext?
    private var listener: Listener?
    private var pausedSocket: ListeningSocket?
    private let accept = AcceptBox()
    private(set) var isFinishing = false
    private var onLastClose: CheckedContinuation<Void, Never>?
    private var closeTimer: LoopTimer?
    private var sessions: [ObjectIdentifier: HTTPServerSession] = [:]
    private var date = HTTPDate()

    /// Listens at once. A Unix socket has file mode 0600.
    /// - Parameters:
    ///   - inherited: where there is a socket for the address already, it is accepted from; its file stays whose it was
    ///     until `adoptFile()`.
    ///   - ignoresBody: for requests whose answer does not depend on their body: however long it is, it is read and
    ///     dropped, and the handler sees none.
    /// - Throws: `StreamError` when the address cannot be had.
    public init(
        listen address: SocketAddress, inherited: InheritedSockets = InheritedSockets(),
        tls: TLSServerContext? = nil, limits: Limits = Limits(),
        ignoresBody: @escaping (RequestHead) -> Bool = { _ in false }, handler: @escaping Handler
    ) throws(StreamError) {
        self.tls = tls
        self.ignoresBody = ignoresBody
        self.limits = limits
        self.handler = handler
        let listener: Listener
        if let socket = inherited.take(address).first {
            listener = try Listener(on: ControlLoop.loop, inherited: socket) { [accept] in accept.body?($0) }
        } else {
            listener = try Listener(on: ControlLoop.loop, address: address) { [accept] in accept.body?($0) }
        }
        self.listener = listener
        boundAddress = listener.boundAddress
        accept.body = { [weak self] stream in
            guard let self else { return stream.close() }
            self.accept(stream)
        }
    }

    /// Accepts nothing more and closes every connection. Handlers that are under way run to their end, their answers are
    /// dropped; streams are cancelled.
    public func close() {
        listener?.close()
        listener = nil
        pausedSocket = nil
        for session in sessions.values { session.close() }
    }

    // MARK: Handing over

    /// Its socket, for another process.
    /// - Throws: `StreamError` when there are too many descriptors.
    public func listeningSocket() throws(StreamError) -> ListeningSocket? {
        if let pausedSocket { return pausedSocket }
        return try listener?.socket()
    }

    /// The file of a Unix socket that was inherited is removed at `close()` from now on.
    public func adoptFile() { listener?.adoptFile() }

    /// Accepts nothing more, and refuses nothing: who comes waits in the socket. What is open goes on.
    /// - Throws: `StreamError` when there are too many descriptors; it then accepts as before.
    public func pauseAccepting() throws(StreamError) {
        guard let listener else { return }
        pausedSocket = try listener.socket()
        listener.leave()
        self.listener = nil
    }

    /// Accepts again what waits in the socket. Its file is this server's again.
    /// - Throws: `StreamError` when there are too many descriptors.
    public func resumeAccepting() throws(StreamError) {
        guard let socket = pausedSocket else { return }
        let listener = try Listener(on: ControlLoop.loop, inherited: socket) { [accept] in accept.body?($0) }
        listener.adoptFile()
        self.listener = listener
        pausedSocket = nil
        isFinishing = false
    }

    /// Every answer from now on is the last on its connection.
    public func finishConnections() { isFinishing = true }

    /// Waits until every connection has ended, but not longer than `limit`.
    public func connectionsDidEnd(within limit: Duration) async {
        guard !sessions.isEmpty else { return }
        await withCheckedContinuation { continuation in
            onLastClose?.resume()
            onLastClose = continuation
            closeTimer = ControlLoop.loop.schedule(after: limit) { [weak self] in
                ControlLoop.assumeIsolated { self?.stopWaiting() }
            }
        }
    }

    private func stopWaiting() {
        closeTimer?.cancel()
        onLastClose?.resume()
        onLastClose = nil
    }

    public var connectionCount: Int { sessions.count }

    private func accept(_ stream: Stream) {
        guard listener != nil, sessions.count < limits.connections else { return stream.close() }
        let engine: TLSConnection?
        do {
            engine = try tls.map { context in try TLSConnection(server: context) }
        } catch {
            return stream.close()
        }
        let session = HTTPServerSession(server: self)
        sessions[ObjectIdentifier(session)] = session
        session.start(ByteChannel(stream: stream, tls: engine), limits: limits.http)
    }

    func didClose(_ session: HTTPServerSession) {
        sessions[ObjectIdentifier(session)] = nil
        if sessions.isEmpty { stopWaiting() }
    }

    func currentDate() -> String { date.formatted(time(nil)) }
}

/// Lets a listener be made before the object that it serves is complete.
private final class AcceptBox {
    var body: ((Stream) -> Void)?
}
