import EventLoop
import HTTPWire

/// The events of a client connection for the owner of its exchange, always on its loop.
public protocol HTTPClientConnectionDelegate: AnyObject {
    /// A 1xx response other than 101; the final head follows.
    func connection(_ connection: HTTPClientConnection, didReceiveInformational head: ResponseHead)
    /// The final head. After a 101 the connection is a tunnel.
    func connection(_ connection: HTTPClientConnection, didReceive head: ResponseHead, framing: BodyFraming)
    /// Bytes of the body, valid only during this call.
    func connection(_ connection: HTTPClientConnection, didReceiveBody bytes: UnsafeRawBufferPointer)
    /// The response is complete. If the request is too, the connection can be released to its pool.
    func connectionDidReceiveEnd(_ connection: HTTPClientConnection)
    /// Bytes of the tunnel, valid only during this call.
    func connection(_ connection: HTTPClientConnection, didReadTunnel bytes: UnsafeRawBufferPointer)
    /// The upstream has half-closed the tunnel.
    func connectionDidEndTunnel(_ connection: HTTPClientConnection)
    /// The queued bytes have been sent.
    func connectionDidDrain(_ connection: HTTPClientConnection)
    /// The exchange or the tunnel failed; this is the last event. Never called within a call into the connection, nor
    /// after `close()`.
    func connection(_ connection: HTTPClientConnection, didFail error: HTTPClientError)
}

/// One HTTP/1.1 connection to an upstream: one exchange at a time, kept alive between exchanges. Confined to its loop.
///
/// It lives until it is closed: its owner must release it to its pool or close it. The owner is responsible for back
/// pressure: it stops feeding while `isSaturated`, until `connectionDidDrain`.
public final class HTTPClientConnection {
    // Exclusivity checks are off where no code that runs during an access can access the same property again.
    @exclusivity(unchecked) private var owner: (any HTTPClientConnectionDelegate)?
    @exclusivity(unchecked) private var hasServed = false
    // Properties that other modules read are computed: those modules would not see that the stored ones are unchecked.
    /// Retained until the end of the exchange, or until the connection is closed.
    public var delegate: (any HTTPClientConnectionDelegate)? {
        get { owner }
        set { owner = newValue }
    }
    public var address: UpstreamAddress { site.key.address }
    /// Whether the connection has completed an earlier exchange.
    public var isReused: Bool { hasServed }

    let channel: ByteChannel
    let site: UpstreamSite
    /// Whether its pool counts it, because it has opened.
    var isCounted = false
    /// Whether it is among the idle connections of its site.
    var isPooled = false
    /// Called once: when the channel has opened, or has closed before that.
    var onOpen: ((HTTPClientError?) -> Void)?

    private var phase = Phase.opening
    private var request = RequestSide.finished
    /// Present until the connection becomes a tunnel.
    @exclusivity(unchecked) private var reading: Lettable<ResponseParser>?
    private var hasAnswerBytes = false
    private var isIdempotent = false
    private var asked = ""
    private var failure: HTTPClientError?
    @exclusivity(unchecked) private var output: [UInt8] = []
    private let writeStallTimeout: Duration
    private var stallTimer: LoopTimer?

    private enum Phase {
        /// Moves to `idle` when the channel has opened.
        case opening
        /// Between exchanges. Moves to `exchange` on `send`.
        case idle
        /// Moves to `idle` when request and response are complete, to `tunnel` after a 101.
        case exchange
        case tunnel
        case closed
    }

    private enum RequestSide {
        case length(remaining: Int64)
        case chunked
        case finished
    }

    /// - Parameter channel: not yet opened; the connection becomes its delegate and opens it.
    init(channel: ByteChannel, site: UpstreamSite, limits: UpstreamPool.Limits) {
        self.channel = channel
        writeStallTimeout = limits.writeStallTimeout
        self.site = site
        reading = Lettable(ResponseParser(limits: limits.http))
        channel.delegate = self
    }

    // MARK: Facts

    public var loop: Loop { channel.loop }
    /// Whether no exchange is in progress and another request can be sent.
    public var isReusable: Bool { phase == .idle && channel.isOpen }
    public var isSaturated: Bool { channel.isSaturated }
    public var queuedBytes: Int { channel.queuedBytes }

    // MARK: The request

    /// Begins an exchange: the head and the first bytes of the body are sent in one write.
    ///
    /// - Parameters:
    ///   - framing: never `.untilClose`.
    /// - upgrade: whether the head asks to switch protocols, so that a 101 is a valid response.
    public func send(
        _ head: RequestHead, framing: BodyFraming, body: UnsafeRawBufferPointer? = nil, upgrade: Bool = false
    ) {
        begin(RequestFacts(head, framing: framing, upgrade: upgrade))
        output.removeAll(keepingCapacity: true)
        head.write(framing: framing, into: &output)
        guard let body, !body.isEmpty else { return flush() }
        append(body)
    }

    /// As above, with a head already in wire form, including the empty line; it is sent immediately.
    public func send(wire head: UnsafeRawBufferPointer, _ facts: RequestFacts) {
        begin(facts)
        channel.write(head)
        watchForStall()
    }

    private func begin(_ facts: RequestFacts) {
        precondition(phase == .idle, "an exchange begins on an unused connection")
        phase = .exchange
        hasAnswerBytes = false
        isIdempotent = facts.isIdempotent
        asked = facts.method
        request =
            switch facts.framing {
            case .none, .untilClose, .length(0): .finished
            case .length(let length): .length(remaining: length)
            case .chunked: .chunked
            }
        parser.expect(requestMethod: facts.method, upgrade: facts.upgrade)
    }

    /// Sends more of the body; with `.chunked` each call makes one chunk.
    public func sendBody(_ bytes: UnsafeRawBufferPointer) {
        guard phase == .exchange, !bytes.isEmpty else { return }
        output.removeAll(keepingCapacity: true)
        append(bytes)
    }

    /// Completes the request.
    public func finishRequest() {
        guard phase == .exchange else { return }
        switch request {
        case .finished: break
        case .chunked:
            request = .finished
            output.removeAll(keepingCapacity: true)
            output.append(contentsOf: ChunkEncoding.end.bytes)
            flush()
        case .length(let remaining):
            fail(.protocol, "the request's body ended \(remaining) bytes early")
        }
    }

    private func append(_ bytes: UnsafeRawBufferPointer) {
        switch request {
        case .chunked:
            ChunkEncoding.writePrefix(count: bytes.count, into: &output)
            output.append(contentsOf: bytes)
            output.append(contentsOf: ChunkEncoding.suffix.bytes)
            flush()
        case .length(let remaining) where bytes.count <= remaining:
            request = remaining == bytes.count ? .finished : .length(remaining: remaining - Int64(bytes.count))
            output.withUnsafeBytes { channel.write($0, bytes) }
            watchForStall()
        case .length, .finished:
            fail(.protocol, "the request's body is longer than announced")
        }
    }

    private func flush() {
        output.withUnsafeBytes { channel.write($0) }
        watchForStall()
    }

    private func watchForStall() {
        guard stallTimer == nil, channel.queuedBytes > 0 else { return }
        stallTimer = loop.schedule(after: writeStallTimeout) { [weak self] in
            guard let self else { return }
            fail(.timeout, "what was written did not all leave within \(writeStallTimeout)")
        }
    }

    // MARK: The answer

    /// Stops reading from the upstream: at most the bytes of one read are still delivered.
    public func pauseReading() { channel.pauseReading() }
    public func resumeReading() { channel.resumeReading() }

    private var parser: ResponseParser {
        _read { yield reading!.value }
        _modify { yield &reading!.value }
    }

    private func parse(_ input: UnsafeRawBufferPointer) {
        // The reference is retained once here, rather than for each event.
        guard let reading else { return }
        var position = 0
        while phase == .exchange {
            do throws(HTTPParseError) {
                switch try reading.value.next(in: input, at: &position) {
                case .needMore: return
                case .informational: owner?.connection(self, didReceiveInformational: reading.value.head)
                case .head:
                    if reading.value.switchesProtocols { phase = .tunnel }
                    owner?.connection(self, didReceive: reading.value.head, framing: reading.value.framing)
                    if phase == .tunnel { letHTTPGo() }
                case .body(let range):
                    owner?.connection(self, didReceiveBody: UnsafeRawBufferPointer(rebasing: input[range]))
                case .end: didReceiveEnd(hasRest: position < input.count)
                }
            } catch {
                return fail(.protocol, error.reason)
            }
        }
        if phase == .tunnel, position < input.count {
            delegate?.connection(self, didReadTunnel: UnsafeRawBufferPointer(rebasing: input[position...]))
        }
    }

    /// Frees the HTTP parser: a tunnel may last for days, and carries no HTTP.
    private func letHTTPGo() {
        reading = nil
        output = []
    }

    private func didReceiveEnd(hasRest: Bool) {
        // An upstream that responds before the request is complete does not want the rest of it.
        if case .finished = request, parser.keepsAlive, !hasRest, channel.isOpen {
            phase = .idle
            hasServed = true
            // The owner may begin the next exchange within this call.
            delegate?.connectionDidReceiveEnd(self)
        } else {
            becomeClosed()
            delegate?.connectionDidReceiveEnd(self)
            channel.close()
        }
    }

    // MARK: The tunnel

    public func writeTunnel(_ bytes: UnsafeRawBufferPointer) {
        guard phase == .tunnel else { return }
        channel.write(bytes)
        watchForStall()
    }

    /// Half-closes our direction of the tunnel; the upstream's stays open.
    public func finishTunnel() {
        guard phase == .tunnel else { return }
        channel.finishWriting()
    }

    // MARK: Ending

    /// Abandons the connection; the delegate receives no further events. A tunnel's queued bytes are still sent; an
    /// exchange is aborted, so that a partial request cannot be taken for a complete one.
    public func close() {
        delegate = nil
        guard phase != .closed else { return }
        let isCut = phase == .exchange
        becomeClosed()
        if isCut { channel.close() } else { channel.closeGracefully() }
    }

    private func fail(_ kind: HTTPClientError.Kind, _ what: String) {
        guard phase != .closed else { return }
        let diedUnused = kind == .closed && isReused && !hasAnswerBytes && isIdempotent
        failure = HTTPClientError(kind, "\(asked) to \(address): \(what)", isRetrySafe: diedUnused)
        becomeClosed()
        channel.close()
    }

    private func becomeClosed() {
        phase = .closed
        stallTimer?.cancel()
        if isCounted {
            isCounted = false
            site.pool?.didClose(self)
        }
    }
}

extension HTTPClientConnection: ByteChannelDelegate {
    public func channelDidOpen(_ channel: ByteChannel) {
        phase = .idle
        didOpen(nil)
    }

    private func didOpen(_ error: HTTPClientError?) {
        let onOpen = onOpen
        self.onOpen = nil
        onOpen?(error)
    }

    public func channel(_ channel: ByteChannel, didRead bytes: UnsafeRawBufferPointer) {
        switch phase {
        case .exchange:
            hasAnswerBytes = true
            parse(bytes)
        case .tunnel: delegate?.connection(self, didReadTunnel: bytes)
        // Unsolicited bytes: this connection cannot be trusted with another request.
        case .idle: close()
        case .opening, .closed: break
        }
    }

    public func channelDidEnd(_ channel: ByteChannel) {
        switch phase {
        case .exchange:
            do throws(HTTPParseError) {
                if try parser.finish() { didReceiveEnd(hasRest: false) }
            } catch {
                let place = hasAnswerBytes ? "in the middle of the answer" : "before it answered"
                fail(.closed, "the upstream closed the connection \(place)")
            }
        case .tunnel: delegate?.connectionDidEndTunnel(self)
        case .idle: close()
        case .opening, .closed: break
        }
    }

    public func channelDidDrain(_ channel: ByteChannel) {
        stallTimer?.cancel()
        stallTimer = nil
        if phase == .exchange || phase == .tunnel { delegate?.connectionDidDrain(self) }
    }

    public func channelDidClose(_ channel: ByteChannel, error: ChannelError?) {
        let error = error ?? ChannelError(.stream, "the connection was closed")
        switch phase {
        case .opening:
            becomeClosed()
            didOpen(HTTPClientError(connectingTo: address, error))
        case .exchange, .tunnel: fail(.closed, error.message)
        case .idle: becomeClosed()
        case .closed: break
        }
        let owner = delegate
        delegate = nil
        if let failure { owner?.connection(self, didFail: failure) }
    }
}

extension StaticString {
    /// The string's bytes; they live as long as the process.
    var bytes: UnsafeBufferPointer<UInt8> { UnsafeBufferPointer(start: utf8Start, count: utf8CodeUnitCount) }
}

/// What an upstream connection must know about a request in addition to its bytes.
public struct RequestFacts: Sendable, Hashable {
    public var method: String
    public var isIdempotent: Bool
    /// Never `.untilClose`.
    public var framing: BodyFraming
    /// Whether the head asks to switch protocols, so that a 101 is a valid response.
    public var upgrade: Bool

    public init(_ head: RequestHead, framing: BodyFraming, upgrade: Bool) {
        method = head.method
        isIdempotent = head.isIdempotent
        self.framing = framing
        self.upgrade = upgrade
    }
}
