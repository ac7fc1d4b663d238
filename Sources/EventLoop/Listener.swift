import CLibUV
import Glibc

/// Accepts connections on a TCP address or a Unix socket. Confined to its loop's thread.
///
/// Ownership: the handle stands in a block that is freed in the close callback; until then it keeps this object alive.
public final class Listener {
    /// Where it stands: with the port the kernel chose when port 0 was asked for.
    public let boundAddress: SocketAddress
    /// Connections that could not be accepted (out of file descriptors, mostly).
    public private(set) var failedAccepts = 0

    private let loop: Loop
    private let block: StreamBlock.Pointer
    private let kind: StreamBlock.Kind
    private let socketFile: UnixSocketFile?
    private var onAccept: ((Stream) -> Void)?
    private var isClosed = false

    /// Binds and listens at once; `onAccept` gets each connection and must keep it or close it.
    ///
    /// A Unix socket whose file exists is replaced only when nobody answers there; it is removed at ``close()``.
    /// - Parameters:
    ///   - reusePort: several listeners (one per loop) share a TCP address; the kernel spreads the connections.
    ///   - fileMode: the access rights of a Unix socket's file, in force from its first moment.
    /// - Throws: EADDRINUSE, EACCES, EADDRNOTAVAIL …, with what was asked for.
    public init(
        on loop: Loop, address: SocketAddress, reusePort: Bool = false,
        backlog: Int32 = EventLoopLimits.listenBacklog, fileMode: UInt32 = 0o600,
        onAccept: @escaping (Stream) -> Void
    ) throws(StreamError) {
        loop.preconditionCurrent()
        let operation = "listen on \(address)"
        guard !loop.isStopping else { throw StreamError(UV_ECANCELED, operation) }
        let native = try address.native(for: operation)
        self.loop = loop
        self.onAccept = onAccept
        let descriptor: Int32
        switch address {
        case .ip:
            kind = .tcp
            socketFile = nil
            descriptor = try Self.boundSocket(native, reusePort: reusePort, operation)
        case .unix(let path):
            kind = .pipe
            (descriptor, socketFile) = try UnixSocketFile.bind(path, native, mode: fileMode, operation)
        }
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
            throw StreamError(code: status, operation: operation)
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
        let descriptor = socket(Int32(native.storage.ss_family), type, 0)
        guard descriptor >= 0 else { throw StreamError(code: -errno, operation: operation) }
        var on: Int32 = 1
        let size = socklen_t(MemoryLayout<Int32>.size)
        // libuv 1.44 has no flag for SO_REUSEPORT, and it only counts before bind.
        setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, size)
        if reusePort { setsockopt(descriptor, SOL_SOCKET, SO_REUSEPORT, &on, size) }
        guard withNative(native, { bind(descriptor, $0, $1) }) == 0 else {
            let code = -errno
            Glibc.close(descriptor)
            throw StreamError(code: code, operation: operation)
        }
        return descriptor
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
        onAccept(Stream(adopting: accepted, kind: kind, peer: nil, on: loop))
    }

    /// Accepts no more; connections that were accepted live on. Harmless when called again.
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
