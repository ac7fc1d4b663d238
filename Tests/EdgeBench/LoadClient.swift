import EventLoop
import HTTPTransport
import HTTPWire
import TLS

/// One client that does the same again and again, and counts. Confined to the loop of its `Load`.
final class LoadClient: ByteChannelDelegate {
    private let load: Load
    private let hostname: String
    private let request: [UInt8]
    private var channel: ByteChannel?
    private var engine: TLSConnection?
    private var parser = ResponseParser()
    private var isTunnel = false
    private var tunnelBytes = 0
    private var bodyLeft = 0
    private var began = MonotonicTime(nanoseconds: 0)

    init(_ load: Load, number: Int) {
        self.load = load
        hostname = "h\(number % Load.hostnames).bench.test"
        request = load.work.request(to: hostname)
    }

    func connect() {
        Stream.connect(to: load.target.address, on: load.loop, timeout: .seconds(5)) { [self] result in
            guard case .success(let stream) = result else { return load.fail("cannot connect to \(load.target.name)") }
            if load.isOver { return stream.close() }
            do {
                engine = try load.target.isSecure ? TLSConnection(client: load.tls, serverName: hostname) : nil
            } catch {
                return load.fail("\(error)")
            }
            let channel = ByteChannel(stream: stream, tls: engine)
            self.channel = channel
            channel.delegate = self
            channel.open()
        }
    }

    func close() { channel?.close() }

    func channelDidOpen(_ channel: ByteChannel) { send() }

    private func send() {
        guard let channel else { return }
        if load.isOver, load.work != .idleTunnel { return channel.close() }
        began = .current()
        parser.expect(requestMethod: load.work == .upload ? "POST" : "GET", upgrade: load.work.isTunnel)
        request.withUnsafeBytes { channel.write($0) }
        if load.work == .upload {
            bodyLeft = Load.largeBytes
            feed()
        }
    }

    private func feed() {
        guard let channel else { return }
        Load.piece.withUnsafeBytes { piece in
            while bodyLeft > 0, !channel.isSaturated {
                channel.write(piece)
                bodyLeft -= piece.count
            }
        }
    }

    func channelDidDrain(_ channel: ByteChannel) { if bodyLeft > 0 { feed() } }

    func channel(_ channel: ByteChannel, didRead bytes: UnsafeRawBufferPointer) {
        if isTunnel { return readTunnel(bytes.count) }
        var position = 0
        while true {
            guard let event = try? parser.next(in: bytes, at: &position) else { return load.fail("a bad response") }
            switch event {
            case .needMore: return
            case .informational, .body: break
            case .head:
                if parser.head.status == 101 {
                    isTunnel = true
                    return beginTunnel()
                }
                if parser.head.status != 200 {
                    return load.fail("status \(parser.head.status) from \(load.target.name)")
                }
            case .end: return finishRequest()
            }
        }
    }

    private func finishRequest() {
        load.count(since: began, isResumed: engine?.isResumed ?? false)
        if load.work.isOnePerConnection {
            channel?.closeGracefully()
        } else {
            send()
        }
    }

    private func beginTunnel() {
        if load.work == .idleTunnel { return load.count(since: began, isResumed: false) }
        Message.asked.withUnsafeBytes { channel?.write($0) }
    }

    private func readTunnel(_ count: Int) {
        tunnelBytes += count
        guard tunnelBytes >= Message.echoed.count else { return }
        tunnelBytes -= Message.echoed.count
        load.count(since: began, isResumed: false)
        if load.isOver { channel?.close() } else { Message.asked.withUnsafeBytes { channel?.write($0) } }
    }

    func channelDidEnd(_ channel: ByteChannel) { channel.close() }

    func channelDidClose(_ channel: ByteChannel, error: ChannelError?) {
        self.channel = nil
        parser = ResponseParser()
        if !load.isOver, load.work.isOnePerConnection { return connect() }
        if !load.isOver { load.fail("\(load.target.name) closed a connection: \(error?.message ?? "no reason")") }
        load.didEnd(self)
    }
}
