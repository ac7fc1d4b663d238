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
    private var sessions: [ObjectIdentifier: HTTPServerSession] = [:]
    private var date = HTTPDate()

    /// Listens at once. A Unix socket has file mode 0600.
    /// - Parameter ignoresBody: for requests whose answer does not depend on their body: however long it is, it is read
    ///   and dropped, and the handler sees none.
    /// - Throws: `StreamError` when the address cannot be had.
    public init(
        listen address: SocketAddress, tls: TLSServerContext? = nil, limits: Limits = Limits(),
        ignoresBody: @escaping (RequestHead) -> Bool = { _ in false }, handler: @escaping Handler
    ) throws(StreamError) {
        self.tls = tls
        self.ignoresBody = ignoresBody
        self.limits = limits
        self.handler = handler
        let accept = AcceptBox()
        let listener = try Listener(on: ControlLoop.loop, address: address) { accept.body?($0) }
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
        for session in sessions.values { session.close() }
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
    }

    func currentDate() -> String { date.formatted(time(nil)) }
}

/// Lets a listener be made before the object that it serves is complete.
private final class AcceptBox {
    var body: ((Stream) -> Void)?
}
