import EventLoop
import TLS

/// What a channel tells its owner, always on the channel's loop.
public protocol ByteChannelDelegate: AnyObject {
    /// Bytes can be written now: the TLS handshake has finished. Without TLS it comes within `open()`.
    func channelDidOpen(_ channel: ByteChannel)
    /// Bytes came; valid only during this call.
    func channel(_ channel: ByteChannel, didRead bytes: UnsafeRawBufferPointer)
    /// The peer will send nothing more (with TLS: it said so); writing still works.
    func channelDidEnd(_ channel: ByteChannel)
    /// Bytes had to wait, and now all of them are with the kernel.
    func channelDidDrain(_ channel: ByteChannel)
    /// The channel is closed, exactly once and last of all; never within a call into the channel. Without an error it
    /// was closed by its owner.
    func channelDidClose(_ channel: ByteChannel, error: ChannelError?)
}

/// A stream, with or without TLS on it. Confined to its loop.
///
/// From `open()` until it is closed it holds its delegate and itself: whoever opens a channel closes it.
/// Every method may be called from within a delegate's method.
public final class ByteChannel {
    // Where exclusivity is unchecked, nothing that is called during a change or a look comes back to the same place.
    @exclusivity(unchecked) public var delegate: (any ByteChannelDelegate)?
    public let loop: Loop

    let stream: Stream
    let tls: TLSConnection?
    private var phase = Phase.new
    private var isPaused = false
    private var isDecrypting = false
    private var hasEnded = false
    private var isDiscarding = false
    private var failure: ChannelError?
    private let rooms: ChannelRooms?
    /// Where the rooms have it, while it may hold buffers.
    var place: Int?
    /// Since the rooms looked last.
    var isActive = false
    /// Small, for there are many channels, and most have long shaken hands.
    private let handshakeMilliseconds: UInt32
    /// What a client that speaks HTTP where TLS is due gets for an answer, before it is closed; `nil` tells it nothing.
    public var answerToPlaintext: StaticString?
    private var isPlaintext = false
    private var isAwaitingFirstBytes = true
    private var timer: LoopTimer?
    private var ownReference: ByteChannel?
    /// Bytes delivered and written so far: without what TLS adds.
    @exclusivity(unchecked) public private(set) var receivedBytes = 0
    @exclusivity(unchecked) public private(set) var sentBytes = 0

    private enum Phase {
        /// Exits to `handshaking` or `open` by `open()`.
        case new
        /// Exits to `open` when the handshake has finished.
        case handshaking
        /// Reads and writes. Exits to `finishing` by `finishWriting()`.
        case open
        /// Our direction has ended, the peer's may go on.
        case finishing
        /// The stream was told to close; nothing is delivered any more but the end of it all.
        case closed
    }

    /// - Parameters:
    ///   - stream: a connected stream that nobody reads yet; the channel becomes its delegate and closes it.
    ///   - tls: an engine that has not begun.
    ///   - handshakeTimeout: to the millisecond.
    ///   - rooms: what the loop's channels share; given exactly when the engine was made with its `tls` rooms.
    public init(
        stream: Stream, tls: TLSConnection?, rooms: ChannelRooms? = nil,
        handshakeTimeout: Duration = TransportLimits.handshakeTimeout
    ) {
        self.rooms = rooms
        self.stream = stream
        self.tls = tls
        handshakeMilliseconds = UInt32(clamping: Int64(handshakeTimeout / .milliseconds(1)))
        loop = stream.loop
    }

    deinit {
        rooms?.remove(self)
        // Never opened: nobody else will close it.
        if phase == .new { stream.close() }
    }

    // MARK: Facts

    /// The name the client asked for in its TLS handshake.
    public var serverName: String? { tls?.serverName }
    /// Whether its TLS took up an earlier session.
    public var isResumed: Bool { tls?.isResumed == true }
    /// The protocol that TLS agreed on.
    public var negotiatedALPN: String? { tls?.negotiatedALPN }
    public var isSecure: Bool { tls != nil }
    /// The end of validity of the certificate that the other side showed, in seconds since 1970.
    public var peerCertificateExpiry: Int64? { tls?.peerCertificateExpiry }
    public var peerAddress: SocketAddress? { stream.peerAddress }
    /// Who is at the other end of a Unix socket. One system call.
    public var localPeer: LocalPeer? { stream.localPeer }
    /// Whether the kernel knows that the peer has ended its side or is gone: also while reading is paused, and nobody is
    /// told of it. One system call.
    public var peerHasEnded: Bool { stream.peerHasEnded }
    /// Whether it can be written to: opened, and neither finished nor closed.
    public var isOpen: Bool { phase == .open }
    public var isClosed: Bool { phase == .closed }
    /// Bytes not yet with the kernel.
    public var queuedBytes: Int { stream.queuedBytes }
    /// So many bytes wait that whoever feeds this channel should stop until `channelDidDrain`.
    public var isSaturated: Bool { stream.queuedBytes > TransportLimits.highWaterBytes }

    // MARK: Beginning

    /// Begins: the handshake, if there is TLS, and reading.
    public func open() {
        loop.preconditionCurrent()
        precondition(phase == .new, "a channel is opened once")
        ownReference = self
        stream.delegate = self
        guard tls != nil else {
            phase = .open
            stream.startReading()
            delegate?.channelDidOpen(self)
            return
        }
        phase = .handshaking
        let limit = Duration.milliseconds(Int64(handshakeMilliseconds))
        timer = loop.schedule(after: limit) { [self] in
            fail(ChannelError(.handshakeTimeout, "the TLS handshake did not finish within \(limit)"))
        }
        stream.startReading()
        shakeHands()
    }

    private func shakeHands() {
        guard let tls, phase == .handshaking else { return }
        do throws(TLSError) {
            let isFinished = try tls.advanceHandshake()
            if !tls.holdsTickets { sendCiphertext() }
            guard isFinished, phase == .handshaking else { return }
        } catch {
            return fail(error)
        }
        timer?.cancel()
        timer = nil
        phase = .open
        if isPaused { stream.stopReading() }
        delegate?.channelDidOpen(self)
    }

    /// Whether these first bytes are the beginning of a method. A TLS record begins with a number below the letters, a
    /// hello of SSL 2 with one above them.
    private static func isMethod(_ bytes: UnsafeRawBufferPointer) -> Bool {
        !bytes.isEmpty && bytes.prefix(3).allSatisfy { (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0) }
    }

    /// Tells a client in its own words, and waits a while for its end: what it still sends must not cut the answer off.
    private func refusePlaintext(_ answer: StaticString) {
        isPlaintext = true
        failure = ChannelError(.plaintext, "the client spoke HTTP without TLS")
        phase = .finishing
        isDiscarding = true
        timer?.cancel()
        timer = loop.schedule(after: TransportLimits.lingerTimeout) { [self] in close() }
        stream.write(UnsafeRawBufferPointer(start: answer.utf8Start, count: answer.utf8CodeUnitCount))
        stream.shutdownWrite()
    }

    // MARK: Reading

    /// From now on nothing is delivered, until `resumeReading()`. A handshake goes on all the same.
    public func pauseReading() {
        isPaused = true
        if phase == .open || phase == .finishing { stream.stopReading() }
    }

    /// Bytes that TLS still holds are delivered first, never within this call.
    public func resumeReading() {
        guard isPaused else { return }
        isPaused = false
        guard phase == .open || phase == .finishing else { return }
        guard tls != nil, !isDecrypting else { return stream.startReading() }
        loop.atEndOfTurn(self)
    }

    fileprivate func readOn() {
        guard !isPaused, phase == .open || phase == .finishing else { return }
        decrypt()
        if !isPaused, phase == .open || phase == .finishing { stream.startReading() }
    }

    private func deliver(_ bytes: UnsafeRawBufferPointer) {
        receivedBytes += bytes.count
        if !isDiscarding { delegate?.channel(self, didRead: bytes) }
    }

    private func didEnd() {
        guard !hasEnded else { return }
        hasEnded = true
        stream.stopReading()
        if isDiscarding { return close() }
        delegate?.channelDidEnd(self)
    }

    /// Delivers all plaintext there is. A delegate may pause, write, finish or close in the middle of it.
    private func decrypt() {
        guard let tls, !isDecrypting, !hasEnded else { return }
        isDecrypting = true
        if let rooms {
            noteActivity()
            rooms.withPlaintext { decrypt(tls, into: $0) }
        } else {
            withUnsafeTemporaryAllocation(byteCount: TransportLimits.plaintextBytes, alignment: 16) {
                decrypt(tls, into: $0)
            }
        }
        isDecrypting = false
        // Reading can have something to say: an answer to a key update.
        if phase != .closed, !tls.holdsTickets { sendCiphertext() }
    }

    private func decrypt(_ tls: TLSConnection, into room: UnsafeMutableRawBufferPointer) {
        while !isPaused, !hasEnded, phase == .open || phase == .finishing {
            do throws(TLSError) {
                switch try tls.read(into: room) {
                case .bytes(let count):
                    deliver(UnsafeRawBufferPointer(rebasing: room[..<count]))
                    // The end of the stream is found by a read, as an end of TLS or a lack of it.
                    if !tls.hasUnread, !tls.hasEnded { return }
                case .closed: didEnd()
                case .wouldBlock: return
                }
            } catch {
                return fail(error)
            }
        }
    }

    private func noteActivity() {
        isActive = true
        if place == nil, phase != .closed { rooms?.add(self) }
    }

    /// It has been silent for a while.
    func releaseBuffers() { tls?.releaseBuffers() }

    // MARK: Writing

    /// Sends the bytes after all that was written before; dropped unless the channel is open.
    public func write(_ bytes: UnsafeRawBufferPointer) {
        write(bytes, UnsafeRawBufferPointer(start: nil, count: 0))
    }

    /// The same with two pieces in one TLS record, as far as they fit, and one system call: a head and the first bytes
    /// of its body.
    public func write(_ first: UnsafeRawBufferPointer, _ second: UnsafeRawBufferPointer) {
        guard phase == .open else { return }
        sentBytes += first.count + second.count
        guard let tls else { return stream.write(first, second) }
        noteActivity()
        let joined = min(second.count, TransportLimits.encryptionBytes)
        do throws(TLSError) {
            try tls.write(first, UnsafeRawBufferPointer(rebasing: second[..<joined]))
            sendCiphertext()
            var rest = second[joined...]
            while !rest.isEmpty {
                let piece = rest.prefix(TransportLimits.encryptionBytes)
                rest = rest.dropFirst(piece.count)
                try tls.write(UnsafeRawBufferPointer(rebasing: piece))
                sendCiphertext()
            }
        } catch {
            fail(error)
        }
    }

    private func sendCiphertext() {
        tls?.drainCiphertext { stream.write($0) }
    }

    // MARK: Ending

    /// Ends our direction after what was written: `close_notify`, then the half close. Reading goes on.
    public func finishWriting() {
        guard phase == .open else { return }
        phase = .finishing
        tls?.sendCloseNotify()
        sendCiphertext()
        stream.shutdownWrite()
    }

    /// Ends our direction, forgets what the peer still sends, and closes when the peer has ended too, or at the linger
    /// limit: an answer that was just sent is not lost to the reset that unread bytes would cause.
    public func closeGracefully() {
        guard phase == .open || phase == .finishing else { return close() }
        finishWriting()
        if hasEnded && stream.queuedBytes == 0 { return close() }
        isDiscarding = true
        timer?.cancel()
        timer = loop.schedule(after: TransportLimits.lingerTimeout) { [self] in close() }
        if !hasEnded { resumeReading() }
    }

    /// Closes at once; what waits is dropped, and a TLS peer is not told that this was the end of the message.
    public func close() {
        guard phase != .closed else { return }
        let isNew = phase == .new
        phase = .closed
        rooms?.remove(self)
        timer?.cancel()
        if isNew { stream.delegate = self }
        ownReference = self
        stream.close()
    }

    private func fail(_ error: TLSError) { fail(ChannelError(error)) }

    private func fail(_ error: ChannelError) {
        guard phase != .closed else { return }
        failure = error
        // The alert that tells the peer why.
        sendCiphertext()
        close()
    }
}

extension ByteChannel: EndOfTurnTask {
    /// Delivers what TLS held while reading was paused.
    public func endOfTurn() { readOn() }
}

extension ByteChannel: StreamDelegate {
    public func stream(_ stream: Stream, didRead bytes: UnsafeRawBufferPointer) {
        guard let tls else { return deliver(bytes) }
        if isAwaitingFirstBytes {
            isAwaitingFirstBytes = false
            if let answerToPlaintext, Self.isMethod(bytes) { return refusePlaintext(answerToPlaintext) }
        }
        if isPlaintext { return }
        do throws(TLSError) {
            try tls.receive(bytes) {
                if phase == .handshaking { shakeHands() }
                decrypt()
            }
        } catch {
            fail(error)
        }
    }

    public func streamDidEnd(_ stream: Stream) {
        guard let tls, !isPlaintext else { return didEnd() }
        tls.receiveEnd()
        if phase == .handshaking { shakeHands() }
        if phase == .handshaking {
            return fail(ChannelError(.truncated, "the connection ended in the middle of the TLS handshake"))
        }
        decrypt()
    }

    public func streamDidDrain(_ stream: Stream) {
        guard phase == .open || phase == .finishing else { return }
        if isDiscarding {
            if hasEnded { close() }
        } else {
            delegate?.channelDidDrain(self)
        }
    }

    public func streamDidClose(_ stream: Stream, error: StreamError?) {
        phase = .closed
        rooms?.remove(self)
        timer?.cancel()
        let delegate = delegate
        self.delegate = nil
        delegate?.channelDidClose(self, error: failure ?? error.map { ChannelError($0) })
        ownReference = nil
    }
}

/// Carries a value of one loop through that loop's mailbox and back to the same loop.
///
/// `@unchecked Sendable` because it is made and opened on one thread: the mailbox only passes it on.
struct SameLoop<Value>: @unchecked Sendable {
    let value: Value
    init(_ value: Value) { self.value = value }
}
