import CLibUV
import Glibc

/// Listens for connections (`MessageSocket`) from other processes on this machine. Its file has mode 0600. Confined to
/// its loop's thread.
///
/// Ownership: the descriptor and the handle are closed together; until the close callback the handle retains this
/// object.
public final class MessageListener {
    private let loop: Loop
    private let descriptor: Int32
    private let address: SocketAddress
    private let handle = UnsafeMutablePointer<uv_poll_t>.allocate(capacity: 1)
    private var file: UnixSocketFile?
    private var onConnect: ((MessageSocket) -> Void)?

    /// - Throws: EADDRINUSE when another process answers on the path, EACCES …
    public convenience init(
        on loop: Loop, path: String, onConnect: @escaping (MessageSocket) -> Void
    ) throws(StreamError) {
        loop.preconditionCurrent()
        let operation = "listen on unix:\(path)"
        let native = try SocketAddress.unix(path: path).native(for: operation)
        let (descriptor, file) = try UnixSocketFile.bind(path, native, type: SOCK_SEQPACKET, mode: 0o600, operation)
        guard listen(descriptor, EventLoopLimits.listenBacklog) == 0 else {
            let code = -errno
            Glibc.close(descriptor)
            file.remove()
            throw StreamError(code: code, operation: operation)
        }
        try self.init(on: loop, .unix(path: path), owning: descriptor, file, onConnect: onConnect)
    }

    /// Accepts from a socket that already listens. Its file keeps its previous owner until ``adoptFile()``.
    /// - Throws: EMFILE, when the process has too many descriptors.
    public convenience init(
        on loop: Loop, inherited socket: ListeningSocket, onConnect: @escaping (MessageSocket) -> Void
    ) throws(StreamError) {
        loop.preconditionCurrent()
        try self.init(on: loop, socket.address, owning: try socket.duplicatedDescriptor(), nil, onConnect: onConnect)
    }

    private init(
        on loop: Loop, _ address: SocketAddress, owning descriptor: Int32, _ file: UnixSocketFile?,
        onConnect: @escaping (MessageSocket) -> Void
    ) throws(StreamError) {
        self.loop = loop
        self.address = address
        self.descriptor = descriptor
        self.file = file
        self.onConnect = onConnect
        handle.initialize(to: uv_poll_t())
        let status = uv_poll_init(loop.uv, handle, descriptor)
        guard status == 0 else {
            Glibc.close(descriptor)
            handle.deallocate()
            file?.remove()
            throw StreamError(code: status, operation: "listen on \(address)")
        }
        handle.pointee.data = Unmanaged.passRetained(self).toOpaque()
        uv_poll_start(handle, Int32(UV_READABLE.rawValue)) { handle, _, _ in
            Unmanaged<MessageListener>.fromOpaque(handle!.pointee.data).takeUnretainedValue().acceptAll()
        }
    }

    private func acceptAll() {
        while let onConnect {
            let accepted = accept(descriptor, nil, nil)
            // EAGAIN: the backlog is empty. EMFILE: the connection stays in the backlog until descriptors are free.
            guard accepted >= 0 else { return }
            _ = fcntl(accepted, F_SETFD, FD_CLOEXEC)
            _ = fcntl(accepted, F_SETFL, O_NONBLOCK)
            if let socket = try? MessageSocket(owning: accepted, on: loop) { onConnect(socket) }
        }
    }

    /// Duplicates the descriptor of the socket, which keeps listening after this listener is closed.
    /// - Throws: EMFILE, when the process has too many descriptors.
    public func socket() throws(StreamError) -> ListeningSocket {
        assert(loop.isCurrent)
        guard let socket = ListeningSocket(owning: try ListeningSocket.duplicate(descriptor, address)) else {
            throw StreamError(UV_EINVAL, "duplicate the socket of \(address)")
        }
        return socket
    }

    /// Makes this listener responsible for removing the file of an inherited socket.
    public func adoptFile() {
        if case .unix(let path) = address { file = UnixSocketFile(inherited: path) }
        // Calling listen(2) again makes the kernel report this process as the peer to processes that connect
        // (SO_PEERCRED).
        _ = listen(descriptor, EventLoopLimits.listenBacklog)
    }

    /// Stops accepting, and leaves the file to the other process that shares the socket.
    public func leave() {
        file = nil
        close()
    }

    /// Stops accepting and removes the file. Idempotent.
    public func close() {
        assert(loop.isCurrent)
        guard onConnect != nil else { return }
        onConnect = nil
        file?.remove()
        uv_close(Loop.handle(handle)) { handle in
            let listener = Unmanaged<MessageListener>.fromOpaque(handle!.pointee.data).takeRetainedValue()
            Glibc.close(listener.descriptor)
            listener.handle.deallocate()
        }
    }
}

extension MessageListener: HandleOwner {
    func closeAtLoopEnd() { close() }
}
