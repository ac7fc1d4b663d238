import EventLoop
import Glibc
import HTTPWire
import TLS

/// The control plane's server: an asynchronous handler on the control loop responds to complete requests.
@ControlLoop
public final class HTTPServer {
    public typealias Handler = @ControlLoop (HTTPRequest) async -> HTTPResponse

    /// The server's limits.
    public struct Limits: Sendable {
        public var http = HTTPLimits()
        public var requestBodyBytes = TransportLimits.requestBodyBytes
        public var connections = TransportLimits.serverConnections

        public nonisolated init() {}
    }

    /// The address that it is bound to, with the kernel's choice if port 0 was requested.
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

    /// Listens immediately. A Unix socket has file mode 0600.
    /// - Parameters:
    ///   - inherited: if it holds a socket for the address, that one is used; its file keeps its previous owner until
    ///     `adoptFile()`.
    ///   - ignoresBody: selects requests whose response does not depend on their body: it is read and dropped, whatever
    ///     its length, and the handler sees none.
    /// - Throws: `StreamError` if the server cannot listen on the address.
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

    /// Stops accepting and closes every connection. Running handlers run to completion, and their responses are
    /// dropped; streams are cancelled.
    public func close() {
        listener?.close()
        listener = nil
        pausedSocket = nil
        for session in sessions.values { session.close() }
    }

    // MARK: Handing over

    /// Its socket, for handing over to another process.
    /// - Throws: `StreamError` when the process has too many descriptors.
    public func listeningSocket() throws(StreamError) -> ListeningSocket? {
        if let pausedSocket { return pausedSocket }
        return try listener?.socket()
    }

    /// Makes this server responsible for removing the file of an inherited Unix socket at `close()`.
    public func adoptFile() { listener?.adoptFile() }

    /// Stops accepting without refusing connections: new ones wait in the socket's backlog. Open connections continue.
    /// - Throws: `StreamError` when the process has too many descriptors; it then accepts as before.
    public func pauseAccepting() throws(StreamError) {
        guard let listener else { return }
        pausedSocket = try listener.socket()
        listener.leave()
        self.listener = nil
    }

    /// Resumes accepting from the socket, and takes back responsibility for its file.
    /// - Throws: `StreamError` when the process has too many descriptors.
    public func resumeAccepting() throws(StreamError) {
        guard let socket = pausedSocket else { return }
        let listener = try Listener(on: ControlLoop.loop, inherited: socket) { [accept] in accept.body?($0) }
        listener.adoptFile()
        self.listener = listener
        pausedSocket = nil
        isFinishing = false
    }

    /// Makes every response from now on the last on its connection.
    public func finishConnections() { isFinishing = true }

    /// Waits until all connections have ended, at most `limit`.
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

/// Lets a listener be created before the object that it serves is complete.
private final class AcceptBox {
    var body: ((Stream) -> Void)?
}
