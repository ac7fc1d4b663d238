import EventLoop
import HTTPTransport
import HTTPWire
import Synchronization
import Testing

@testable import Edge

/// HTTP without TLS on the port for TLS.
@Suite("A client that forgets TLS") struct PlaintextTests {
    /// A connection without TLS, and the bytes that it received.
    private final class PlainClient: ByteChannelDelegate, @unchecked Sendable {
        private struct State {
            var text = ""
            var hasEnded = false
            var isClosed = false
        }

        private let state = Mutex(State())
        private let loop = Loop(name: "plain client")
        // Touched on the loop alone.
        private var channel: ByteChannel?

        var text: String { state.withLock { $0.text } }
        var isOver: Bool { state.withLock { $0.hasEnded || $0.isClosed } }

        init(port: Int, pieces: [String]) {
            loop.post {
                Stream.connect(to: .ip(address: "127.0.0.1", port: port), on: self.loop, timeout: .seconds(5)) {
                    guard case .success(let stream) = $0 else { return }
                    let channel = ByteChannel(stream: stream, tls: nil)
                    self.channel = channel
                    channel.delegate = self
                    channel.open()
                    self.send(pieces[...])
                }
            }
        }

        private func send(_ pieces: ArraySlice<String>) {
            guard var piece = pieces.first else { return }
            piece.withUTF8 { channel?.write(UnsafeRawBufferPointer($0)) }
            _ = loop.schedule(after: .milliseconds(10)) { self.send(pieces.dropFirst()) }
        }

        func stop() async { await loop.stop() }

        func channelDidOpen(_ channel: ByteChannel) {}
        func channel(_ channel: ByteChannel, didRead bytes: UnsafeRawBufferPointer) {
            state.withLock { $0.text += String(decoding: bytes, as: UTF8.self) }
        }
        func channelDidEnd(_ channel: ByteChannel) {
            state.withLock { $0.hasEnded = true }
            channel.close()
        }
        func channelDidDrain(_ channel: ByteChannel) {}
        func channelDidClose(_ channel: ByteChannel, error: ChannelError?) { state.withLock { $0.isClosed = true } }
    }

    private static let body = "This port speaks https: begin the address with https:// and retry.\n"

    @Test(
        "is told so in plain HTTP, however its request comes",
        arguments: [
            ["GET / HTTP/1.1\r\nHost: abcd.labs.test\r\n\r\n"], ["G", "ET / HTTP/1.1\r\n", "Host: x\r\n\r\n"],
            ["OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n"], ["PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"],
            ["POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 60000\r\n\r\n" + String(repeating: "x", count: 60_000)],
        ])
    func told(_ pieces: [String]) async throws {
        try await withHouse { house in
            let client = PlainClient(port: house.port, pieces: pieces)
            try await eventually("it is over") { client.isOver }
            #expect(client.text.hasPrefix("HTTP/1.1 400 Bad Request\r\n"))
            #expect(
                client.text.hasSuffix(
                    "Content-Length: \(Self.body.utf8.count)\r\nConnection: close\r\n\r\n" + Self.body))
            await client.stop()
            try await eventually("counted and gone") {
                let metrics = await house.edge.metrics()
                return metrics.number(of: .plaintext) == 1 && metrics.openConnections == 0
            }
            // TLS still works as usual.
            #expect(try await house.send("GET", "abcd.labs.test", "/x").status == 200)
        }
    }

    @Test(
        "but what is neither TLS nor HTTP gets no such answer",
        arguments: ["get / http/1.1\r\n\r\n", "\u{1}\u{2}\u{3}", "Gé"])
    func noise(_ text: String) async throws {
        try await withHouse { house in
            let client = PlainClient(port: house.port, pieces: [text + String(repeating: " ", count: 100)])
            try await eventually("it is over") { client.isOver }
            #expect(!client.text.contains("400"))
            await client.stop()
        }
    }
}
