import EventLoop
import TLS

/// The events of a channel, always delivered on the channel's loop.
public protocol ByteChannelDelegate: AnyObject {
    /// The channel is writable: the TLS handshake has finished. Without TLS this is called within `open()`.
    func channelDidOpen(_ channel: ByteChannel)
    /// Bytes were read; valid only during this call.
    func channel(_ channel: ByteChannel, didRead bytes: UnsafeRawBufferPointer)
    /// The peer has half-closed (with TLS: by `close_notify`); writing still works.
    func channelDidEnd(_ channel: ByteChannel)
    /// Bytes had been queued, and the kernel has now accepted all of them.
    func channelDidDrain(_ channel: ByteChannel)
    /// The channel is closed; called exactly once, as the last event, and never within a call into the channel. `error`
    /// is nil if the owner closed it.
    func channelDidClose(_ channel: ByteChannel, error: ChannelError?)
}

/// A stream, with or without TLS. Confined to its loop.
///
/// From `open()` until it is closed it retains its delegate and itself, so whoever opens a channel must close it. Every
/// method may be called from within a delegate's method.
public final class ByteChannel {
    // Exclusivity checks are off where no code that runs during an access can access the same property again.
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
    /// Its index in the rooms' list, while it may hold buffers.
    var place: Int?
    /// Whether it has read or written since the rooms' last idle check.
    var isActive = false
    /// A compact type, because there are many channels and most have long completed their handshake.
    private let handshakeMilliseconds: UInt32
    /// The response to a client that speaks plain HTTP on a TLS port, before it is closed; `nil` sends none.
    public var answerToPlaintext: StaticString?
    private var isPlaintext = false
    private var isAwaitingFirstBytes = true
    private var timer: LoopTimer?
    private var ownReference: ByteChannel?
    /// Bytes delivered and written so far, without the overhead of TLS.
    @exclusivity(unchecked) public private(set) var receivedBytes = 0
    @exclusivity(unchecked) public private(set) var sentBytes = 0

    private enum Phase {
        /// Moves to `handshaking` or `open` on `open()`.
        case new
        /// Moves to `open` when the handshake has finished.
        case handshaking
        /// Readable and writable. Moves to `finishing` on `finishWriting()`.
        case open
        /// Our direction is half-closed; the peer's may still be open.
        case finishing
        /// The stream is being closed; only its close event is still delivered.
        case closed
    }

    /// - Parameters:
    ///   - stream: a connected stream that is not being read yet; the channel becomes its delegate and closes it.
    ///   - tls: an engine whose handshake has not started.
    ///   - handshakeTimeout: precise to the millisecond.
    ///   - rooms: the state that the loop's channels share; pass it exactly when the engine was made with its `tls`
    ///     rooms.
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
        // The channel was never opened, so nothing else will close the stream.
        if phase == .new { stream.close() }
    }

    // MARK: Facts

    /// The name that the client requested in its TLS handshake (SNI).
    public var serverName: String? { tls?.serverName }
    /// Whether TLS resumed an earlier session.
    public var isResumed: Bool { tls?.isResumed == true }
    /// The protocol that TLS negotiated (ALPN).
    public var negotiatedALPN: String? { tls?.negotiatedALPN }
    public var isSecure: Bool { tls != nil }
    /// The expiry of the peer's certificate, in seconds since 1970.
    public var peerCertificateExpiry: Int64? { tls?.peerCertificateExpiry }
    public var peerAddress: SocketAddress? { stream.peerAddress }
    /// The process at the other end of a Unix socket. One system call.
    public var localPeer: LocalPeer? { stream.localPeer }
    /// Whether the kernel knows that the peer has half-closed or is gone. Also works while reading is paused, when no
    /// event reports it. One system call.
    public var peerHasEnded: Bool { stream.peerHasEnded }
    /// Whether it is writable: opened, and neither finished nor closed.
    public var isOpen: Bool { phase == .open }
    public var isClosed: Bool { phase == .closed }
    /// Bytes that the kernel has not accepted yet.
    public var queuedBytes: Int { stream.queuedBytes }
    /// Whether the queue is above the high-water mark, so that the producer should stop until `channelDidDrain`.
    public var isSaturated: Bool { stream.queuedBytes > TransportLimits.highWaterBytes }

    // MARK: Beginning

    /// Starts the handshake, if there is TLS, and reading.
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

    /// Whether the first bytes look like an HTTP method. A TLS record starts with a byte below the letters, an SSL 2
    /// hello with a byte above them.
    private static func isMethod(_ bytes: UnsafeRawBufferPointer) -> Bool {
        !bytes.isEmpty && bytes.prefix(3).allSatisfy { (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0) }
    }

    /// Sends the client a plain HTTP response, and lingers until it closes, so that data it still sends does not reset
    /// the connection before it reads the response.
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

    /// Stops delivery until `resumeReading()`. A handshake continues regardless.
    public func pauseReading() {
        isPaused = true
        if phase == .open || phase == .finishing { stream.stopReading() }
    }

    /// Resumes delivery, starting with bytes that TLS still holds; never within this call.
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

    /// Delivers all available plaintext. A delegate may pause, write, finish or close in the middle of it.
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
        // Reading can produce output, such as the response to a key update.
        if phase != .closed, !tls.holdsTickets { sendCiphertext() }
    }

    private func decrypt(_ tls: TLSConnection, into room: UnsafeMutableRawBufferPointer) {
        while !isPaused, !hasEnded, phase == .open || phase == .finishing {
            do throws(TLSError) {
                switch try tls.read(into: room) {
                case .bytes(let count):
                    deliver(UnsafeRawBufferPointer(rebasing: room[..<count]))
                    // Only a read detects the end of the stream, with or without `close_notify`.
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

    /// Called when the channel has been idle for a while.
    func releaseBuffers() { tls?.releaseBuffers() }

    // MARK: Writing

    /// Sends the bytes after everything written earlier; drops them unless the channel is open.
    public func write(_ bytes: UnsafeRawBufferPointer) {
        write(bytes, UnsafeRawBufferPointer(start: nil, count: 0))
    }

    /// As `write`, with two buffers in one TLS record, as far as they fit, and one system call: a head and the first
    /// bytes of its body.
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

    /// Ends our direction after the queued bytes: `close_notify`, then a half-close. Reading continues.
    public func finishWriting() {
        guard phase == .open else { return }
        phase = .finishing
        tls?.sendCloseNotify()
        sendCiphertext()
        stream.shutdownWrite()
    }

    /// Ends our direction, discards what the peer still sends, and closes when the peer has ended too, or at the linger
    /// timeout. So a response that was just sent is not lost to the reset that unread bytes would cause.
    public func closeGracefully() {
        guard phase == .open || phase == .finishing else { return close() }
        finishWriting()
        if hasEnded && stream.queuedBytes == 0 { return close() }
        isDiscarding = true
        timer?.cancel()
        timer = loop.schedule(after: TransportLimits.lingerTimeout) { [self] in close() }
        if !hasEnded { resumeReading() }
    }

    /// Closes immediately; queued bytes are dropped, and a TLS peer receives no `close_notify`.
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
        // Sends the alert that tells the peer the reason.
        sendCiphertext()
        close()
    }
}

extension ByteChannel: EndOfTurnTask {
    /// Delivers the bytes that TLS held while reading was paused.
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

/// Carries a value through its loop's mailbox and back to the same loop.
///
/// `@unchecked Sendable` because it is created and opened on one thread: the mailbox only passes it on.
struct SameLoop<Value>: @unchecked Sendable {
    let value: Value
    init(_ value: Value) { self.value = value }
}
