import CLibUV
import Glibc

/// A connection between two processes of one machine that preserves message boundaries and can pass listening sockets
/// (SOCK_SEQPACKET, SCM_RIGHTS; unix(7)). Confined to its loop's thread.
///
/// Ownership: ``close()`` closes the descriptor and the handle together; the handle retains this object until the close
/// callback.
public final class MessageSocket {
    public struct Message {
        public var bytes: [UInt8]
        public var sockets: [ListeningSocket]
    }

    public let peer: LocalPeer

    private let loop: Loop
    private let descriptor: Int32
    private let handle = UnsafeMutablePointer<uv_poll_t>.allocate(capacity: 1)
    private var waiting: [Message] = []
    private var onMessage: ((Message) -> Void)?
    private var onEnd: ((StreamError?) -> Void)?
    private var isClosed = false

    /// Connects synchronously: a Unix socket either accepts the connection or refuses it.
    /// - Throws: ENOENT or ECONNREFUSED when no process listens there, EAGAIN when the listener's backlog is full.
    public static func connect(to path: String, on loop: Loop) throws(StreamError) -> MessageSocket {
        loop.preconditionCurrent()
        let operation = "connect to unix:\(path)"
        let native = try SocketAddress.unix(path: path).native(for: operation)
        let descriptor = UnixSocketFile.newSocket(SOCK_SEQPACKET)
        guard descriptor >= 0 else { throw StreamError(code: -errno, operation: operation) }
        guard withNative(native, { Glibc.connect(descriptor, $0, $1) }) == 0 else {
            let code = -errno
            Glibc.close(descriptor)
            throw StreamError(code: code, operation: operation)
        }
        return try MessageSocket(owning: descriptor, on: loop)
    }

    init(owning descriptor: Int32, on loop: Loop) throws(StreamError) {
        self.loop = loop
        self.descriptor = descriptor
        handle.initialize(to: uv_poll_t())
        let peer = LocalPeer(of: descriptor)
        let status = peer == nil ? -errno : uv_poll_init(loop.uv, handle, descriptor)
        self.peer = peer ?? LocalPeer(process: 0, user: 0)
        guard status == 0 else {
            Glibc.close(descriptor)
            handle.deallocate()
            throw StreamError(code: status, operation: "talk to another process")
        }
        handle.pointee.data = Unmanaged.passRetained(self).toOpaque()
    }

    /// Starts reading.
    /// - Parameters:
    ///   - onMessage: receives each message; never called within this call.
    ///   - onEnd: called once, unless this side closes first: the other process closed or died, or an error occurred.
    public func start(onMessage: @escaping (Message) -> Void, onEnd: @escaping (StreamError?) -> Void) {
        assert(loop.isCurrent)
        guard !isClosed else { return }
        self.onMessage = onMessage
        self.onEnd = onEnd
        watch()
    }

    /// Sends a message, in order with earlier ones.
    /// - Precondition: the message is within `EventLoopLimits.messageBytes` and `.messageSockets`.
    public func send(_ bytes: [UInt8], _ sockets: [ListeningSocket] = []) {
        assert(loop.isCurrent)
        precondition(
            !bytes.isEmpty && bytes.count <= EventLoopLimits.messageBytes
                && sockets.count <= EventLoopLimits.messageSockets, "a message is too large")
        guard !isClosed else { return }
        waiting.append(Message(bytes: bytes, sockets: sockets))
        if waiting.count > EventLoopLimits.waitingMessages { return end(StreamError(UV_ENOBUFS, "send a message")) }
        flush()
        watch()
    }

    /// Closes immediately; queued messages are dropped. Idempotent.
    public func close() {
        assert(loop.isCurrent)
        guard !isClosed else { return }
        isClosed = true
        onMessage = nil
        onEnd = nil
        waiting = []
        uv_close(Loop.handle(handle)) { handle in
            let socket = Unmanaged<MessageSocket>.fromOpaque(handle!.pointee.data).takeRetainedValue()
            Glibc.close(socket.descriptor)
            socket.handle.deallocate()
        }
    }

    private func end(_ error: StreamError?) {
        let onEnd = onEnd
        close()
        onEnd?(error)
    }

    // MARK: Readiness

    private func watch() {
        guard !isClosed, onMessage != nil || !waiting.isEmpty else { return }
        var events = onMessage == nil ? 0 : Int32(UV_READABLE.rawValue)
        if !waiting.isEmpty { events |= Int32(UV_WRITABLE.rawValue) }
        uv_poll_start(handle, events) { handle, status, events in
            let socket = Unmanaged<MessageSocket>.fromOpaque(handle!.pointee.data).takeUnretainedValue()
            socket.isReady(status, events)
        }
    }

    private func isReady(_ status: Int32, _ events: Int32) {
        if status < 0 { return end(StreamError(code: status, operation: "talk to another process")) }
        if events & Int32(UV_WRITABLE.rawValue) != 0 { flush() }
        if events & Int32(UV_READABLE.rawValue) != 0 { readAll() }
        watch()
    }

    private func readAll() {
        while !isClosed {
            do throws(StreamError) {
                guard let message = try DescriptorMessage.receive(from: descriptor) else { return }
                if message.bytes.isEmpty { return end(nil) }
                onMessage?(message)
            } catch {
                return end(error)
            }
        }
    }

    private func flush() {
        while let message = waiting.first {
            do throws(StreamError) {
                guard try DescriptorMessage.send(message, to: descriptor) else { return }
                waiting.removeFirst()
            } catch {
                // The other side has closed; read the messages that it sent before, then its end of file.
                guard error.code == StreamError.brokenPipe else { return end(error) }
                waiting = []
            }
        }
    }
}

extension MessageSocket: HandleOwner {
    func closeAtLoopEnd() { close() }
}
