import CLibUV
import Glibc

/// Accepts connections on a TCP address or a Unix socket. Confined to its loop's thread.
///
/// Ownership: the libuv handle lives in a block that is freed in the close callback; until then the handle retains this
/// object.
public final class Listener {
    /// The address that it is bound to, with the kernel's choice if port 0 was requested.
    public let boundAddress: SocketAddress
    /// Connections that could not be accepted (mostly because the process was out of file descriptors).
    public private(set) var failedAccepts = 0

    private let loop: Loop
    private let block: StreamBlock.Pointer
    private let kind: StreamBlock.Kind
    private var socketFile: UnixSocketFile?
    private var onAccept: ((Stream) -> Void)?
    private var isClosed = false

    /// Binds and listens immediately; `onAccept` receives each connection and must retain it or close it.
    ///
    /// An existing Unix socket file is replaced only if no process answers on it; ``close()`` removes the file.
    /// - Parameters:
    ///   - reusePort: lets several listeners (one per loop) share a TCP address; the kernel spreads the connections.
    ///   - fileMode: the permissions of a Unix socket's file, in force from the moment it is created.
    /// - Throws: EADDRINUSE, EACCES, EADDRNOTAVAIL …, with the requested address.
    public convenience init(
        on loop: Loop, address: SocketAddress, reusePort: Bool = false,
        backlog: Int32 = EventLoopLimits.listenBacklog, fileMode: UInt32 = 0o600,
        onAccept: @escaping (Stream) -> Void
    ) throws(StreamError) {
        loop.preconditionCurrent()
        let operation = "listen on \(address)"
        guard !loop.isStopping else { throw StreamError(UV_ECANCELED, operation) }
        let native = try address.native(for: operation)
        let bound: (descriptor: Int32, file: UnixSocketFile?)
        switch address {
        case .ip: bound = (try Self.boundSocket(native, reusePort: reusePort, operation), nil)
        case .unix(let path): bound = try UnixSocketFile.bind(path, native, mode: fileMode, operation)
        }
        try self.init(
            on: loop, address, owning: bound.descriptor, bound.file, backlog: backlog, onAccept: onAccept)
    }

    /// Accepts from a socket that already listens. A Unix socket's file keeps its previous owner until ``adoptFile()``.
    /// - Throws: EMFILE, when the process has too many descriptors.
    public convenience init(
        on loop: Loop, inherited socket: ListeningSocket, backlog: Int32 = EventLoopLimits.listenBacklog,
        onAccept: @escaping (Stream) -> Void
    ) throws(StreamError) {
        loop.preconditionCurrent()
        guard !loop.isStopping else { throw StreamError(UV_ECANCELED, "listen on \(socket.address)") }
        try self.init(
            on: loop, socket.address, owning: try socket.duplicatedDescriptor(), nil, backlog: backlog,
            onAccept: onAccept)
    }

    private init(
        on loop: Loop, _ address: SocketAddress, owning descriptor: Int32, _ file: UnixSocketFile?, backlog: Int32,
        onAccept: @escaping (Stream) -> Void
    ) throws(StreamError) {
        self.loop = loop
        self.onAccept = onAccept
        socketFile = file
        if case .ip = address { kind = .tcp } else { kind = .pipe }
        if kind == .tcp { Self.setOptions(of: descriptor) }
        block = StreamBlock.make(kind, on: loop)
        var status =
            kind == .tcp
            ? uv_tcp_open(StreamBlock.tcp(block), descriptor) : uv_pipe_open(StreamBlock.pipe(block), descriptor)
        if status < 0 { Glibc.close(descriptor) }
        if status == 0 {
            status = uv_listen(StreamBlock.stream(block), backlog) { handle, status in
                let listener = Unmanaged<Listener>.fromOpaque(handle!.pointee.data).takeUnretainedValue()
                listener.didConnect(status)
            }
        }
        guard status == 0 else {
            StreamBlock.discard(block)
            socketFile?.remove()
            throw StreamError(code: status, operation: "listen on \(address)")
        }
        boundAddress =
            kind == .tcp
            ? SocketAddress.asked { [block] in uv_tcp_getsockname(StreamBlock.tcp(block), $0, $1) } ?? address : address
        StreamBlock.handle(block).pointee.data = Unmanaged.passRetained(self).toOpaque()
    }

    private static func boundSocket(
        _ native: (storage: sockaddr_storage, length: socklen_t), reusePort: Bool, _ operation: String
    ) throws(StreamError) -> Int32 {
        let type = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
        let descriptor = Glibc.socket(Int32(native.storage.ss_family), type, 0)
        guard descriptor >= 0 else { throw StreamError(code: -errno, operation: operation) }
        var on: Int32 = 1
        let size = socklen_t(MemoryLayout<Int32>.size)
        // libuv 1.44 has no flag for SO_REUSEPORT, which takes effect only if it is set before bind.
        setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, size)
        if reusePort { setsockopt(descriptor, SOL_SOCKET, SO_REUSEPORT, &on, size) }
        guard withNative(native, { bind(descriptor, $0, $1) }) == 0 else {
            let code = -errno
            Glibc.close(descriptor)
            throw StreamError(code: code, operation: operation)
        }
        return descriptor
    }

    /// Sets the options that every TCP connection has. An accepted socket inherits its listener's options (tcp(7)), so
    /// they are set once here rather than five times per connection.
    private static func setOptions(of descriptor: Int32) {
        let options: [(level: Int32, name: Int32, value: Int32)] = [
            (Int32(IPPROTO_TCP), TCP_NODELAY, 1),
            (SOL_SOCKET, SO_KEEPALIVE, 1),
            (Int32(IPPROTO_TCP), TCP_KEEPIDLE, Int32(EventLoopLimits.tcpKeepAliveSeconds)),
            (Int32(IPPROTO_TCP), TCP_KEEPINTVL, EventLoopLimits.tcpProbeSeconds),
            (Int32(IPPROTO_TCP), TCP_KEEPCNT, EventLoopLimits.tcpProbes),
        ]
        for option in options {
            var value = option.value
            // Only a socket that is not TCP rejects these.
            setsockopt(descriptor, option.level, option.name, &value, socklen_t(MemoryLayout<Int32>.size))
        }
    }

    private func didConnect(_ status: Int32) {
        guard status == 0, let onAccept else {
            failedAccepts += 1
            return
        }
        let accepted = StreamBlock.make(kind, on: loop)
        guard uv_accept(StreamBlock.stream(block), StreamBlock.stream(accepted)) == 0 else {
            failedAccepts += 1
            return StreamBlock.discard(accepted)
        }
        onAccept(Stream(accepted: accepted, kind: kind, on: loop))
    }

    /// Duplicates the descriptor of the socket, which keeps listening after this listener is closed.
    /// - Throws: EMFILE, when the process has too many descriptors.
    public func socket() throws(StreamError) -> ListeningSocket {
        assert(loop.isCurrent)
        var descriptor: uv_os_fd_t = -1
        let status = uv_fileno(StreamBlock.handle(block), &descriptor)
        guard status == 0 else { throw StreamError(code: status, operation: "duplicate the socket of \(boundAddress)") }
        let copy = try ListeningSocket.duplicate(descriptor, boundAddress)
        guard let socket = ListeningSocket(owning: copy) else {
            throw StreamError(UV_EINVAL, "duplicate the socket of \(boundAddress)")
        }
        return socket
    }

    /// Makes this listener responsible for removing the file of an inherited Unix socket.
    public func adoptFile() {
        if case .unix(let path) = boundAddress { socketFile = UnixSocketFile(inherited: path) }
    }

    /// Stops accepting, and leaves a Unix socket's file to the other process that shares the socket.
    public func leave() {
        socketFile = nil
        close()
    }

    /// Stops accepting; accepted connections stay open. Idempotent.
    public func close() {
        assert(loop.isCurrent)
        guard !isClosed else { return }
        isClosed = true
        onAccept = nil
        socketFile?.remove()
        uv_close(StreamBlock.handle(block)) { handle in
            let listener = Unmanaged<Listener>.fromOpaque(handle!.pointee.data).takeRetainedValue()
            listener.block.deallocate()
        }
    }
}

extension Listener: HandleOwner {
    func closeAtLoopEnd() { close() }
}
