import EventLoop
import HTTPWire
import TLS
import Testing

@testable import HTTPTransport

/// What a test's server does with each request: closures, and a record of what it was told.
final class ServerOwner: HTTPServerConnectionDelegate {
    var onHead: (HTTPServerConnection, RequestHead, BodyFraming) -> Void = { _, _, _ in }
    var onBody: (HTTPServerConnection, UnsafeRawBufferPointer) -> Void = { _, _ in }
    var onEnd: (HTTPServerConnection) -> Void = { _ in }
    var onDrain: (HTTPServerConnection) -> Void = { _ in }
    var onClientEnd: (HTTPServerConnection) -> Void = { _ in }
    var onTunnel: (HTTPServerConnection, UnsafeRawBufferPointer) -> Void = { _, _ in }
    var onTunnelEnd: (HTTPServerConnection) -> Void = { $0.finishTunnel() }
    var onClose: (ChannelError?) -> Void = { _ in }
    /// What the client does with all that it has received so far, after each piece.
    var clientReacts: (ByteChannel, String) -> Void = { _, _ in }
    private(set) var events: [String] = []

    func connection(_ connection: HTTPServerConnection, didReceive head: RequestHead, framing: BodyFraming) {
        events.append("\(head.method) \(head.target)")
        onHead(connection, head, framing)
    }

    func connection(_ connection: HTTPServerConnection, didReceiveBody bytes: UnsafeRawBufferPointer) {
        events.append("body \(String(decoding: bytes.prefix(16), as: UTF8.self))")
        onBody(connection, bytes)
    }

    func connectionDidReceiveEnd(_ connection: HTTPServerConnection) {
        events.append("end")
        onEnd(connection)
    }

    func connectionDidDrain(_ connection: HTTPServerConnection) { onDrain(connection) }

    func connectionClientDidEnd(_ connection: HTTPServerConnection) {
        events.append("client ended")
        onClientEnd(connection)
    }

    func connection(_ connection: HTTPServerConnection, didReadTunnel bytes: UnsafeRawBufferPointer) {
        events.append("tunnel \(String(decoding: bytes.prefix(16), as: UTF8.self))")
        onTunnel(connection, bytes)
    }

    func connectionDidEndTunnel(_ connection: HTTPServerConnection) {
        events.append("tunnel ended")
        onTunnelEnd(connection)
    }

    func connection(_ connection: HTTPServerConnection, didFail fault: ServerFault) {
        events.append("failed \(fault.status)")
    }

    func connectionDidClose(_ connection: HTTPServerConnection, error: ChannelError?) {
        events.append("closed")
        onClose(error)
    }
}

/// What a client got, and what the server's owner was told.
struct Dialogue: Sendable {
    var received: String
    var events: [String]
    var clientSawEnd: Bool
}

/// Connects to a server connection, sends `text`, and waits until both sides are closed.
///
/// - Parameters:
///   - configure: sets the closures of both sides, on the loop.
func dialogue(
    sending text: String, secure: Bool = false, endingAfter: Bool = false, timeouts: ServerTimeouts = ServerTimeouts(),
    configure: @escaping @Sendable (ServerOwner) -> Void
) async throws -> Dialogue {
    try await withChannelLoop { loop in
        try await loop.reply { (reply: Reply<Dialogue>) in
            let owner = ServerOwner()
            configure(owner)
            var received = ""
            var (sawEnd, open) = (false, 2)
            func closed() {
                open -= 1
                if open == 0 { reply(Dialogue(received: received, events: owner.events, clientSawEnd: sawEnd)) }
            }
            let close = owner.onClose
            owner.onClose = { error in
                close(error)
                closed()
            }
            let pair = try ChannelPair(on: loop, server: secure ? TestAuthority.server() : nil) { channel in
                HTTPServerConnection(channel: channel, timeouts: timeouts, delegate: owner).start()
            }
            let context = secure ? try TestAuthority.client() : nil
            pair.connect(context) { channel in
                let client = ChannelOwner(channel)
                client.onOpen = { channel in
                    channel.write(text: text)
                    if endingAfter { channel.finishWriting() }
                }
                client.onRead = { channel, bytes in
                    received += String(decoding: bytes, as: UTF8.self)
                    owner.clientReacts(channel, received)
                }
                client.onEnd = { channel in
                    sawEnd = true
                    channel.close()
                }
                client.onClose = { _ in closed() }
                channel.open()
            }
        }
    }
}

extension HTTPServerConnection {
    func answer(_ text: String, status: Int = 200) {
        respond(head: ResponseHead(status: status), whole: Array(text.utf8))
    }

    func writeBody(text: String) {
        var text = text
        text.withUTF8 { writeBody(UnsafeRawBufferPointer($0)) }
    }
}
