import CLibUV
import Glibc

/// The events of a stream, delivered on the stream's loop and never within a call that the owner makes into the stream.
public protocol StreamDelegate: AnyObject {
    /// Bytes were read. They are in the loop's shared read buffer and are valid only during this call.
    func stream(_ stream: Stream, didRead bytes: UnsafeRawBufferPointer)
    /// The peer has half-closed: it sends nothing more; writing still works.
    func streamDidEnd(_ stream: Stream)
    /// Bytes had been queued, and the kernel has now accepted all of them.
    func streamDidDrain(_ stream: Stream)
    /// The stream is closed; called exactly once, as the last event. `error` is nil after ``Stream/close()``.
    func streamDidClose(_ stream: Stream, error: StreamError?)
}

/// A connected TCP or Unix stream. Confined to its loop's thread.
///
/// Ownership: the libuv handle lives in an allocated ``StreamBlock``, and its requests in blocks of their own. Only the
/// loop's thread touches them, and the close callback frees them. Until then the handle retains this object, so a
/// stream lives until it is closed, whether or not anybody refers to it, and it retains its delegate until then. (A
/// weak reference would make each read and each retain of the delegate slower.)
public final class Stream {
    public let loop: Loop
    // Exclusivity checks are off where no code that runs during an access can access the same property again.
    @exclusivity(unchecked) public var delegate: (any StreamDelegate)?

    let block: UnsafeMutablePointer<StreamBlock>
    let kind: StreamBlock.Kind
    /// The socket, owned by libuv; valid while the stream is open.
    let socket: uv_os_fd_t
    /// libuv's requests for writing and for shutdown: allocated on first use, freed with the block.
    var writing: UnsafeMutablePointer<uv_write_t>?
    var ending: UnsafeMutablePointer<uv_shutdown_t>?
    var state = State.open
    @exclusivity(unchecked) var queue = WriteQueue()
    /// Failure state, which most streams never need.
    @exclusivity(unchecked) private var trouble: Trouble?
    private var isReading = false
    private var hasEnded = false
    private let namedPeer: SocketAddress?

    /// The state of a stream that failed or was closed with an error.
    private final class Trouble {
        /// A read error or end of file closes the stream; until then the data that the peer sent earlier is still read.
        var writeFailure: StreamError?
        var lateReadTimer: LoopTimer?
        var closeError: StreamError?
    }

    enum State {
        /// Readable and writable.
        case open
        /// `uv_close` was called; its callback moves the stream to `closed`.
        case closing
        /// The block has been freed.
        case closed
    }

    /// Takes over an open handle and its block. The handle's `data` must no longer point to an owner.
    private init(
        _ block: UnsafeMutablePointer<StreamBlock>, kind: StreamBlock.Kind, peer: SocketAddress?, on loop: Loop
    ) {
        self.loop = loop
        self.block = block
        self.kind = kind
        namedPeer = peer
        var socket: uv_os_fd_t = -1
        uv_fileno(StreamBlock.handle(block), &socket)
        self.socket = socket
        StreamBlock.handle(block).pointee.data = Unmanaged.passRetained(self).toOpaque()
    }

    convenience init(
        adopting block: UnsafeMutablePointer<StreamBlock>, kind: StreamBlock.Kind, peer: SocketAddress?, on loop: Loop
    ) {
        self.init(block, kind: kind, peer: peer, on: loop)
        if kind == .tcp {
            uv_tcp_nodelay(StreamBlock.tcp(block), 1)
            uv_tcp_keepalive(StreamBlock.tcp(block), 1, EventLoopLimits.tcpKeepAliveSeconds)
        }
    }

    /// As above, for a connection that inherited the options of its listener.
    convenience init(accepted block: UnsafeMutablePointer<StreamBlock>, kind: StreamBlock.Kind, on loop: Loop) {
        self.init(block, kind: kind, peer: nil, on: loop)
    }

    static func of(_ handle: UnsafeMutablePointer<uv_stream_t>) -> Stream {
        Unmanaged<Stream>.fromOpaque(handle.pointee.data).takeUnretainedValue()
    }

    /// True until ``close()`` or an error.
    public var isOpen: Bool { state == .open }

    /// The peer's address. The peer of an accepted Unix socket has no address: its path is empty. Nil once closed.
    public var peerAddress: SocketAddress? {
        if let namedPeer { return namedPeer }
        guard state == .open else { return nil }
        guard kind == .tcp else { return .unix(path: "") }
        return SocketAddress.asked { uv_tcp_getpeername(StreamBlock.tcp(block), $0, $1) }
    }

    /// The process at the other end of a Unix socket; nil on TCP, and once closed. One system call.
    public var localPeer: LocalPeer? {
        guard state == .open, kind != .tcp else { return nil }
        return LocalPeer(of: socket)
    }

    // MARK: Reading

    /// Delivers incoming bytes to the delegate, until ``stopReading()``.
    public func startReading() {
        assert(loop.isCurrent)
        guard state == .open, !isReading, !hasEnded else { return }
        isReading = true
        // The allocation callback gives libuv no buffer, so libuv only reports readability (uv_alloc_cb, UV_ENOBUFS).
        let status = uv_read_start(
            StreamBlock.stream(block), { _, _, _ in },
            { handle, _, _ in
                // No retain is needed for the call: the handle retains the stream until its close callback, which never
                // runs within another callback.
                Unmanaged<Stream>.fromOpaque(handle!.pointee.data)._withUnsafeGuaranteedRef { $0.readAll() }
            })
        if status < 0 { close(because: StreamError(code: status, operation: "read from \(peerName)")) }
    }

    /// Stops reading immediately; even bytes that the kernel already holds stay unread.
    public func stopReading() {
        assert(loop.isCurrent)
        guard state == .open, isReading else { return }
        isReading = false
        uv_read_stop(StreamBlock.stream(block))
        if let writeFailure { close(because: writeFailure) }
    }

    /// Whether the peer has half-closed or is gone, as far as the kernel knows. Also works for a stream that is not
    /// being read, whose end of file is not reported to the delegate. One system call.
    public var peerHasEnded: Bool {
        guard state == .open else { return true }
        var question = pollfd(fd: socket, events: carrel_POLLRDHUP, revents: 0)
        guard poll(&question, 1, 0) > 0 else { return false }
        return question.revents & (carrel_POLLRDHUP | Int16(POLLHUP) | Int16(POLLERR)) != 0
    }

    /// Reads what is available with `recv`, which costs the kernel less on a socket than the `read` of libuv, because
    /// `read` goes through the file system layer.
    private func readAll() {
        let room = loop.readBuffer
        for _ in 0..<EventLoopLimits.readsAtOnce where isReading {
            let count = recv(socket, room.baseAddress, room.count, 0)
            if count > 0 {
                delegate?.stream(self, didRead: UnsafeRawBufferPointer(start: room.baseAddress, count: count))
                // A short read means that the socket is drained; the loop reports when there is more.
                if count < room.count { return }
            } else if count == 0 {
                return didReadEnd()
            } else if errno != EINTR {
                return didFailReading(errno)
            }
        }
    }

    private func didReadEnd() {
        isReading = false
        hasEnded = true
        uv_read_stop(StreamBlock.stream(block))
        if let writeFailure {
            close(because: writeFailure)
        } else {
            delegate?.streamDidEnd(self)
        }
    }

    private func didFailReading(_ number: Int32) {
        if number == EAGAIN { return }
        close(because: writeFailure ?? StreamError(code: -number, operation: "read from \(peerName)"))
    }

    var canReadOn: Bool { isReading }

    /// The error after which nothing can be sent any more.
    var writeFailure: StreamError? { trouble?.writeFailure }
    var canWrite: Bool { state == .open && trouble?.writeFailure == nil }

    /// Records the failure; data that the peer sent earlier is still read, until the timer fires at the latest.
    func noteWriteFailure(_ error: StreamError, readingUntil timer: LoopTimer) {
        troubled.writeFailure = error
        troubled.lateReadTimer = timer
    }

    private var troubled: Trouble {
        let trouble = trouble ?? Trouble()
        self.trouble = trouble
        return trouble
    }

    // MARK: Closing

    /// Closes the stream; queued bytes are dropped. Idempotent.
    public func close() {
        close(because: nil)
    }

    func close(because error: StreamError?) {
        assert(loop.isCurrent)
        guard state == .open else { return }
        state = .closing
        if let error { troubled.closeError = error }
        isReading = false
        trouble?.lateReadTimer?.cancel()
        uv_close(StreamBlock.handle(block)) { handle in
            let stream = Unmanaged<Stream>.fromOpaque(handle!.pointee.data).takeRetainedValue()
            stream.didClose()
        }
    }

    private func didClose() {
        state = .closed
        queue.releaseMemory()
        block.deallocate()
        writing?.deallocate()
        ending?.deallocate()
        delegate?.streamDidClose(self, error: trouble?.closeError)
        delegate = nil
    }

    var peerName: String { peerAddress?.description ?? "a peer that has gone" }
}

extension Stream: HandleOwner {
    func closeAtLoopEnd() { close() }
}

extension SocketAddress {
    /// Reads the address that a libuv function fills in.
    static func asked(_ body: (UnsafeMutablePointer<sockaddr>, UnsafeMutablePointer<Int32>) -> Int32) -> SocketAddress?
    {
        var storage = sockaddr_storage()
        var length = Int32(MemoryLayout<sockaddr_storage>.size)
        return withUnsafeMutableBytes(of: &storage) { bytes in
            let address = bytes.baseAddress!.assumingMemoryBound(to: sockaddr.self)
            return body(address, &length) == 0 ? SocketAddress(native: address) : nil
        }
    }
}
