import EventLoop
import HTTPWire
import TLS

/// The protocol of a client's WebSocket on its tunnel: frames in, messages out, control frames answered (RFC 6455).
/// Confined to the loop of its connection, which it owns.
final class WebSocketEngine {
    typealias Receiver = (Result<WebSocketMessage?, HTTPClientError>) -> Void
    typealias Completion = (Result<Void, HTTPClientError>) -> Void

    private(set) var closeCode: UInt16?
    let subprotocol: String?

    private let connection: HTTPClientConnection
    private let operation: String
    private var reader = WebSocketFrameReader()
    private var frame: WebSocketFrame?
    private var payload: [UInt8] = []
    private var messageOpcode: WebSocketFrame.Opcode?
    private var message: [UInt8] = []
    private var received: [WebSocketMessage] = []
    private var isPaused = false
    private var hasSentClose = false
    private var ending: Result<Void, HTTPClientError>?
    private var receiver: Receiver?
    private var writers: [Completion] = []
    private var pings: [(payload: [UInt8], completion: Completion)] = []
    private var closers: [() -> Void] = []
    private var receiveTimer: LoopTimer?
    private var pingTimer: LoopTimer?
    private var closeTimer: LoopTimer?

    init(_ connection: HTTPClientConnection, subprotocol: String?, operation: String) {
        self.connection = connection
        self.subprotocol = subprotocol
        self.operation = operation
        connection.delegate = self
    }

    private func error(_ kind: HTTPClientError.Kind, _ what: String) -> HTTPClientError {
        HTTPClientError(kind, "\(operation): \(what)")
    }

    // MARK: Sending

    func send(_ opcode: WebSocketFrame.Opcode, _ payload: [UInt8]) {
        guard ending == nil, !hasSentClose else { return }
        var bytes: [UInt8] = []
        // The mask must be unpredictable, and new for every frame (section 5.3).
        let mask = SecureRandom.bytes(4).reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
        WebSocketFrame.encode(opcode, payload: payload, mask: mask, into: &bytes)
        bytes.withUnsafeBytes { connection.writeTunnel($0) }
    }

    func whenWritable(_ completion: @escaping Completion) {
        if hasSentClose || ending != nil { return completion(.failure(error(.closed, "it is closed"))) }
        guard connection.isSaturated else { return completion(.success(())) }
        writers.append(completion)
    }

    func ping(within limit: Duration, _ completion: @escaping Completion) {
        guard ending == nil, !hasSentClose else { return completion(.failure(error(.closed, "it is closed"))) }
        let payload = SecureRandom.bytes(8)
        pings.append((payload, completion))
        send(.ping, payload)
        pingTimer = connection.loop.schedule(after: limit) { [weak self] in
            guard let self, let index = pings.firstIndex(where: { $0.payload == payload }) else { return }
            pings.remove(at: index).completion(.failure(error(.timeout, "no pong within \(limit)")))
        }
    }

    // MARK: Receiving

    func receive(within limit: Duration?, _ receiver: @escaping Receiver) {
        precondition(self.receiver == nil, "one task receives from a WebSocket at a time")
        if !received.isEmpty {
            let next = received.removeFirst()
            if isPaused, received.count < TransportLimits.waitingMessages / 2 {
                isPaused = false
                connection.resumeReading()
            }
            return receiver(.success(next))
        }
        if let ending { return receiver(ending.map { nil }) }
        self.receiver = receiver
        guard let limit else { return }
        receiveTimer = connection.loop.schedule(after: limit) { [weak self] in
            guard let self else { return }
            answerReceiver(.failure(error(.timeout, "no message within \(limit)")))
        }
    }

    func stopWaiting() { answerReceiver(.failure(error(.closed, "given up by the caller"))) }

    private func answerReceiver(_ result: Result<WebSocketMessage?, HTTPClientError>) {
        receiveTimer?.cancel()
        let receiver = receiver
        self.receiver = nil
        receiver?(result)
    }

    private func deliver(_ message: WebSocketMessage) {
        guard receiver == nil else { return answerReceiver(.success(message)) }
        // After our close frame messages are dropped; the peer's close frame follows them.
        guard !hasSentClose else { return }
        received.append(message)
        if received.count >= TransportLimits.waitingMessages, !isPaused {
            isPaused = true
            connection.pauseReading()
        }
    }

    private func read(_ input: UnsafeRawBufferPointer) {
        var position = 0
        while ending == nil {
            do throws(WebSocketError) {
                switch try reader.next(in: input, at: &position) {
                case .needMore: return
                case .frame(let header): begin(header)
                case .payload(let range): payload += input[range]
                }
            } catch {
                return refuse(code: 1002, "the other side sent an invalid frame: \(error)")
            }
            if let frame, payload.count == frame.payloadLength { finishFrame(frame) }
        }
    }

    private func begin(_ header: WebSocketFrame) {
        guard header.mask == nil, header.reservedBits == 0 else {
            return refuse(
                code: 1002, "the other side sent a masked frame, or one of an extension that nobody asked for")
        }
        guard header.payloadLength + Int64(message.count) <= TransportLimits.webSocketMessageBytes else {
            return refuse(code: 1009, "a message is longer than \(TransportLimits.webSocketMessageBytes) bytes")
        }
        frame = header
    }

    private func finishFrame(_ frame: WebSocketFrame) {
        let payload = payload
        self.payload = []
        self.frame = nil
        switch frame.opcode {
        case .ping: send(.pong, payload)
        case .pong:
            guard let index = pings.firstIndex(where: { $0.payload == payload }) else { return }
            pings.remove(at: index).completion(.success(()))
        case .close: didReceiveClose(payload)
        case .text, .binary:
            guard messageOpcode == nil else { return refuse(code: 1002, "a message began within another") }
            messageOpcode = frame.opcode
            message = payload
            if frame.isFinal { finishMessage() }
        case .continuation:
            guard messageOpcode != nil else { return refuse(code: 1002, "a continuation came without a message") }
            message += payload
            if frame.isFinal { finishMessage() }
        }
    }

    private func finishMessage() {
        let (opcode, bytes) = (messageOpcode, message)
        messageOpcode = nil
        message = []
        guard opcode == .text else { return deliver(.binary(bytes)) }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            return refuse(code: 1007, "a text is not UTF-8")
        }
        deliver(.text(text))
    }

    // MARK: Ending

    func close(code: UInt16, _ completion: @escaping () -> Void) {
        guard ending == nil else { return completion() }
        closers.append(completion)
        guard !hasSentClose else { return }
        send(.close, WebSocketFrame.closePayload(code: code))
        hasSentClose = true
        // Even if no task is receiving, the peer's close frame must be read.
        isPaused = false
        connection.resumeReading()
        closeTimer = connection.loop.schedule(after: TransportLimits.webSocketCloseTimeout) { [weak self] in
            self?.end(.success(()))
        }
    }

    /// Called when the caller has given up.
    func abandon() { end(.failure(error(.closed, "given up by the caller"))) }

    private func didReceiveClose(_ payload: [UInt8]) {
        closeCode = payload.count >= 2 ? UInt16(payload[0]) << 8 | UInt16(payload[1]) : 1005
        send(.close, Array(payload.prefix(2)))
        end(.success(()))
    }

    private func refuse(code: UInt16, _ what: String) {
        send(.close, WebSocketFrame.closePayload(code: code))
        end(.failure(error(.protocol, what)))
    }

    private func end(_ result: Result<Void, HTTPClientError>) {
        guard ending == nil else { return }
        ending = result
        for timer in [pingTimer, closeTimer] { timer?.cancel() }
        connection.close()
        let broken: Result<Void, HTTPClientError>
        if case .failure = result { broken = result } else { broken = .failure(error(.closed, "it was closed")) }
        answerReceiver(result.map { nil })
        for writer in writers { writer(broken) }
        for ping in pings { ping.completion(broken) }
        for closer in closers { closer() }
        (writers, pings, closers) = ([], [], [])
    }
}

extension WebSocketEngine: HTTPClientConnectionDelegate {
    func connection(_ connection: HTTPClientConnection, didReadTunnel bytes: UnsafeRawBufferPointer) { read(bytes) }

    func connectionDidEndTunnel(_ connection: HTTPClientConnection) {
        end(hasSentClose ? .success(()) : .failure(error(.closed, "the other side ended without a close")))
    }

    func connectionDidDrain(_ connection: HTTPClientConnection) {
        let waiting = writers
        writers = []
        for writer in waiting { writer(.success(())) }
    }

    func connection(_ connection: HTTPClientConnection, didFail error: HTTPClientError) { end(.failure(error)) }

    func connection(_ connection: HTTPClientConnection, didReceiveInformational head: ResponseHead) {}
    func connection(_ connection: HTTPClientConnection, didReceive head: ResponseHead, framing: BodyFraming) {}
    func connection(_ connection: HTTPClientConnection, didReceiveBody bytes: UnsafeRawBufferPointer) {}
    func connectionDidReceiveEnd(_ connection: HTTPClientConnection) {}
}
