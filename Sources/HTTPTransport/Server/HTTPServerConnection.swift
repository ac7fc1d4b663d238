import EventLoop
import HTTPWire

/// The server side of one HTTP/1.1 connection: requests are parsed and delivered to the owner one at a time, responses
/// are framed and written. Confined to its channel's loop.
///
/// `ServerExchange` decides what is allowed when; this class only carries it out. It retains itself and its owner from
/// `start()` until the channel is closed. Calls that come too late (the client is gone, the request was rejected) are
/// harmless.
public final class HTTPServerConnection {
    public let channel: ByteChannel
    // Exclusivity checks are off where no code that runs during an access can access the same property again.
    @exclusivity(unchecked) public private(set) var delegate: (any HTTPServerConnectionDelegate)?

    @exclusivity(unchecked) var exchange: ServerExchange
    /// Framed bytes that are sent together: at the end of the turn, with the next piece of a body, or when they are
    /// many.
    @exclusivity(unchecked) var gathered: [UInt8] = []
    /// Present until the connection becomes a tunnel.
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
    ///   - channel: already opened, or the connection opens it; the connection becomes its delegate.
    ///   - delegate: the owner, retained until the connection is closed.
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

    /// Starts the TLS handshake, if one is still due, then reads the first request.
    public func start() {
        ownReference = self
        channel.delegate = self
        if channel.isOpen { channelDidOpen(channel) } else { channel.open() }
    }

    /// Whether the queue is above the high-water mark, so that the owner should stop writing until
    /// `connectionDidDrain`.
    public var isSaturated: Bool { channel.isSaturated }

    /// Whether a response is due: a request was delivered, and no response has begun.
    public var awaitsResponse: Bool { exchange.awaitsResponse }

    /// Whether it is open and between two requests, with no byte of the next one received.
    public var isIdle: Bool { exchange.state == .idle && channel.isOpen }

    /// Stops delivery of the request or the tunnel immediately, until `resumeReading()`. Applies to the current request
    /// only.
    public func pauseReading() { perform(.pause) }

    /// Resumes delivery, never within this call.
    public func resumeReading() { perform(.resume) }

    /// Closes immediately. An unfinished response is truncated, which a TLS client can detect.
    public func close() {
        exchange.didClose()
        channel.close()
    }

    // MARK: Carrying out

    func perform(_ event: ServerExchange.Event) {
        carryOut(exchange.handle(event, at: loop.now))
    }

    /// Actions that need a part of the message (`deliver`, `writeHead`, `writeBody`) are carried out by the caller;
    /// this handles those common to all events.
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

    /// Applies what follows from the state after every event: whether to read the socket, and the next deadline.
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
        // While reading is paused no event reports the client's end. The bytes it sent before are still to be read,
        // then its end.
        if isChannelPaused, exchange.watchesClient, !exchange.clientHasEnded, channel.peerHasEnded {
            return perform(.clientEnd(inputLeft: true))
        }
        fault = exchange.state == .head ? .headTimeout : .bodyTimeout
        perform(.time(queued: channel.queuedBytes))
    }

    private func linger() {
        flush()
        // The linger timeout covers the wait for the client's end, not the bytes still in flight.
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

    /// Consumes bytes as far as the exchange allows; returns how many.
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

    /// Takes one event from the parser; false if it needs more bytes.
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

    /// Frees the HTTP parser: a tunnel may last for days, and carries no HTTP.
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
    /// Facts of the request whose head was parsed. Defined here so that the parser is read in place, not copied.
    fileprivate var facts: ServerExchange.Facts {
        ServerExchange.Facts(
            isHTTP10: value.head.version == .http10, isHEAD: value.head.method == "HEAD",
            hasBody: value.framing != .none && value.framing != .length(0), keepsAlive: value.keepsAlive,
            expectsContinue: value.expectsContinue)
    }
}
