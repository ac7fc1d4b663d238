import CNGHTTP2
import EventLoop
import HTTPWire

// Sending heads and bodies, and making frames of them.
extension HTTP2ServerConnection {
    // MARK: Heads

    /// Begins a response. Its head is held back, at most until the end of the turn, so that it leaves in the same write
    /// as the first bytes of its body.
    ///
    /// - Parameter write: writes the head in HTTP/1.1 form, without the empty line.
    func submit(on stream: HTTP2Stream, status: Int, hasBody: Bool, _ write: (inout [UInt8]) -> Void) {
        guard session != nil, !stream.isWireClosed else { return }
        submitHeldHead()
        if headBytes.capacity == 0 { headBytes = rooms.takeBuffer() }
        headBytes.removeAll(keepingCapacity: true)
        write(&headBytes)
        heldHead = stream
        if !hasBody {
            stream.willEndWithHead()
            submitHeldHead()
        }
        askForEndOfTurn()
    }

    func submitHeldHead() {
        guard let stream = heldHead else { return }
        heldHead = nil
        guard !stream.isWireClosed, channel.isOpen else { return }
        // The bytes need not be copied if the frame is made while they are in place.
        let isNow = !isReceiving && !isSending && !channel.isSaturated
        var bytes: [UInt8] = []
        swap(&bytes, &headBytes)
        bytes.withUnsafeMutableBytes { bytes in
            rooms.fields.fill(from: bytes, isCopied: !isNow)
            if stream.hasSentEnd {
                nghttp2_submit_response(session, stream.id, rooms.fields.base, rooms.fields.count, nil)
            } else {
                var source = HTTP2Callbacks.source(of: stream)
                nghttp2_submit_response(session, stream.id, rooms.fields.base, rooms.fields.count, &source)
            }
            if isNow { sendFrames(untilHeadOf: stream.id) }
        }
        swap(&bytes, &headBytes)
    }

    /// Sends an informational head, which another head follows.
    func submitInformational(on stream: HTTP2Stream, _ write: (inout [UInt8]) -> Void) {
        guard session != nil, !stream.isWireClosed else { return }
        var bytes = rooms.takeBuffer()
        write(&bytes)
        bytes.withUnsafeMutableBytes { bytes in
            rooms.fields.fill(from: bytes, isCopied: true)
            nghttp2_submit_headers(
                session, UInt8(NGHTTP2_FLAG_NONE.rawValue), stream.id, nil, rooms.fields.base, rooms.fields.count, nil)
        }
        rooms.giveBack(&bytes)
        askForEndOfTurn()
    }

    func submitContinue(on stream: HTTP2Stream) {
        submitInformational(on: stream) { ResponseHead(status: 100).writeStart(into: &$0) }
    }

    // MARK: Bodies

    /// Sends bytes after those already queued; bytes that exceed the client's window are copied and queued.
    func send(_ bytes: UnsafeRawBufferPointer, on stream: HTTP2Stream) {
        guard session != nil, !stream.isWireClosed else { return }
        let before = stream.waiting.count
        if before == 0, !isReceiving, !isSending, !channel.isSaturated {
            stream.lent = bytes
            sendOn(stream, now: true)
            let rest = stream.lent
            stream.lent = UnsafeRawBufferPointer(start: nil, count: 0)
            if !stream.isWireClosed { stream.waiting.append(rest) }
        } else {
            stream.waiting.append(bytes)
            sendOn(stream)
        }
        stream.noteWaiting(before: before)
        let isFull =
            stream.waiting.count > TransportLimits.streamHighWaterBytes
            || (!stream.waiting.isEmpty && waitingBytes > TransportLimits.streamsHighWaterBytes)
        if isFull || channel.isSaturated {
            hasSaturatedStreams = true
            stream.saturate()
        }
    }

    /// Sends new data or the end of the stream.
    func sendOn(_ stream: HTTP2Stream, now: Bool = false) {
        if heldHead === stream, now { submitHeldHead() }
        if stream.isDeferred {
            stream.isDeferred = false
            nghttp2_session_resume_data(session, stream.id)
        }
        if now { sendFrames() }
        // Sends the gathered bytes then, even if nothing follows for a long time.
        askForEndOfTurn()
    }

    func reset(_ stream: HTTP2Stream, _ code: HTTP2Code) {
        guard session != nil, !stream.isWireClosed else { return }
        if heldHead === stream { heldHead = nil }
        nghttp2_submit_rst_stream(session, UInt8(NGHTTP2_FLAG_NONE.rawValue), stream.id, code.rawValue)
        askForEndOfTurn()
    }

    /// RST_STREAM would overtake queued frames, so it is sent only after the stream's last frame.
    func resetAfterSending(_ stream: HTTP2Stream) {
        resetsAfterSending.append(stream.id)
        askForEndOfTurn()
    }

    // MARK: Frames

    /// Makes frames of what was submitted, as far as the client's windows and the channel allow.
    ///
    /// - Parameter stream: stop after the frame of this stream's head.
    func sendFrames(untilHeadOf stream: Int32? = nil) {
        guard let session, !isReceiving, !isSending, channel.isOpen else { return }
        isSending = true
        defer { isSending = false }
        while stream != nil || !channel.isSaturated {
            var frame: UnsafePointer<UInt8>?
            let count = nghttp2_session_mem_send(session, &frame)
            guard count > 0, let frame else {
                guard count == 0, submitResetsAfterSending() else { break }
                continue
            }
            let bytes = UnsafeRawBufferPointer(start: frame, count: count)
            note(sent: bytes)
            gather(bytes)
            if let stream, isHead(bytes, of: stream) { return }
        }
    }

    private func submitResetsAfterSending() -> Bool {
        if resetsAfterSending.isEmpty { return false }
        for id in resetsAfterSending {
            if let stream = stream(id) { reset(stream, .noError) }
        }
        resetsAfterSending.removeAll(keepingCapacity: true)
        return true
    }

    private func isHead(_ frame: UnsafeRawBufferPointer, of stream: Int32) -> Bool {
        frame[3] == HTTP2FrameType.headers.rawValue && number(in: frame, at: 5) == UInt32(stream)
    }

    private func number(in frame: UnsafeRawBufferPointer, at offset: Int) -> UInt32 {
        UInt32(bigEndian: frame.loadUnaligned(fromByteOffset: offset, as: UInt32.self))
    }

    /// Notes frames that the library sends by itself, because the client violated the protocol.
    private func note(sent frame: UnsafeRawBufferPointer) {
        if frame[3] == HTTP2FrameType.reset.rawValue {
            switch HTTP2Code(rawValue: number(in: frame, at: 9)) {
            case .noError, .internalError, .cancel: break
            case .protocolError, .refusedStream, .enhanceYourCalm, nil:
                delegate?.connectionDidRefuseStream(self)
                if !guardian.bears(.fault, at: loop.now) { fail(.flood) }
            }
        } else if frame[3] == HTTP2FrameType.goAway.rawValue, number(in: frame, at: 13) != 0, fault == nil {
            fail(.malformed)
        }
    }

    func gather(_ bytes: UnsafeRawBufferPointer) {
        if gathered.capacity == 0 { gathered = rooms.takeBuffer() }
        gathered.append(contentsOf: bytes)
        if gathered.count >= TransportLimits.gatheredFrameBytes { flush() }
    }

    func flush() {
        guard !gathered.isEmpty else { return }
        let before = channel.queuedBytes
        gathered.withUnsafeBytes { channel.write($0) }
        gathered.removeAll(keepingCapacity: true)
        let after = channel.queuedBytes
        if before > 0 || after > 0 {
            life.note(before: before, after: after, at: loop.now)
            note(life.deadline)
        }
    }

    /// The number of bytes of a stream's body that fit into a frame now.
    func dataToSend(of stream: HTTP2Stream, most: Int, flags: UnsafeMutablePointer<UInt32>) -> Int {
        if channel.isSaturated { return Int(NGHTTP2_ERR_PAUSE.rawValue) }
        let available = stream.waiting.count + stream.lent.count
        let count = min(most, available)
        let isLast = count == available && stream.endsAfterWaiting
        guard available > 0 || isLast else {
            stream.isDeferred = true
            return Int(NGHTTP2_ERR_DEFERRED.rawValue)
        }
        if available > 0 { flags.pointee |= NGHTTP2_DATA_FLAG_NO_COPY.rawValue }
        if isLast {
            flags.pointee |= NGHTTP2_DATA_FLAG_EOF.rawValue
            stream.didSendEnd()
        }
        return count
    }

    /// Writes a DATA frame whose payload the library leaves to us.
    func sendData(header: UnsafePointer<UInt8>, count: Int, of stream: HTTP2Stream) -> Int32 {
        gather(UnsafeRawBufferPointer(start: header, count: 9))
        guardian.sentData()
        var left = count
        if !stream.waiting.isEmpty {
            let before = stream.waiting.count
            let content = stream.waiting.content.prefix(left)
            content.withUnsafeBytes { gather($0) }
            stream.waiting.drop(content.count)
            left -= content.count
            stream.noteWaiting(before: before)
        }
        if left > 0 {
            gather(UnsafeRawBufferPointer(rebasing: stream.lent[..<left]))
            stream.lent = UnsafeRawBufferPointer(rebasing: stream.lent[left...])
        }
        return 0
    }
}
