import CLibUV
import Glibc

/// Resolves host names to addresses with the system's resolver.
public enum Resolver {
    /// Resolves `host`, a name or an IP address. `completion` is called exactly once, asynchronously, on `loop`, which
    /// must be the current one. On success it receives at least one address, in the system's order of preference.
    ///
    /// The system's resolver cannot be interrupted: at the timeout the caller gets ETIMEDOUT, and a late answer is
    /// dropped.
    public static func resolve(
        host: String, port: Int, on loop: Loop, timeout: Duration = EventLoopLimits.resolveTimeout,
        completion: @escaping (Result<[SocketAddress], StreamError>) -> Void
    ) {
        loop.preconditionCurrent()
        let resolution = Resolution(host: host, port: port, on: loop, completion: completion)
        resolution.start(timeout: timeout)
    }
}

/// One lookup in progress. The loop retains it until libuv has returned its request; it owns the request.
final class Resolution {
    private let host: String
    private let port: Int
    private let loop: Loop
    private var completion: ((Result<[SocketAddress], StreamError>) -> Void)?
    private let request = UnsafeMutablePointer<uv_getaddrinfo_t>.allocate(capacity: 1)
    private var timer: LoopTimer?

    init(
        host: String, port: Int, on loop: Loop, completion: @escaping (Result<[SocketAddress], StreamError>) -> Void
    ) {
        self.host = host
        self.port = port
        self.loop = loop
        self.completion = completion
    }

    deinit {
        request.deallocate()
    }

    private var operation: String { "resolve the host name \(host)" }

    func start(timeout: Duration) {
        if (try? SocketAddress.ip(address: host, port: port).native(for: operation)) != nil {
            return answerSoon(.success([.ip(address: host, port: port)]))
        }
        guard !loop.isStopping else { return answerSoon(.failure(StreamError(UV_ECANCELED, operation))) }
        guard loop.pendingResolutions.count < EventLoopLimits.pendingResolutions else {
            let detail = "\(EventLoopLimits.pendingResolutions) names are being resolved already; try again later"
            return answerSoon(.failure(StreamError(UV_ENOBUFS, operation, detail)))
        }
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        hints.ai_flags = AI_ADDRCONFIG
        request.pointee.data = Unmanaged.passUnretained(self).toOpaque()
        let onAnswer: uv_getaddrinfo_cb = { request, status, list in
            let resolution = Unmanaged<Resolution>.fromOpaque(request!.pointee.data).takeUnretainedValue()
            resolution.didAnswer(status, list)
        }
        let status = uv_getaddrinfo(loop.uv, request, onAnswer, host, nil, &hints)
        guard status == 0 else {
            return answerSoon(.failure(StreamError(code: status, operation: operation)))
        }
        loop.pendingResolutions.insert(self)
        timer = loop.schedule(after: timeout) { [weak self] in
            guard let self else { return }
            finish(.failure(StreamError(UV_ETIMEDOUT, operation)))
        }
    }

    /// Asks libuv to cancel the request, which works only if the lookup has not started; its callback runs in any case.
    func cancel() {
        uv_cancel(UnsafeMutableRawPointer(request).assumingMemoryBound(to: uv_req_t.self))
    }

    private func didAnswer(_ status: Int32, _ list: UnsafeMutablePointer<addrinfo>?) {
        loop.pendingResolutions.remove(self)
        defer { uv_freeaddrinfo(list) }
        guard status == 0 else { return finish(.failure(StreamError(code: status, operation: operation))) }
        var addresses: [SocketAddress] = []
        var next = list
        while let entry = next {
            if let native = entry.pointee.ai_addr, case .ip(let address, _)? = SocketAddress(native: native) {
                let found = SocketAddress.ip(address: address, port: port)
                if !addresses.contains(found) { addresses.append(found) }
            }
            next = entry.pointee.ai_next
        }
        let nothing = StreamError(UV_EAI_NODATA, operation)
        finish(addresses.isEmpty ? .failure(nothing) : .success(addresses))
    }

    private func answerSoon(_ result: Result<[SocketAddress], StreamError>) {
        timer = loop.schedule(after: .zero) { self.finish(result) }
        if loop.isStopping { finish(result) }
    }

    private func finish(_ result: Result<[SocketAddress], StreamError>) {
        timer?.cancel()
        timer = nil
        let completion = completion
        self.completion = nil
        completion?(result)
    }
}

extension Resolution: Hashable {
    static func == (left: Resolution, right: Resolution) -> Bool { left === right }
    func hash(into hasher: inout Hasher) { hasher.combine(ObjectIdentifier(self)) }
}
