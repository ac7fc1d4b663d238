import CLibUV
import Glibc

/// What a stream tells its owner, always on the stream's loop, never inside a call of the owner's into the stream.
public protocol StreamDelegate: AnyObject {
    /// Bytes came. They stand in the loop's one read buffer and are valid only during this call.
    func stream(_ stream: Stream, didRead bytes: UnsafeRawBufferPointer)
    /// The peer will send nothing more; writing still works.
    func streamDidEnd(_ stream: Stream)
    /// Bytes had to be queued, and now all of them are with the kernel.
    func streamDidDrain(_ stream: Stream)
    /// The stream is closed, exactly once and last of all. Without an error it was closed by ``Stream/close()``.
    func streamDidClose(_ stream: Stream, error: StreamError?)
}

/// A connected TCP or Unix stream. Confined to its loop's thread.
///
/// Ownership: the libuv handle stands in an allocated ``StreamBlock``, and its requests in blocks of their own, which only
/// the loop's thread touches and which are freed in the close callback. Until then the handle keeps this object alive, so a stream lives
/// until it is closed, whoever refers to it, and it holds its delegate until then. (Weakly it would cost each read and
/// each count of the delegate's references a detour.)
public final class Stream {
    public let loop: Loop
    // Where exclusivity is unchecked, nothing that is called during a change or a look comes back to the same place.
    @exclusivity(unchecked) public var delegate: (any StreamDelegate)?

    let block: UnsafeMutablePointer<StreamBlock>
    let kind: StreamBlock.Kind
    /// The socket, which is libuv's: good while the stream is open.
    let socket: uv_os_fd_t
    /// What libuv needs while it writes, and to end: made when first needed, freed with the block.
    var writing: UnsafeMutablePointer<uv_write_t>?
    var ending: UnsafeMutablePointer<uv_shutdown_t>?
    var state = State.open
    @exclusivity(unchecked) var queue = WriteQueue()
    /// What most streams never have.
    @exclusivity(unchecked) private var trouble: Trouble?
    private var isReading = false
    private var hasEnded = false
    private let namedPeer: SocketAddress?

    /// What is known of the end of a stream that did not end by itself.
    private final class Trouble {
        /// A read error or the end of the stream closes it; until then what the peer sent before is still read.
        var writeFailure: StreamError?
        var lateReadTimer: LoopTimer?
        var closeError: StreamError?
    }

    enum State {
        /// Reads and writes.
        case open
        /// `uv_close` was called; exits to `closed` in its callback.
        case closing
        /// The block is freed.
        case closed
    }

    /// Takes over an open handle and its block. The handle's `data` must not point to an owner any more.
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

    /// The same for a connection that has the options of its listener.
    convenience init(accepted block: UnsafeMutablePointer<StreamBlock>, kind: StreamBlock.Kind, on loop: Loop) {
        self.init(block, kind: kind, peer: nil, on: loop)
    }

    static func of(_ handle: UnsafeMutablePointer<uv_stream_t>) -> Stream {
        Unmanaged<Stream>.fromOpaque(handle.pointee.data).takeUnretainedValue()
    }

    /// True until ``close()`` or an error.
    public var isOpen: Bool { state == .open }

    /// The other end. A peer on a Unix socket that we accepted has no name: its path is empty. Nil once closed.
    public var peerAddress: SocketAddress? {
        if let namedPeer { return namedPeer }
        guard state == .open else { return nil }
        guard kind == .tcp else { return .unix(path: "") }
        return SocketAddress.asked { uv_tcp_getpeername(StreamBlock.tcp(block), $0, $1) }
    }

    /// Who is at the other end of a Unix socket; nil on TCP, and once closed. One system call.
    public var localPeer: LocalPeer? {
        guard state == .open, kind != .tcp else { return nil }
        return LocalPeer(of: socket)
    }

    // MARK: Reading

    /// Hands what comes to the delegate, until ``stopReading()``.
    public func startReading() {
        assert(loop.isCurrent)
        guard state == .open, !isReading, !hasEnded else { return }
        isReading = true
        // libuv is given no room, and so only says that there is something to read (uv_alloc_cb, UV_ENOBUFS).
        let status = uv_read_start(
            StreamBlock.stream(block), { _, _, _ in },
            { handle, _, _ in
                // Nobody counts a reference for the call: the handle holds the stream until its close callback, which
                // never comes within another one.
                Unmanaged<Stream>.fromOpaque(handle!.pointee.data)._withUnsafeGuaranteedRef { $0.readAll() }
            })
        if status < 0 { close(because: StreamError(code: status, operation: "read from \(peerName)")) }
    }

    /// From now on nothing is read, at once: not even the rest of what the kernel holds.
    public func stopReading() {
        assert(loop.isCurrent)
        guard state == .open, isReading else { return }
        isReading = false
        uv_read_stop(StreamBlock.stream(block))
        if let writeFailure { close(because: writeFailure) }
    }

    /// Whether the peer has ended its side or is gone, as far as the kernel knows: also of a stream that is not read,
    /// whose end nobody is told of. One system call.
    public var peerHasEnded: Bool {
        guard state == .open else { return true }
        var question = pollfd(fd: socket, events: carrel_POLLRDHUP, revents: 0)
        guard poll(&question, 1, 0) > 0 else { return false }
        return question.revents & (carrel_POLLRDHUP | Int16(POLLHUP) | Int16(POLLERR)) != 0
    }

    /// Reads what there is, by `recv`: of a socket that costs the kernel less than the `read` that libuv would call, which
    /// passes through the file system.
    private func readAll() {
        let room = loop.readBuffer
        for _ in 0..<EventLoopLimits.readsAtOnce where isReading {
            let count = recv(socket, room.baseAddress, room.count, 0)
            if count > 0 {
                delegate?.stream(self, didRead: UnsafeRawBufferPointer(start: room.baseAddress, count: count))
                // There was less than there was room for: the loop tells when there is more.
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

    /// Nothing can be sent any more, for this reason.
    var writeFailure: StreamError? { trouble?.writeFailure }
    var canWrite: Bool { state == .open && trouble?.writeFailure == nil }

    /// What the peer sent before is still read, until the timer fires at the latest.
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

    /// Closes the stream; what is still queued is dropped. Harmless when it is closed already.
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
