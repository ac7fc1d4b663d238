import EventLoop
import Foundation
import Synchronization
import TLS
import Testing

@testable import HTTPTransport

/// Lets callbacks on a loop answer an asynchronous test, once; later answers are ignored.
final class Reply<Value: Sendable>: Sendable {
    private let continuation: Mutex<CheckedContinuation<Value, any Error>?>

    init(_ continuation: CheckedContinuation<Value, any Error>) {
        self.continuation = Mutex(continuation)
    }

    func callAsFunction(_ value: Value) { take()?.resume(returning: value) }
    func fail(_ error: any Error) { take()?.resume(throwing: error) }

    private func take() -> CheckedContinuation<Value, any Error>? {
        continuation.withLock { stored in
            defer { stored = nil }
            return stored
        }
    }
}

extension Loop {
    /// Runs `body` on the loop and waits until it replies.
    func reply<Value: Sendable>(_ body: @escaping @Sendable (Reply<Value>) throws -> Void) async throws -> Value {
        try await withCheckedThrowingContinuation { continuation in
            let reply = Reply(continuation)
            post {
                do { try body(reply) } catch { reply.fail(error) }
            }
        }
    }
}

/// A loop for one test, stopped at its end.
func withChannelLoop<Value>(_ body: (Loop) async throws -> Value) async throws -> Value {
    let loop = Loop(name: "channel test")
    do {
        let value = try await body(loop)
        await loop.stop()
        return value
    } catch {
        await loop.stop()
        throw error
    }
}

/// The TLS identities of this process's tests. Their files are gone as soon as they are loaded.
enum TestAuthority {
    private struct Identities: Sendable {
        var server: TLSServerContext
        var authority: [UInt8]
    }

    private static let identities = Result {
        var template = Array("/tmp/carrel-transport-XXXXXX".utf8CString)
        let directory = String(cString: try #require(mkdtemp(&template)))
        defer {
            for name in ["ca.pem", "ca.key", "server.pem", "server.key"] { unlink("\(directory)/\(name)") }
            rmdir(directory)
        }
        let authority = try DevelopmentCA(directory: directory)
        let files = try authority.issue("server", for: .server(names: ["localhost", "127.0.0.1", "*.labs.example"]))
        return Identities(
            server: try TLSServerContext(store: CertificateStore([files])),
            authority: Array(try Data(contentsOf: URL(fileURLWithPath: authority.certificatePath))))
    }

    static func server() throws -> TLSServerContext { try identities.get().server }

    static func client() throws -> TLSClientContext {
        try TLSClientContext(trust: .pem(identities.get().authority), alpn: ["http/1.1"])
    }
}

/// A channel's owner made of closures; it lives until its channel is closed.
final class ChannelOwner: ByteChannelDelegate {
    var onOpen: (ByteChannel) -> Void = { _ in }
    var onRead: (ByteChannel, UnsafeRawBufferPointer) -> Void = { _, _ in }
    var onEnd: (ByteChannel) -> Void = { _ in }
    var onDrain: (ByteChannel) -> Void = { _ in }
    var onClose: (ChannelError?) -> Void = { _ in }
    private var ownReference: ChannelOwner?

    init(_ channel: ByteChannel) {
        ownReference = self
        channel.delegate = self
    }

    func channelDidOpen(_ channel: ByteChannel) { onOpen(channel) }
    func channel(_ channel: ByteChannel, didRead bytes: UnsafeRawBufferPointer) { onRead(channel, bytes) }
    func channelDidEnd(_ channel: ByteChannel) { onEnd(channel) }
    func channelDidDrain(_ channel: ByteChannel) { onDrain(channel) }
    func channelDidClose(_ channel: ByteChannel, error: ChannelError?) {
        onClose(error)
        ownReference = nil
    }

    /// Sends everything back, with backpressure; ends when the peer ends.
    func echo() {
        onRead = { channel, bytes in
            channel.write(bytes)
            if channel.isSaturated { channel.pauseReading() }
        }
        onDrain = { $0.resumeReading() }
        onEnd = { $0.closeGracefully() }
    }
}

extension ByteChannel {
    func write(text: String) {
        var text = text
        text.withUTF8 { write(UnsafeRawBufferPointer($0)) }
    }
}

/// Listens on a port of its own for one or more channels, and connects to it. All on one loop; loop thread only.
final class ChannelPair {
    let listener: Listener
    private let loop: Loop

    init(on loop: Loop, server: TLSServerContext?, accept: @escaping (ByteChannel) -> Void) throws {
        listener = try Listener(on: loop, address: .ip(address: "127.0.0.1", port: 0)) { stream in
            do {
                accept(ByteChannel(stream: stream, tls: try server.map { try TLSConnection(server: $0) }))
            } catch {
                Issue.record(error)
            }
        }
        self.loop = loop
    }

    func connect(
        _ client: TLSClientContext?, name: String = "localhost", _ ready: @escaping (ByteChannel) -> Void
    ) {
        Stream.connect(to: listener.boundAddress, on: loop, timeout: .seconds(5)) { result in
            do {
                let tls = try client.map { try TLSConnection(client: $0, serverName: name) }
                ready(ByteChannel(stream: try result.get(), tls: tls))
            } catch {
                Issue.record(error)
            }
        }
    }
}
