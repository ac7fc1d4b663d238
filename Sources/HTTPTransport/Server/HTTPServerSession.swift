import EventLoop
import HTTPWire

/// One connection of the control plane's server: collects each request, runs the handler as a task, sends its response.
@ControlLoop
final class HTTPServerSession {
    private weak var server: HTTPServer?
    private var connection: HTTPServerConnection?
    private var head: RequestHead?
    private var body: [UInt8] = []
    private var dropsBody = false
    private var task: Task<Void, Never>?
    private var isStreaming = false
    private var clientHasEnded = false
    private var drained: CheckedContinuation<Void, Never>?

    init(server: HTTPServer) {
        self.server = server
    }

    func start(_ channel: ByteChannel, limits: HTTPLimits) {
        let connection = HTTPServerConnection(channel: channel, limits: limits, delegate: self)
        self.connection = connection
        connection.start()
    }

    func close() { connection?.close() }

    private var isLastAnswer: Bool { server?.isFinishing ?? true }

    // MARK: One request

    private func begin(_ head: RequestHead, _ framing: BodyFraming) {
        self.head = head
        body = []
        dropsBody = server?.ignoresBody(head) ?? false
        if case .length(let length) = framing, length > limit, !dropsBody {
            refuse(status: 413, "The request's body is too large.")
        }
    }

    private func add(_ bytes: UnsafeRawBufferPointer) {
        guard head != nil, !dropsBody else { return }
        if body.count + bytes.count > limit { return refuse(status: 413, "The request's body is too large.") }
        body.append(contentsOf: bytes)
    }

    private var limit: Int { server?.limits.requestBodyBytes ?? 0 }

    private func refuse(status: Int, _ reason: String) {
        head = nil
        body = []
        let text = Array("\(status) \(reason)\n".utf8)
        connection?.respond(head: responseHead(.text("", status: status)), whole: text, closing: isLastAnswer)
    }

    private func runHandler() {
        guard let head, let server else { return }
        self.head = nil
        let gathered = body
        body = []
        let request = HTTPRequest(
            method: head.method, target: head.target, fields: head.fields, body: gathered,
            peerAddress: connection?.channel.peerAddress, localPeer: connection?.channel.localPeer)
        guard let request else { return refuse(status: 400, "The request's target is malformed.") }
        let handler = server.handler
        task = Task { @ControlLoop [weak self] in
            let response = await handler(request)
            await self?.send(response)
        }
    }

    // MARK: The response

    private func responseHead(_ response: HTTPResponse) -> ResponseHead {
        var head = ResponseHead(status: response.status, fields: response.fields)
        if let server, !head.fields.contains("Date") { head.fields.append("Date", server.currentDate()) }
        return head
    }

    private func send(_ response: HTTPResponse) async {
        switch response.body {
        case .bytes(let bytes): connection?.respond(head: responseHead(response), whole: bytes, closing: isLastAnswer)
        case .stream(let stream): await send(stream, after: responseHead(response))
        }
    }

    private func send(_ stream: AsyncStream<[UInt8]>, after head: ResponseHead) async {
        // A page is still sent to a client that has half-closed; an endless stream could not detect that it is gone.
        if clientHasEnded { return connection?.close() ?? () }
        isStreaming = true
        defer { isStreaming = false }
        connection?.respond(head: head, framing: .chunked, closing: isLastAnswer)
        // HEAD gets only the head; nothing would end an endless stream.
        guard connection?.exchange.sendsBody == true else { return connection?.finish() ?? () }
        connection?.flush()
        for await piece in stream {
            guard let connection, !Task.isCancelled else { return }
            piece.withUnsafeBytes { connection.writeBody($0) }
            connection.flush()
            if connection.isSaturated { await drain() }
        }
        guard !Task.isCancelled else { return }
        connection?.finish()
    }

    private func drain() async {
        await withCheckedContinuation { drained = $0 }
    }

    private func didDrain() {
        drained?.resume()
        drained = nil
    }

    private func didClose() {
        connection = nil
        head = nil
        body = []
        // A handler runs to completion even if the client is gone: what it has begun must not be interrupted.
        if isStreaming { task?.cancel() }
        task = nil
        didDrain()
        server?.didClose(self)
    }
}

extension HTTPServerSession: @ControlLoop HTTPServerConnectionDelegate {
    func connection(_ connection: HTTPServerConnection, didReceive head: RequestHead, framing: BodyFraming) {
        begin(head, framing)
    }

    func connection(_ connection: HTTPServerConnection, didReceiveBody bytes: UnsafeRawBufferPointer) {
        add(bytes)
    }

    func connectionDidReceiveEnd(_ connection: HTTPServerConnection) {
        runHandler()
    }

    func connectionDidDrain(_ connection: HTTPServerConnection) {
        didDrain()
    }

    func connectionClientDidEnd(_ connection: HTTPServerConnection) {
        clientHasEnded = true
        if isStreaming { connection.close() }
    }

    func connection(_ connection: HTTPServerConnection, didFail fault: ServerFault) {
        head = nil
        body = []
    }

    func connectionDidClose(_ connection: HTTPServerConnection, error: ChannelError?) {
        didClose()
    }
}
