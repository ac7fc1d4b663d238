import EventLoop
import HTTPWire

/// One request of an HTTP/2 connection and its response, or one WebSocket (RFC 8441). Confined to its connection's
/// loop, and recycled for later streams.
///
/// The same `ServerExchange` as for HTTP/1.1 decides what is allowed when; this class carries it out with frames.
public final class HTTP2Stream {
    // Set from `begin` to `reset`. Exclusivity checks are off where no code that runs during an access can access the
    // same property again.
    @exclusivity(unchecked) private(set) var connection: HTTP2ServerConnection?
    @exclusivity(unchecked) private(set) var delegate: (any HTTP2StreamDelegate)?
    @exclusivity(unchecked) private(set) var id: Int32 = 0
    /// Its index in its connection's list.
    @exclusivity(unchecked) var place = 0
    @exclusivity(unchecked) var exchange = ServerExchange(at: MonotonicTime(nanoseconds: 0))
    /// Whether this is an extended CONNECT, which only a 101 accepts.
    @exclusivity(unchecked) private(set) var isWebSocket = false

    /// Bytes that the client sent before the owner could consume them.
    @exclusivity(unchecked) private var held = HeldBytes()
    /// The client has half-closed.
    @exclusivity(unchecked) private(set) var clientHasEnded = false
    /// Whether it is among the streams that its connection resumes at the end of the turn.
    @exclusivity(unchecked) private var isResuming = false

    /// Bytes queued for the client's window, followed, for the duration of one call, by borrowed bytes.
    @exclusivity(unchecked) var waiting = HeldBytes()
    @exclusivity(unchecked) var lent = UnsafeRawBufferPointer(start: nil, count: 0)
    /// The library has asked for bytes of the response when there were none, and deferred the stream.
    @exclusivity(unchecked) var isDeferred = false
    /// Nothing follows the queued bytes.
    @exclusivity(unchecked) private(set) var endsAfterWaiting = false
    /// END_STREAM was sent, or will be with the last bytes.
    @exclusivity(unchecked) private(set) var hasSentEnd = false
    /// After our end the client's side is still open; this is the deadline for its end.
    @exclusivity(unchecked) private(set) var lingersUntil: MonotonicTime?
    /// The library has closed the stream: nothing can be sent or received any more.
    @exclusivity(unchecked) private(set) var isWireClosed = false
    @exclusivity(unchecked) public private(set) var isSaturated = false

    init() {}

    func begin(_ connection: HTTP2ServerConnection, id: Int32) {
        self.connection = connection
        self.id = id
        exchange = ServerExchange(at: connection.loop.now, timeouts: connection.timeouts)
    }

    /// Clears the object for reuse. The owner must have been notified before.
    func reset() {
        connection = nil
        delegate = nil
        isWebSocket = false
        held = HeldBytes()
        clientHasEnded = false
        isResuming = false
        waiting = HeldBytes()
        isDeferred = false
        endsAfterWaiting = false
        hasSentEnd = false
        lingersUntil = nil
        isWireClosed = false
        isSaturated = false
    }

    /// Whether both sides are done: the library has closed the stream, and the owner has nothing more to send.
    var isOver: Bool {
        guard isWireClosed else { return false }
        return exchange.state == .closing || exchange.state == .closed
    }

    var deadline: MonotonicTime? {
        guard let lingersUntil else { return exchange.deadline }
        return exchange.deadline.map { min($0, lingersUntil) } ?? lingersUntil
    }

    private var now: MonotonicTime { connection?.loop.now ?? .current() }

    // MARK: Carrying out

    func perform(_ event: ServerExchange.Event, fault: ServerFault? = nil) {
        carryOut(exchange.handle(event, at: now), fault: fault)
    }

    /// Actions that need a part of the message are carried out by the caller; this handles those common to all events.
    func carryOut(_ actions: ServerExchange.Actions, fault: ServerFault? = nil) {
        if let deadline { connection?.note(deadline) }
        if actions.isEmpty { return }
        if actions.contains(.sendContinue) { connection?.submitContinue(on: self) }
        if actions.contains(.answerError), let fault { answer(fault) }
        if actions.contains(.fail), let fault { delegate?.stream(self, didFail: fault) }
        if actions.contains(.notifyEnd), exchange.state == .tunnel || exchange.state == .closing {
            delegate?.streamDidEndTunnel(self)
        }
        if actions.contains(.readOn) { resumeSoon() }
        if actions.contains(.endWriting) || actions.contains(.closeGracefully) { endAfterWaiting() }
        if actions.contains(.close) { connection?.reset(self, .internalError) }
    }

    func timeCame() {
        let now = now
        if let lingersUntil, lingersUntil <= now { connection?.reset(self, .noError) }
        perform(.time(queued: waiting.count), fault: .bodyTimeout)
    }

    /// Responds on the owner's behalf; nothing of the request is echoed.
    private func answer(_ fault: ServerFault) {
        let (head, body) = fault.response
        connection?.submit(on: self, status: head.status, hasBody: true) { output in
            head.writeStart(into: &output)
            head.fields.write(into: &output)
        }
        body.withUnsafeBytes { connection?.send($0, on: self) }
    }

    private func endAfterWaiting() {
        guard !endsAfterWaiting else { return }
        endsAfterWaiting = true
        connection?.sendOn(self)
    }

    /// There is no body, so END_STREAM goes out with the head.
    func willEndWithHead() {
        endsAfterWaiting = true
        didSendEnd()
    }

    /// The library has all of our side; the client's side may still be open.
    func didSendEnd() {
        hasSentEnd = true
        guard !clientHasEnded else { return }
        if isWebSocket {
            guard exchange.state == .closing else { return }
            // A client that receives a WebSocket close frame replies to it, and then half-closes.
            lingersUntil = now + TransportLimits.lingerTimeout
            connection?.note(now + TransportLimits.lingerTimeout)
        } else {
            // The response is complete and the rest of the request is not needed (RFC 9113, section 8.1).
            connection?.resetAfterSending(self)
        }
    }

    func noteWaiting(before: Int) {
        let after = waiting.count
        if before == 0 && after == 0 { return }
        perform(.queue(before: before, after: after))
        connection?.waitingBytes += after - before
    }

    /// Applies back pressure: the owner should stop until `streamDidDrain`.
    func saturate() { isSaturated = true }

    func drain() {
        isSaturated = false
        delegate?.streamDidDrain(self)
    }

    func didClose() {
        let owner = delegate
        delegate = nil
        owner?.streamDidClose(self)
    }
}

// MARK: - What the client sends

extension HTTP2Stream {
    func receive(
        _ assembler: borrowing RequestAssembler, error: HTTPParseError?, owner: any HTTP2StreamDelegate, endsHere: Bool
    ) {
        delegate = owner
        clientHasEnded = endsHere
        if let error { return perform(.malformed, fault: .malformed(error)) }
        isWebSocket = assembler.isWebSocket
        let hasBody = assembler.framing != .none && assembler.framing != .length(0)
        // No other response follows this one: the stream ends with it.
        let facts = ServerExchange.Facts(
            isHTTP10: false, isHEAD: assembler.head.method == "HEAD", hasBody: hasBody, keepsAlive: false,
            expectsContinue: assembler.expectsContinue)
        guard exchange.handle(.head(facts), at: now).contains(.deliver) else { return }
        owner.stream(self, didReceive: assembler.head, framing: assembler.framing)
        perform(.headDelivered)
        // A WebSocket handshake is complete with its head.
        if endsHere || isWebSocket { receiveEnd() }
    }

    func receiveData(_ bytes: UnsafeRawBufferPointer) {
        guard held.isEmpty else { return held.append(bytes) }
        if !take(bytes) { held.append(bytes) }
    }

    /// The client has half-closed.
    func clientDidEnd() {
        clientHasEnded = true
        if held.isEmpty { takeEnd() }
    }

    /// Whether the bytes were consumed; if not, they must be held.
    private func take(_ bytes: UnsafeRawBufferPointer) -> Bool {
        switch exchange.intake {
        case .hold:
            return false
        case .forget:
            break
        case .tunnel:
            delegate?.stream(self, didReadTunnel: bytes)
        case .parse:
            let actions = exchange.handle(.body(bytes.count), at: now)
            if actions.contains(.deliver) { delegate?.stream(self, didReceiveBody: bytes) }
            carryOut(actions)
        }
        connection?.consume(bytes.count, of: self)
        return true
    }

    private func takeEnd() {
        switch exchange.intake {
        case .hold: break
        case .forget: break
        case .tunnel: perform(.clientEnd(inputLeft: false))
        case .parse: receiveEnd()
        }
    }

    private func receiveEnd() {
        let actions = exchange.handle(.end, at: now)
        if actions.contains(.deliver) { delegate?.streamDidReceiveEnd(self) }
        carryOut(actions)
    }

    private func resumeSoon() {
        guard !isResuming, !held.isEmpty || clientHasEnded else { return }
        isResuming = true
        connection?.resumeAtEndOfTurn(self)
    }

    /// Delivers held bytes, as far as the owner accepts them.
    func resume() {
        isResuming = false
        guard connection != nil else { return }
        if !held.isEmpty {
            let content = held.content
            let isTaken = content.withUnsafeBytes { take($0) }
            if isTaken { held.drop(content.count) }
        }
        if held.isEmpty, clientHasEnded { takeEnd() }
    }

    /// The library has closed the stream.
    /// - Parameter isWhole: whether both sides ended normally.
    func wireDidClose(isWhole: Bool) {
        isWireClosed = true
        if !held.isEmpty {
            connection?.forget(held.count)
            held = HeldBytes()
        }
        connection?.waitingBytes -= waiting.count
        waiting = HeldBytes()
        if !isWhole || !endsAfterWaiting { exchange.didClose() }
    }
}

// MARK: - The response

extension HTTP2Stream: ServerStream {
    public func respond(
        status: Int, framing: BodyFraming, closing: Bool, write: (inout [UInt8], BodyFraming) -> Void
    ) {
        // A 2xx would tell the client that its WebSocket is open.
        if isWebSocket, exchange.awaitsResponse, (200..<300).contains(status) { return close() }
        let actions = exchange.handle(.respond(status: status, framing: framing, wantsClose: false), at: now)
        if actions.contains(.writeHead) {
            let framing = exchange.framing
            let hasBody = exchange.sendsBody && framing != .length(0)
            connection?.submit(on: self, status: status, hasBody: hasBody) { output in
                write(&output, framing)
                if case .length = framing { framing.writeEnd(into: &output) }
            }
        }
        carryOut(actions)
    }

    public func inform(status: Int, write: (inout [UInt8]) -> Void) {
        guard exchange.handle(.inform(status: status), at: now).contains(.writeHead) else { return }
        connection?.submitInformational(on: self, write)
    }

    public func writeBody(_ bytes: UnsafeRawBufferPointer) {
        let actions = exchange.handle(.write(bytes.count), at: now)
        if actions.contains(.writeBody) {
            // This allows the last frame to carry END_STREAM.
            if case .exchange(_, .body(left: 0)) = exchange.state { endsAfterWaiting = true }
            connection?.send(bytes, on: self)
        }
        carryOut(actions)
    }

    public func finish() {
        perform(.finish)
        if isWireClosed { connection?.streamIsOver() }
    }

    public func upgrade(write: (inout [UInt8]) -> Void) {
        guard isWebSocket, exchange.handle(.upgrade, at: now).contains(.writeHead) else { return close() }
        connection?.submit(on: self, status: 101, hasBody: true, write)
        carryOut(.readOn)
    }

    public func writeTunnel(_ bytes: UnsafeRawBufferPointer) {
        guard exchange.state == .tunnel else { return }
        connection?.send(bytes, on: self)
    }

    public func finishTunnel() { perform(.finishTunnel) }

    public func pauseReading() { perform(.pause) }

    public func resumeReading() { perform(.resume) }

    public func closeGracefully() {
        guard exchange.state != .closed, exchange.state != .closing else { return }
        if exchange.awaitsResponse { return close() }
        exchange.leave()
        if hasSentEnd { didSendEnd() } else { endAfterWaiting() }
    }

    public func close() {
        exchange.didClose()
        if isWireClosed { connection?.streamIsOver() } else { connection?.reset(self, .internalError) }
    }
}
