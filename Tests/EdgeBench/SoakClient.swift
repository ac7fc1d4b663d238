import EventLoop
import HTTPTransport
import HTTPWire
import TLS

/// What a soak does; its amount is a number of requests, of tunnels, or of bytes.
enum SoakWork {
    case requests, tunnels, download, upload

    /// One connection at a time carries a transfer.
    var clients: Int { self == .requests || self == .tunnels ? Soak.clients : 1 }
}

/// Clients that share an amount of work until it is done. Confined to its loop.
final class SoakRun {
    /// Requests on one connection, before a new one is made.
    static let requestsPerConnection = 100
    /// Bytes per second of a slow peer.
    static let slowRate = 64 << 20
    /// How often a slow peer looks whether it may go on.
    static let pace = Duration.milliseconds(10)

    let loop: Loop
    let target: Target
    let tls: TLSClientContext
    let work: SoakWork
    let amount: Int
    private var left: Int
    private var active = 0
    private var failure: String?
    private let completion: @Sendable (String?) -> Void

    private init(
        _ work: SoakWork, _ amount: Int, at target: Target, tls: TLSClientContext, on loop: Loop,
        completion: @escaping @Sendable (String?) -> Void
    ) {
        (self.work, self.amount, self.target, self.tls, self.loop) = (work, amount, target, tls, loop)
        self.completion = completion
        left = work.clients == 1 ? 1 : amount
    }

    static func start(
        _ work: SoakWork, _ amount: Int, at target: Target, tls: TLSClientContext, on loop: Loop,
        completion: @escaping @Sendable (String?) -> Void
    ) {
        let run = SoakRun(work, amount, at: target, tls: tls, on: loop, completion: completion)
        for number in 0..<work.clients {
            run.active += 1
            SoakClient(run, number: number).connect()
        }
    }

    /// - Returns: false when all is being done already.
    func takeOne() -> Bool {
        guard left > 0, failure == nil else { return false }
        left -= 1
        return true
    }

    func fail(_ why: String) { failure = failure ?? why }

    func didEnd() {
        active -= 1
        if active == 0 { completion(failure) }
    }
}

final class SoakClient: ByteChannelDelegate {
    private let run: SoakRun
    private let hostname: String
    private var channel: ByteChannel?
    private var parser = ResponseParser()
    private var done = 0
    private var closed = 0
    private var isBusy = false
    private var isTunnel = false
    private var moved = 0
    private var began = MonotonicTime(nanoseconds: 0)
    private static let piece = [UInt8](repeating: 0x64, count: 64 * 1024)

    init(_ run: SoakRun, number: Int) {
        self.run = run
        hostname = "h\(number % Load.hostnames).bench.test"
    }

    func connect() {
        guard run.takeOne() else { return run.didEnd() }
        done = 0
        Stream.connect(to: run.target.address, on: run.loop, timeout: .seconds(10)) { [self] result in
            guard case .success(let stream) = result,
                let engine = try? TLSConnection(client: run.tls, serverName: hostname)
            else {
                run.fail("cannot connect to the edge")
                return run.didEnd()
            }
            let channel = ByteChannel(stream: stream, tls: engine)
            self.channel = channel
            channel.delegate = self
            channel.open()
        }
    }

    func channelDidOpen(_ channel: ByteChannel) { send() }

    private func send() {
        parser = ResponseParser()
        parser.expect(requestMethod: run.work == .upload ? "POST" : "GET", upgrade: run.work == .tunnels)
        (isBusy, isTunnel, moved, began) = (true, false, 0, run.loop.now)
        let request =
            switch run.work {
            case .requests: Work.request.request(to: hostname)
            case .tunnels: Work.message.request(to: hostname)
            case .download: Self.head("GET /bytes/\(run.amount)", hostname)
            case .upload: Self.head("POST /slowly", hostname, "Content-Length: \(run.amount)\r\n")
            }
        request.withUnsafeBytes { channel?.write($0) }
        if run.work == .upload { feed() }
    }

    private static func head(_ line: String, _ hostname: String, _ fields: String = "") -> [UInt8] {
        Array("\(line) HTTP/1.1\r\nHost: \(hostname)\r\n\(fields)\r\n".utf8)
    }

    /// As fast as the edge takes it: it is the upstream that is slow.
    private func feed() {
        guard let channel else { return }
        Self.piece.withUnsafeBytes { piece in
            while moved < run.amount, !channel.isSaturated {
                let count = min(piece.count, run.amount - moved)
                channel.write(UnsafeRawBufferPointer(rebasing: piece[..<count]))
                moved += count
            }
        }
    }

    func channelDidDrain(_ channel: ByteChannel) { if run.work == .upload, isBusy { feed() } }

    func channel(_ channel: ByteChannel, didRead bytes: UnsafeRawBufferPointer) {
        if isTunnel { return readTunnel(bytes.count) }
        var position = 0
        while let event = try? parser.next(in: bytes, at: &position) {
            switch event {
            case .needMore: return slowDown()
            case .informational: break
            case .head:
                if parser.head.status == 101 {
                    isTunnel = true
                    return Message.asked.withUnsafeBytes { channel.write($0) }
                }
                if parser.head.status != 200 { run.fail("an answer of status \(parser.head.status)") }
            case .body(let range): if run.work == .download { moved += range.count }
            case .end: return finish()
            }
        }
    }

    /// A slow client reads no more until it may.
    private func slowDown() {
        guard run.work == .download, let channel else { return }
        let due = began + .nanoseconds(Int64(moved) * 1_000_000_000 / Int64(SoakRun.slowRate))
        guard due > run.loop.now else { return }
        channel.pauseReading()
        _ = run.loop.schedule(after: max(SoakRun.pace, due - run.loop.now)) { channel.resumeReading() }
    }

    private func finish() {
        isBusy = false
        done += 1
        if run.work == .download, moved != run.amount { run.fail("a download of \(moved) bytes") }
        if run.work == .requests, done < SoakRun.requestsPerConnection, run.takeOne() { return send() }
        channel?.closeGracefully()
    }

    private func readTunnel(_ count: Int) {
        moved += count
        guard moved >= Message.echoed.count else { return }
        isBusy = false
        done += 1
        closed += 1
        // Every other one just goes away, as browsers do.
        if closed.isMultiple(of: 2) { channel?.closeGracefully() } else { channel?.close() }
    }

    func channelDidEnd(_ channel: ByteChannel) { channel.closeGracefully() }

    func channelDidClose(_ channel: ByteChannel, error: ChannelError?) {
        self.channel = nil
        if isBusy {
            run.fail("the edge closed a connection: \(error?.message ?? "no reason")")
            isBusy = false
        }
        connect()
    }
}
