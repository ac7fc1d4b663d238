import CNGHTTP2
import EventLoop
import HTTPWire

/// The server side of one HTTP/2 connection (RFC 9113): nghttp2 parses and builds the frames, this class moves the
/// bytes and routes each stream to its owner. Confined to its channel's loop.
///
/// Owns its `nghttp2_session`, which is deleted when the channel has closed. It retains itself and its owner from
/// `start()` until then. The frames of all streams are gathered and sent together at the end of the loop's turn. Bytes
/// that exceed a client's window are queued in its stream, and put back pressure on the upstream.
public final class HTTP2ServerConnection {
    public let channel: ByteChannel
    // Exclusivity checks are off where no code that runs during an access can access the same property again.
    @exclusivity(unchecked) public private(set) var delegate: (any HTTP2ServerConnectionDelegate)?

    let rooms: HTTP2Rooms
    let timeouts: ServerTimeouts
    @exclusivity(unchecked) var session: OpaquePointer?
    @exclusivity(unchecked) var assembler: RequestAssembler
    @exclusivity(unchecked) var block = HeaderBlock.none
    /// Small CONTINUATION frames of the current block.
    @exclusivity(unchecked) var smallContinuations = 0
    /// The streams in progress; each knows its index.
    @exclusivity(unchecked) private(set) var streams: [HTTP2Stream] = []
    /// Bytes of all streams that are queued for window space.
    @exclusivity(unchecked) var waitingBytes = 0
    @exclusivity(unchecked) var life: HTTP2ConnectionLife
    @exclusivity(unchecked) var guardian: FloodGuard
    /// Why the connection is being ended.
    @exclusivity(unchecked) var fault: HTTP2Fault?
    /// Frames that are sent together.
    @exclusivity(unchecked) var gathered: [UInt8] = []
    /// The response whose head is held back for the first bytes of its body, at most until the end of the turn.
    @exclusivity(unchecked) var heldHead: HTTP2Stream?
    @exclusivity(unchecked) var headBytes: [UInt8] = []
    /// Set within the library's receive call, during which nothing can be sent.
    @exclusivity(unchecked) var isReceiving = false
    @exclusivity(unchecked) var isSending = false
    /// By identifier: a stream object may be over, and reused, before its turn comes.
    @exclusivity(unchecked) var resetsAfterSending: [Int32] = []
    @exclusivity(unchecked) private var resuming: [HTTP2Stream] = []
    @exclusivity(unchecked) private var hasStreamsOver = false
    @exclusivity(unchecked) var hasSaturatedStreams = false
    @exclusivity(unchecked) private var isEndOfTurnDue = false
    private var isLingering = false
    @exclusivity(unchecked) private var wakeup = Wakeup()
    private var ownReference: HTTP2ServerConnection?

    /// The header block that is being received.
    enum HeaderBlock {
        case none
        case request(HTTP2Stream)
        /// Trailers, which are validated and discarded.
        case trailers(bytes: Int)
    }

    /// - Parameters:
    ///   - channel: open, with HTTP/2 negotiated; the connection becomes its delegate.
    ///   - delegate: the owner, retained until the connection is closed.
    public init(
        channel: ByteChannel, rooms: HTTP2Rooms, limits: HTTPLimits = HTTPLimits(),
        timeouts: ServerTimeouts = ServerTimeouts(), delegate: any HTTP2ServerConnectionDelegate
    ) {
        self.channel = channel
        self.rooms = rooms
        self.timeouts = timeouts
        self.delegate = delegate
        assembler = RequestAssembler(limits: limits)
        life = HTTP2ConnectionLife(at: channel.loop.now, timeouts: timeouts)
        guardian = FloodGuard(rooms.limits, at: channel.loop.now)
    }

    deinit { nghttp2_session_del(session) }

    public var loop: Loop { channel.loop }

    /// Starts: sends our SETTINGS and waits for the client's preface.
    public func start() {
        ownReference = self
        channel.delegate = self
        let owner = Unmanaged.passUnretained(self).toOpaque()
        guard nghttp2_session_server_new2(&session, rooms.callbacks, owner, rooms.options) == 0 else {
            return channel.close()
        }
        let settings = [
            nghttp2_settings_entry(.maxConcurrentStreams, rooms.limits.concurrentStreams),
            nghttp2_settings_entry(.initialWindowSize, TransportLimits.streamWindowBytes),
            nghttp2_settings_entry(.maxHeaderListSize, assembler.limits.headerBlockBytes),
            nghttp2_settings_entry(.enableConnectProtocol, 1),
            nghttp2_settings_entry(.noOldPriorities, 1),
        ]
        nghttp2_submit_settings(session, UInt8(NGHTTP2_FLAG_NONE.rawValue), settings, settings.count)
        nghttp2_session_set_local_window_size(
            session, UInt8(NGHTTP2_FLAG_NONE.rawValue), 0, Int32(TransportLimits.connectionWindowBytes))
        note(life.deadline)
        askForEndOfTurn()
    }

    /// Begins a graceful shutdown: sends a notice, and after the client's acknowledgement accepts no new streams.
    /// Closes when every stream is over.
    public func goAway() {
        guard life.goAway(at: loop.now) else { return }
        nghttp2_submit_shutdown_notice(session)
        nghttp2_submit_ping(session, UInt8(NGHTTP2_FLAG_NONE.rawValue), nil)
        note(life.deadline)
        askForEndOfTurn()
    }

    /// Closes immediately; unfinished responses are truncated.
    public func close() { channel.close() }

    // MARK: Streams

    func add(_ id: Int32) -> HTTP2Stream {
        let stream = rooms.takeStream()
        stream.begin(self, id: id)
        stream.place = streams.count
        streams.append(stream)
        life.streams = streams.count
        nghttp2_session_set_stream_user_data(session, id, Unmanaged.passUnretained(stream).toOpaque())
        return stream
    }

    private func remove(_ stream: HTTP2Stream) {
        let last = streams.removeLast()
        if last !== stream {
            streams[stream.place] = last
            last.place = stream.place
        }
        life.streamsLeft(streams.count, at: loop.now)
        if heldHead === stream { heldHead = nil }
        stream.didClose()
        stream.reset()
        rooms.giveBack(stream)
    }

    /// Called when a stream is over; its owner is notified at the end of the turn.
    func streamIsOver() {
        hasStreamsOver = true
        askForEndOfTurn()
    }

    func resumeAtEndOfTurn(_ stream: HTTP2Stream) {
        resuming.append(stream)
        askForEndOfTurn()
    }

    private func removeStreamsOver() {
        guard hasStreamsOver else { return }
        hasStreamsOver = false
        // Backwards, because removal moves the last stream to the index of the removed one.
        var index = streams.count - 1
        while index >= 0 {
            if streams[index].isOver { remove(streams[index]) }
            index -= 1
        }
        if streams.isEmpty { note(life.deadline) }
    }

    private func resumeStreams() {
        guard !resuming.isEmpty else { return }
        var due: [HTTP2Stream] = []
        swap(&due, &resuming)
        for stream in due { stream.resume() }
        due.removeAll(keepingCapacity: true)
        if resuming.isEmpty { swap(&due, &resuming) }
    }

    // MARK: Time

    func note(_ deadline: MonotonicTime?) {
        guard let deadline, wakeup.isLater(than: deadline) else { return }
        wakeup.move(to: deadline, on: loop) { [self] in timeCame() }
    }

    private func timeCame() {
        wakeup.unset()
        let now = loop.now
        switch life.timeCame(queued: channel.queuedBytes, at: now) {
        case .goOn: break
        case .announceEnd: announceEnd()
        case .end: endSession(.noError)
        case .fail(let fault): return fail(fault)
        }
        for stream in streams where stream.deadline.map({ $0 <= now }) == true { stream.timeCame() }
        for stream in streams { note(stream.deadline) }
        note(life.deadline)
        askForEndOfTurn()
    }

    /// Sends the final GOAWAY: no stream can begin from now on.
    func announceEnd() {
        nghttp2_submit_goaway(
            session, UInt8(NGHTTP2_FLAG_NONE.rawValue), nghttp2_session_get_last_proc_stream_id(session),
            HTTP2Code.noError.rawValue, nil, 0)
        askForEndOfTurn()
    }

    // MARK: The end

    /// Ends the connection with an error that the client has caused.
    func fail(_ fault: HTTP2Fault) {
        guard self.fault == nil else { return }
        self.fault = fault
        delegate?.connection(self, didFail: fault)
        // The client reads nothing, not even the error.
        if fault == .writeTimeout { return channel.close() }
        endSession(fault == .malformed ? .protocolError : .enhanceYourCalm)
    }

    func endSession(_ code: HTTP2Code) {
        nghttp2_session_terminate_session(session, code.rawValue)
        askForEndOfTurn()
    }

    private func closeIfOver() {
        guard let session, channel.isOpen else { return }
        let isOver = nghttp2_session_want_read(session) == 0 && nghttp2_session_want_write(session) == 0
        if isOver || fault != nil || life.isOver { closeGracefully() }
    }

    /// Closes all streams; bytes that were already written are still sent.
    private func closeGracefully() {
        for stream in streams where !stream.isWireClosed { stream.wireDidClose(isWhole: false) }
        hasStreamsOver = true
        removeStreamsOver()
        // The linger timeout covers the wait for the client's end, not the bytes still in flight.
        if channel.queuedBytes == 0 { return channel.closeGracefully() }
        isLingering = true
        channel.finishWriting()
    }

    func askForEndOfTurn() {
        guard !isEndOfTurnDue else { return }
        isEndOfTurnDue = true
        loop.atEndOfTurn(self)
    }
}

extension HTTP2ServerConnection: EndOfTurnTask {
    public func endOfTurn() {
        isEndOfTurnDue = false
        guard channel.isOpen else { return }
        resumeStreams()
        submitHeldHead()
        sendFrames()
        flush()
        // An idle connection holds no buffers.
        rooms.giveBack(&gathered)
        if heldHead == nil { rooms.giveBack(&headBytes) }
        drainStreams()
        removeStreamsOver()
        closeIfOver()
    }

    private func drainStreams() {
        guard hasSaturatedStreams, !channel.isSaturated else { return }
        hasSaturatedStreams = false
        for stream in streams where stream.isSaturated {
            if stream.waiting.isEmpty { stream.drain() } else { hasSaturatedStreams = true }
        }
    }
}

extension HTTP2ServerConnection: ByteChannelDelegate {
    public func channelDidOpen(_ channel: ByteChannel) {}

    public func channel(_ channel: ByteChannel, didRead bytes: UnsafeRawBufferPointer) {
        guard fault == nil, channel.isOpen else { return }
        isReceiving = true
        let taken = nghttp2_session_mem_recv(session, bytes.bindMemory(to: UInt8.self).baseAddress, bytes.count)
        isReceiving = false
        if taken < 0 { fail(HTTP2Fault(libraryCode: taken)) }
        askForEndOfTurn()
    }

    /// A client that half-closes gets no further responses: nearly always it is gone.
    public func channelDidEnd(_ channel: ByteChannel) {
        if channel.isOpen { closeGracefully() }
    }

    public func channelDidDrain(_ channel: ByteChannel) {
        if isLingering { return channel.closeGracefully() }
        life.note(before: 0, after: 0, at: loop.now)
        askForEndOfTurn()
    }

    public func channelDidClose(_ channel: ByteChannel, error: ChannelError?) {
        wakeup.unset()
        rooms.giveBack(&gathered)
        rooms.giveBack(&headBytes)
        heldHead = nil
        resuming = []
        resetsAfterSending = []
        for stream in streams {
            if !stream.isWireClosed { stream.wireDidClose(isWhole: false) }
            stream.didClose()
            stream.reset()
            rooms.giveBack(stream)
        }
        streams = []
        nghttp2_session_del(session)
        session = nil
        let owner = delegate
        delegate = nil
        owner?.connectionDidClose(self, error: error)
        ownReference = nil
    }
}
