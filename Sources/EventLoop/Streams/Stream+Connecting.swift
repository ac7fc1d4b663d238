import CLibUV

extension Stream {
    /// Connects. `completion` is called exactly once, asynchronously, on `loop`, which must be the current one. On
    /// timeout it receives ETIMEDOUT.
    public static func connect(
        to address: SocketAddress, on loop: Loop, timeout: Duration,
        completion: @escaping (Result<Stream, StreamError>) -> Void
    ) {
        loop.preconditionCurrent()
        Connector(to: address, on: loop, completion: completion).start(timeout: timeout)
    }
}

/// One attempt to connect. The handle retains it (through `data`) until the stream takes over the handle, or until the
/// close callback. It owns the `uv_connect_t`, which libuv releases before either.
private final class Connector: HandleOwner {
    private let address: SocketAddress
    private let loop: Loop
    private let completion: (Result<Stream, StreamError>) -> Void
    private let block: StreamBlock.Pointer
    private let kind: StreamBlock.Kind
    private let request = UnsafeMutablePointer<uv_connect_t>.allocate(capacity: 1)
    private var failure: StreamError?
    private var timer: LoopTimer?

    init(to address: SocketAddress, on loop: Loop, completion: @escaping (Result<Stream, StreamError>) -> Void) {
        self.address = address
        self.loop = loop
        self.completion = completion
        kind =
            switch address {
            case .ip: .tcp
            case .unix: .pipe
            }
        block = StreamBlock.make(kind, on: loop)
        StreamBlock.handle(block).pointee.data = Unmanaged.passRetained(self).toOpaque()
    }

    deinit {
        request.deallocate()
    }

    private var operation: String { "connect to \(address)" }

    func start(timeout: Duration) {
        guard !loop.isStopping else { return fail(UV_ECANCELED.rawValue) }
        let native: (storage: sockaddr_storage, length: socklen_t)
        do {
            native = try address.native(for: operation)
        } catch {
            return fail(error)
        }
        let onConnect: uv_connect_cb = { request, status in
            let data = request!.pointee.handle.pointee.data!
            Unmanaged<Connector>.fromOpaque(data).takeUnretainedValue().didConnect(status)
        }
        switch address {
        case .ip:
            let status = withNative(native) { address, _ in
                uv_tcp_connect(request, StreamBlock.tcp(block), address, onConnect)
            }
            if status < 0 { return fail(status) }
        case .unix(let path):
            uv_pipe_connect(request, StreamBlock.pipe(block), path, onConnect)
        }
        timer = loop.schedule(after: timeout) { [weak self] in self?.fail(UV_ETIMEDOUT.rawValue) }
    }

    private func didConnect(_ status: Int32) {
        guard failure == nil else { return }  // cancelled because we closed the handle
        if status < 0 { return fail(status) }
        timer?.cancel()
        let handle = StreamBlock.handle(block)
        Unmanaged<Connector>.fromOpaque(handle.pointee.data).release()
        completion(.success(Stream(adopting: block, kind: kind, peer: address, on: loop)))
    }

    private func fail(_ code: Int32) {
        fail(StreamError(code: code, operation: operation))
    }

    private func fail(_ error: StreamError) {
        guard failure == nil else { return }
        failure = error
        timer?.cancel()
        uv_close(StreamBlock.handle(block)) { handle in
            let connector = Unmanaged<Connector>.fromOpaque(handle!.pointee.data).takeRetainedValue()
            connector.block.deallocate()
            connector.completion(.failure(connector.failure!))
        }
    }

    func closeAtLoopEnd() {
        fail(UV_ECANCELED.rawValue)
    }
}
