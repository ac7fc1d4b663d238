import EventLoop
import HTTPWire

/// What a client connection tells the owner of its exchange, always on its loop.
public protocol HTTPClientConnectionDelegate: AnyObject {
    /// 1xx other than 101; the final head follows.
    func connection(_ connection: HTTPClientConnection, didReceiveInformational head: ResponseHead)
    /// The final head. After a 101 the connection is a tunnel.
    func connection(_ connection: HTTPClientConnection, didReceive head: ResponseHead, framing: BodyFraming)
    /// Bytes of the body, valid only during this call.
    func connection(_ connection: HTTPClientConnection, didReceiveBody bytes: UnsafeRawBufferPointer)
    /// The answer is complete. When the request is too, the connection can be released to its pool.
    func connectionDidReceiveEnd(_ connection: HTTPClientConnection)
    /// Bytes of the other protocol, valid only during this call.
    func connection(_ connection: HTTPClientConnection, didReadTunnel bytes: UnsafeRawBufferPointer)
    /// The upstream will send nothing more through the tunnel.
    func connectionDidEndTunnel(_ connection: HTTPClientConnection)
    /// What waited to be sent has left.
    func connectionDidDrain(_ connection: HTTPClientConnection)
    /// The exchange or the tunnel broke off; nothing follows. Never within a call into the connection, and not after
    /// `close()`.
    func connection(_ connection: HTTPClientConnection, didFail error: HTTPClientError)
}

/// One HTTP/1.1 connection to an upstream: one exchange at a time, kept alive between them. Confined to its loop.
///
/// It lives until it is closed: whoever has it releases it to its pool or closes it. Writing is in the hands of the owner: it stops feeding
/// while `isSaturated`, until `connectionDidDrain`.
public final class HTTPClientConnection {
    // Where exclusivity is unchecked, nothing that is called during a change or a look comes back to the same place.
    @exclusivity(unchecked) private var owner: (any HTTPClientConnectionDelegate)?
    @exclusivity(unchecked) private var hasServed = false
    // What other rooms look at is computed: of a stored variable they would not know that it is unchecked.
    /// Held until the exchange ends it, or the connection is closed.
    public var delegate: (any HTTPClientConnectionDelegate)? {
        get { owner }
        set { owner = newValue }
    }
    public var address: UpstreamAddress { site.key.address }
    /// Whether an earlier exchange has been completed on it.
    public var isReused: Bool { hasServed }

    let channel: ByteChannel
    let site: UpstreamSite
    /// Its pool counts it: it has opened.
    var isCounted = false
    /// It stands among the unused ones of its site.
    var isPooled = false
    /// Called once: when the channel has opened, or has closed before.
    var onOpen: ((HTTPClientError?) -> Void)?

    private var phase = Phase.opening
    private var request = RequestSide.finished
    /// There until the connection is a tunnel.
    @exclusivity(unchecked) private var reading: Lettable<ResponseParser>?
    private var hasAnswerBytes = false
    private var isIdempotent = false
    private var asked = ""
    private var failure: HTTPClientError?
    @exclusivity(unchecked) private var output: [UInt8] = []
    private let writeStallTimeout: Duration
    private var stallTimer: LoopTimer?

    private enum Phase {
        /// Exits to `idle` when the channel has opened.
        case opening
        /// Between exchanges. Exits to `exchange` by `send`.
        case idle
        /// Exits to `idle` when request and answer are complete, to `tunnel` after a 101.
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
    /// Nothing is under way, and another request can be sent.
    public var isReusable: Bool { phase == .idle && channel.isOpen }
    public var isSaturated: Bool { channel.isSaturated }
    public var queuedBytes: Int { channel.queuedBytes }

    // MARK: The request

    /// Begins an exchange: the head and the first bytes of the body leave in one write.
    ///
    /// - Parameters:
    ///   - framing: never `.untilClose`.
    ///   - upgrade: the head asks for another protocol, so that a 101 is a valid answer.
    public func send(
        _ head: RequestHead, framing: BodyFraming, body: UnsafeRawBufferPointer? = nil, upgrade: Bool = false
    ) {
        begin(RequestFacts(head, framing: framing, upgrade: upgrade))
        output.removeAll(keepingCapacity: true)
        head.write(framing: framing, into: &output)
        guard let body, !body.isEmpty else { return flush() }
        append(body)
    }

    /// The same with a head that stands in wire form already, its empty line included; it leaves at once.
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

    /// Sends on with the body; with `.chunked` each call makes one chunk.
    public func sendBody(_ bytes: UnsafeRawBufferPointer) {
        guard phase == .exchange, !bytes.isEmpty else { return }
        output.removeAll(keepingCapacity: true)
        append(bytes)
    }

    /// The request is complete.
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

    /// Stops reading at the upstream: at most what one read brought still comes.
    public func pauseReading() { channel.pauseReading() }
    public func resumeReading() { channel.resumeReading() }

    private var parser: ResponseParser {
        _read { yield reading!.value }
        _modify { yield &reading!.value }
    }

    private func parse(_ input: UnsafeRawBufferPointer) {
        // Its references are counted once, and not for each event.
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

    /// A tunnel may last for days, and nothing of it is HTTP.
    private func letHTTPGo() {
        reading = nil
        output = []
    }

    private func didReceiveEnd(hasRest: Bool) {
        // Whoever answers before the request is complete does not want the rest of it.
        if case .finished = request, parser.keepsAlive, !hasRest, channel.isOpen {
            phase = .idle
            hasServed = true
            // The owner may begin the next exchange in here.
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

    /// Ends our direction of the tunnel; the upstream's goes on.
    public func finishTunnel() {
        guard phase == .tunnel else { return }
        channel.finishWriting()
    }

    // MARK: Ending

    /// Gives the connection up; the delegate hears nothing more. A tunnel's last bytes still leave; an exchange is cut
    /// off, so that what was sent of a request cannot be taken for the whole.
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
        // Nobody asked: whatever it is, this connection cannot be trusted with a request.
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
    /// The text's bytes; it lives as long as the process.
    var bytes: UnsafeBufferPointer<UInt8> { UnsafeBufferPointer(start: utf8Start, count: utf8CodeUnitCount) }
}

/// What the connection to an upstream must know of a request besides its bytes.
public struct RequestFacts: Sendable, Hashable {
    public var method: String
    public var isIdempotent: Bool
    /// Never `.untilClose`.
    public var framing: BodyFraming
    /// The head asks for another protocol, so that a 101 is a valid answer.
    public var upgrade: Bool

    public init(_ head: RequestHead, framing: BodyFraming, upgrade: Bool) {
        method = head.method
        isIdempotent = head.isIdempotent
        self.framing = framing
        self.upgrade = upgrade
    }
}
