import CLibUV
import Glibc

extension Stream {
    /// Bytes that the kernel has not accepted yet.
    public var queuedBytes: Int {
        guard queue.isInFlight, canWrite else { return 0 }
        return uv_stream_get_write_queue_size(StreamBlock.stream(block)) + queue.waiting.count
    }

    /// Sends the bytes after everything written earlier: the kernel gets what it accepts immediately, and a copy of the
    /// rest is queued. When something had to be queued, `streamDidDrain` follows. After ``close()``,
    /// ``shutdownWrite()`` or a failure the bytes are dropped.
    public func write(_ bytes: UnsafeRawBufferPointer) {
        write(bytes, UnsafeRawBufferPointer(start: nil, count: 0))
    }

    /// As `write`, with two buffers in one system call: a head and the first bytes of its body.
    public func write(_ first: UnsafeRawBufferPointer, _ second: UnsafeRawBufferPointer) {
        assert(loop.isCurrent)
        guard canWrite, !queue.isEnding, first.count + second.count > 0 else { return }
        var sent = 0
        if !queue.isInFlight {
            let result = tryWrite(first, second)
            if result < 0, result != UV_EAGAIN.rawValue { return failWriting(result) }
            sent = max(0, Int(result))
            if sent == first.count + second.count { return }
        }
        guard queue.waiting.count + first.count + second.count - sent <= EventLoopLimits.streamQueuedBytes else {
            return failWriting(
                UV_ENOBUFS.rawValue,
                "more than \(EventLoopLimits.streamQueuedBytes) bytes wait; the writer did not stop")
        }
        queue.append(UnsafeRawBufferPointer(rebasing: first.dropFirst(sent)))
        queue.append(UnsafeRawBufferPointer(rebasing: second.dropFirst(max(0, sent - first.count))))
        if !queue.isInFlight { launch() }
    }

    /// Half-closes the stream: the peer reads end of file after the queued bytes. Reading continues.
    public func shutdownWrite() {
        assert(loop.isCurrent)
        guard canWrite, !queue.isEnding else { return }
        queue.isEnding = true
        if !queue.isInFlight { endWriting() }
    }

    private func tryWrite(_ first: UnsafeRawBufferPointer, _ second: UnsafeRawBufferPointer) -> Int32 {
        if first.count == 0 || second.count == 0 { return trySend(first.count > 0 ? first : second) }
        var buffers = (Self.buffer(first), Self.buffer(second))
        return withUnsafePointer(to: &buffers) { pair in
            uv_try_write(
                StreamBlock.stream(block), UnsafeRawPointer(pair).assumingMemoryBound(to: uv_buf_t.self), 2)
        }
    }

    /// Uses `send`, which costs the kernel less on a socket than the `write` of libuv, because `write` goes through the
    /// file system layer.
    /// - Returns: the number of bytes that the kernel accepted, or a negative error number, as in libuv.
    private func trySend(_ bytes: UnsafeRawBufferPointer) -> Int32 {
        while true {
            let sent = send(socket, bytes.baseAddress, min(bytes.count, Int(Int32.max)), Int32(MSG_NOSIGNAL))
            if sent >= 0 { return Int32(sent) }
            // The kernel is short of memory for now; libuv also treats this as a full socket.
            if errno == ENOBUFS { return UV_EAGAIN.rawValue }
            if errno != EINTR { return -errno }
        }
    }

    private static func buffer(_ bytes: UnsafeRawBufferPointer) -> uv_buf_t {
        // libuv's type is not const, but a write never changes the bytes.
        let base = UnsafeMutableRawPointer(mutating: bytes.baseAddress)?.assumingMemoryBound(to: CChar.self)
        return uv_buf_t(base: base, len: bytes.count)
    }

    private func launch() {
        guard let run = queue.launch() else { return }
        var buffer = uv_buf_t(base: run.base.assumingMemoryBound(to: CChar.self), len: run.count)
        let request = writing ?? .allocate(capacity: 1)
        writing = request
        let status = uv_write(request, StreamBlock.stream(block), &buffer, 1) { request, status in
            Stream.of(request!.pointee.handle).didWrite(status)
        }
        if status < 0 {
            queue.land()
            failWriting(status)
        }
    }

    private func didWrite(_ status: Int32) {
        queue.land()
        guard canWrite else { return }
        if status < 0 { return failWriting(status) }
        launch()
        guard !queue.isInFlight, canWrite else { return }
        if queue.isEnding { endWriting() }
        delegate?.streamDidDrain(self)
    }

    private func endWriting() {
        // This fails only if the peer is gone, which reading or closing reports better.
        let request = ending ?? .allocate(capacity: 1)
        ending = request
        _ = uv_shutdown(request, StreamBlock.stream(block)) { _, _ in }
    }

    /// Handles a failed write. A peer that responds early and closes (413 to an upload) has often sent its response
    /// already, so while the owner is reading, the stream closes only at end of file or after a grace period.
    private func failWriting(_ code: Int32, _ detail: String? = nil) {
        let error = StreamError(code: code, operation: "write to \(peerName)", detail: detail)
        queue.dropWaiting()
        guard canReadOn, code != UV_ENOBUFS.rawValue else { return close(because: error) }
        let timer = loop.schedule(after: EventLoopLimits.lateReadGrace) { [weak self] in self?.close(because: error) }
        noteWriteFailure(error, readingUntil: timer)
    }
}
