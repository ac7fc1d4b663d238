import EventLoop
import HTTPWire

/// The server's side of one HTTP/1.1 connection: requests are parsed and handed to the owner one at a time, responses
/// are framed and written. Confined to its channel's loop.
///
/// What may happen when is decided by `ServerExchange`; this class only carries it out. It holds itself and its owner
/// from `start()` until the channel is closed. Calls that come too late (the client has gone, the request was refused)
/// are harmless.
public final class HTTPServerConnection {
    public let channel: ByteChannel
    // Where exclusivity is unchecked, nothing that is called during a change or a look comes back to the same place.
    @exclusivity(unchecked) public private(set) var delegate: (any HTTPServerConnectionDelegate)?

    @exclusivity(unchecked) var exchange: ServerExchange
    /// Framed bytes that go out together: at the end of the turn, with the next piece of a body, or when they are many.
    @exclusivity(unchecked) var gathered: [UInt8] = []
    /// There until the connection is a tunnel.
    @exclusivity(unchecked) private var reading: Lettable<RequestParser>?
    @exclusivity(unchecked) private var held = HeldBytes()
    private var fault: ServerFault?
    private var isTaking = false
    private var isEndOfTurnDue = false
    private var mustReadOn = false
    private var clientHasEnded = false
    private var isLingering = false
    private var isChannelPaused = false
    @exclusivity(unchecked) private var wakeup = Wakeup()
    private var ownReference: HTTPServerConnection?

    /// - Parameters:
    ///   - channel: opened already, or the connection opens it; it becomes the channel's delegate.
    ///   - delegate: the owner, held until the connection is closed.
    public init(
        channel: ByteChannel, limits: HTTPLimits = HTTPLimits(), timeouts: ServerTimeouts = ServerTimeouts(),
        delegate: any HTTPServerConnectionDelegate
    ) {
        self.channel = channel
        self.delegate = delegate
        reading = Lettable(RequestParser(limits: limits))
        exchange = ServerExchange(at: channel.loop.now, timeouts: timeouts)
    }

    public var loop: Loop { channel.loop }

    /// Begins: the TLS handshake, if there is one to be made still, then the first request.
    public func start() {
        ownReference = self
        channel.delegate = self
        if channel.isOpen { channelDidOpen(channel) } else { channel.open() }
    }

    /// So many bytes wait that the owner should write no more until `connectionDidDrain`.
    public var isSaturated: Bool { channel.isSaturated }

    /// Whether a response is wanted: a request was delivered, and none has begun.
    public var awaitsResponse: Bool { exchange.awaitsResponse }

    /// Open, and between two requests: not a byte of the next one has come.
    public var isIdle: Bool { exchange.state == .idle && channel.isOpen }

    /// From now on nothing more of the request or the tunnel is delivered, at once, until `resumeReading()`. Holds for
    /// the current request only.
    public func pauseReading() { perform(.pause) }

    /// Delivery goes on, never within this call.
    public func resumeReading() { perform(.resume) }

    /// Closes at once. A response that is not finished is cut, and a TLS client can tell.
    public func close() {
        exchange.didClose()
        channel.close()
    }

    // MARK: Carrying out

    func perform(_ event: ServerExchange.Event) {
        carryOut(exchange.handle(event, at: loop.now))
    }

    /// What needs a piece of the message (`deliver`, `writeHead`, `writeBody`) is done where the event came from; what is
    /// left here is common to all events.
    func carryOut(_ actions: ServerExchange.Actions) {
        if !actions.isEmpty { carryOutEach(actions) }
        settle()
    }

    private func carryOutEach(_ actions: ServerExchange.Actions) {
        if actions.contains(.sendContinue) { gather("HTTP/1.1 100 Continue\r\n\r\n") }
        if actions.contains(.endBody) { gather(ChunkEncoding.end) }
        if actions.contains(.answerError), let fault { gatherAnswer(to: fault) }
        if actions.contains(.fail), let fault { delegate?.connection(self, didFail: fault) }
        if actions.contains(.notifyEnd) {
            if exchange.state == .tunnel {
                delegate?.connectionDidEndTunnel(self)
            } else {
                delegate?.connectionClientDidEnd(self)
            }
        }
        if actions.contains(.readOn) { readOnSoon() }
        if actions.contains(.endWriting) {
            flush()
            channel.finishWriting()
        }
        if actions.contains(.closeGracefully) { linger() }
        if actions.contains(.close) { channel.close() }
    }

    /// What follows from the state after every event: whether the socket is read, and when to look again.
    private func settle() {
        guard !channel.isClosed else { return }
        let isFarAhead = held.count >= TransportLimits.readAheadBytes
        let wantsMore = !isFarAhead && (exchange.intake != .hold || exchange.watchesClient)
        if wantsMore == isChannelPaused {
            isChannelPaused = !wantsMore
            if wantsMore { channel.resumeReading() } else { channel.pauseReading() }
        }
        if isFarAhead, exchange.watchesClient { wake(at: loop.now + exchange.timeouts.presence) }
        if let deadline = exchange.deadline { wake(at: deadline) }
    }

    private func wake(at deadline: MonotonicTime) {
        guard wakeup.isLater(than: deadline) else { return }
        wakeup.move(to: deadline, on: loop) { [self] in timeCame() }
    }

    private func timeCame() {
        wakeup.unset()
        // Nobody reads, so nobody would be told. What it sent before its end is still to be read; that end comes then.
        if isChannelPaused, exchange.watchesClient, !exchange.clientHasEnded, channel.peerHasEnded {
            return perform(.clientEnd(inputLeft: true))
        }
        fault = exchange.state == .head ? .headTimeout : .bodyTimeout
        perform(.time(queued: channel.queuedBytes))
    }

    private func linger() {
        flush()
        // The limit on lingering is for the client's end, not for the bytes that are still on their way.
        if channel.queuedBytes == 0 { return channel.closeGracefully() }
        isLingering = true
        channel.finishWriting()
    }

    // MARK: What the client sends

    private func take(_ bytes: UnsafeRawBufferPointer) {
        guard held.isEmpty, !isTaking else { return held.append(bytes) }
        let taken = consume(bytes)
        held.append(UnsafeRawBufferPointer(rebasing: bytes[taken...]))
    }

    private func takeHeld() {
        guard !held.isEmpty, !isTaking else { return }
        let content = held.content
        held.drop(content.withUnsafeBytes { consume($0) })
    }

    /// Takes bytes as far as the exchange allows; returns how many.
    private func consume(_ bytes: UnsafeRawBufferPointer) -> Int {
        isTaking = true
        defer { isTaking = false }
        var position = 0
        while !channel.isClosed {
            switch exchange.intake {
            case .hold:
                return position
            case .forget:
                return bytes.count
            case .tunnel:
                if position < bytes.count {
                    delegate?.connection(self, didReadTunnel: UnsafeRawBufferPointer(rebasing: bytes[position...]))
                }
                return bytes.count
            case .parse:
                guard let reading, parseOne(reading, bytes, &position) else { return bytes.count }
            }
        }
        return bytes.count
    }

    /// Takes one event out of the parser; false when it needs more bytes.
    private func parseOne(
        _ reading: Lettable<RequestParser>, _ bytes: UnsafeRawBufferPointer, _ position: inout Int
    ) -> Bool {
        let event: RequestParser.Event
        do throws(HTTPParseError) {
            event = try reading.value.next(in: bytes, at: &position)
        } catch {
            fault = .malformed(error)
            perform(.malformed)
            return true
        }
        let now = loop.now
        switch event {
        case .needMore:
            if !reading.value.isIdle { perform(.bytes) }
            return false
        case .head:
            if exchange.handle(.head(reading.facts), at: now).contains(.deliver) {
                delegate?.connection(self, didReceive: reading.value.head, framing: reading.value.framing)
                perform(.headDelivered)
            }
        case .body(let range):
            let actions = exchange.handle(.body(range.count), at: now)
            if actions.contains(.deliver) {
                delegate?.connection(self, didReceiveBody: UnsafeRawBufferPointer(rebasing: bytes[range]))
            }
            carryOut(actions)
        case .end:
            let actions = exchange.handle(.end, at: now)
            if actions.contains(.deliver) { delegate?.connectionDidReceiveEnd(self) }
            carryOut(actions)
        }
        return true
    }

    private func readOnSoon() {
        if exchange.state == .tunnel { letHTTPGo() }
        guard !isTaking, !held.isEmpty || clientHasEnded else { return }
        mustReadOn = true
        askForEndOfTurn()
    }

    /// A tunnel may last for days, and nothing of it is HTTP.
    private func letHTTPGo() {
        reading = nil
        wakeup.unset()
    }

    func askForEndOfTurn() {
        guard !isEndOfTurnDue else { return }
        isEndOfTurnDue = true
        loop.atEndOfTurn(self)
    }
}

extension HTTPServerConnection: EndOfTurnTask {
    public func endOfTurn() {
        isEndOfTurnDue = false
        guard !channel.isClosed else { return }
        if mustReadOn {
            mustReadOn = false
            takeHeld()
            if clientHasEnded { perform(.clientEnd(inputLeft: !held.isEmpty)) }
        }
        flush()
        settle()
    }
}

extension HTTPServerConnection: ByteChannelDelegate {
    public func channelDidOpen(_ channel: ByteChannel) {
        settle()
    }

    public func channel(_ channel: ByteChannel, didRead bytes: UnsafeRawBufferPointer) {
        take(bytes)
        settle()
    }

    public func channelDidEnd(_ channel: ByteChannel) {
        clientHasEnded = true
        perform(.clientEnd(inputLeft: !held.isEmpty))
    }

    public func channelDidDrain(_ channel: ByteChannel) {
        perform(.queue(before: 0, after: 0))
        if isLingering { return channel.closeGracefully() }
        delegate?.connectionDidDrain(self)
    }

    public func channelDidClose(_ channel: ByteChannel, error: ChannelError?) {
        wakeup.unset()
        held = HeldBytes()
        gathered = []
        exchange.didClose()
        let owner = delegate
        delegate = nil
        owner?.connectionDidClose(self, error: error)
        ownReference = nil
    }
}

extension Lettable<RequestParser> {
    /// Of the request whose head has been read. Here, so that the parser is looked at where it stands, and not copied.
    fileprivate var facts: ServerExchange.Facts {
        ServerExchange.Facts(
            isHTTP10: value.head.version == .http10, isHEAD: value.head.method == "HEAD",
            hasBody: value.framing != .none && value.framing != .length(0), keepsAlive: value.keepsAlive,
            expectsContinue: value.expectsContinue)
    }
}
