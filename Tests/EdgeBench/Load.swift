import EventLoop
import HTTPWire
import Synchronization
import TLS

/// What clients do.
enum Work: Equatable {
    case request, handshake, resumption, download, upload, message, idleTunnel
    /// Requests by HTTP/2, which `H2Load` does.
    case http2Request

    var isTunnel: Bool { self == .message || self == .idleTunnel }
    var isOnePerConnection: Bool { self == .handshake || self == .resumption }

    func request(to hostname: String) -> [UInt8] {
        let common = "Host: \(hostname)\r\nUser-Agent: Mozilla/5.0 (X11; Linux x86_64) bench\r\nAccept: */*\r\n"
        let text =
            switch self {
            case .request, .handshake, .resumption, .http2Request:
                "GET /1k HTTP/1.1\r\n\(common)Accept-Encoding: gzip, deflate, br\r\nCookie: session=0123456789abcdef\r\n\r\n"
            case .download: "GET /1m HTTP/1.1\r\n\(common)\r\n"
            case .upload: "POST /up HTTP/1.1\r\n\(common)Content-Length: \(Load.largeBytes)\r\n\r\n"
            case .message, .idleTunnel:
                "GET /ws HTTP/1.1\r\n\(common)Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
                    + "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
            }
        return Array(text.utf8)
    }
}

/// What is measured: a proxy, or the upstream itself.
struct Target: Sendable {
    var name: String
    var port: Int
    /// Of the one process that works.
    var pid: Int
    var isSecure = true

    var address: SocketAddress { .ip(address: "127.0.0.1", port: port) }
}

/// Clients that do one work on one target for a while. Everything but `total` is touched on its loop alone, which is
/// why another thread may hold it.
final class Load: @unchecked Sendable {
    static let hostnames = 100
    static let largeBytes = 1 << 20
    static let piece = [UInt8](repeating: 0x63, count: 64 * 1024)

    struct Outcome: Sendable {
        var count = 0
        var resumed = 0
        /// The middle of the times from request to answer.
        var latency = Duration.zero
        var failure: String?
    }

    let loop: Loop
    let target: Target
    let work: Work
    let tls: TLSClientContext
    private(set) var isOver = false
    private var outcome = Outcome()
    private var latencies: [Int64] = []
    private var clients: [ObjectIdentifier: LoadClient] = [:]
    private var completion: ((Outcome) -> Void)?
    private var whenEmpty: (() -> Void)?
    private let enough: Int?
    private var planned = 0
    private var made = 0
    /// Tunnels are opened as people come, not all in one instant.
    private static let tunnelsAtATime = 8

    private init(loop: Loop, target: Target, work: Work, tls: TLSClientContext, enough: Int?) {
        self.loop = loop
        self.target = target
        self.work = work
        self.tls = tls
        self.enough = enough
    }

    /// Runs on `loop`; ends after `seconds` and calls back then, or as soon as `enough` was done: what is open stays
    /// open in that case until `close`.
    @discardableResult
    static func run(
        on loop: Loop, target: Target, work: Work, tls: TLSClientContext, clients: Int, seconds: Double,
        enough: Int? = nil, completion: @escaping @Sendable (Outcome) -> Void
    ) -> Load {
        let load = Load(loop: loop, target: target, work: work, tls: tls, enough: enough)
        load.completion = completion
        load.planned = clients
        for _ in 0..<min(clients, work == .idleTunnel ? Self.tunnelsAtATime : clients) { load.addClient() }
        _ = loop.schedule(after: .seconds(seconds)) { load.end() }
        return load
    }

    /// Ends it now; calls back when its last connection is closed.
    func close(_ completion: @escaping @Sendable () -> Void) {
        whenEmpty = completion
        end()
        if clients.isEmpty { didBecomeEmpty() }
    }

    private func didBecomeEmpty() {
        whenEmpty?()
        whenEmpty = nil
    }

    private func addClient() {
        let client = LoadClient(self, number: made)
        made += 1
        clients[ObjectIdentifier(client)] = client
        client.connect()
    }

    /// Of all loads so far; for whoever counts while one is under way.
    static let total = Atomic<Int>(0)

    func count(since began: MonotonicTime, isResumed: Bool) {
        Self.total.add(1, ordering: .relaxed)
        outcome.count += 1
        if isResumed { outcome.resumed += 1 }
        if latencies.count < 200_000 { latencies.append((MonotonicTime.current() - began).nanoseconds) }
        if outcome.count == enough { report() }
        if work == .idleTunnel, made < planned { addClient() }
    }

    func fail(_ what: String) {
        if outcome.failure == nil { outcome.failure = what }
        end()
    }

    private func report() {
        latencies.sort()
        if !latencies.isEmpty { outcome.latency = .nanoseconds(latencies[latencies.count / 2]) }
        completion?(outcome)
        completion = nil
    }

    private func end() {
        if isOver { return }
        isOver = true
        report()
        for client in clients.values { client.close() }
    }

    func didEnd(_ client: LoadClient) {
        clients[ObjectIdentifier(client)] = nil
        if clients.isEmpty { didBecomeEmpty() }
    }
}

extension Duration {
    var nanoseconds: Int64 {
        let (seconds, attoseconds) = components
        return seconds * 1_000_000_000 + attoseconds / 1_000_000_000
    }
}
