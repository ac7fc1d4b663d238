import Glibc
import Synchronization
import Testing

import class Foundation.FileManager

@testable import EventLoop

@Suite("A stream", .timeLimit(.minutes(2)))
struct StreamTests {
    /// Starts a listener whose connections go to `serve`, connects, and hands the connection to `use`.
    private func connection(
        on loop: Loop, _ serve: @escaping @Sendable (Stream) -> Void, use: @escaping (Stream) -> Void
    ) throws {
        let box = Box<Listener>()
        let listener = try Listener(on: loop, address: localhost) { stream in
            serve(stream)
            box.value?.close()
        }
        box.value = listener
        Stream.connect(to: listener.boundAddress, on: loop, timeout: .seconds(5)) { result in
            if case .success(let stream) = result { use(stream) }
        }
    }

    @Test("What is written comes back from an echo, and both ends know each other's address")
    func echo() async throws {
        try await withLoop { loop in
            let result: (String, SocketAddress?) = try await loop.until { finish in
                try connection(on: loop, { $0.echo() }) { stream in
                    let handler = Handler(stream)
                    var text = ""
                    let peer = stream.peerAddress
                    handler.onRead = { _, bytes in text += String(decoding: bytes, as: UTF8.self) }
                    handler.onEnd = { $0.close() }
                    handler.onClose = { error in
                        #expect(error == nil)
                        finish((text, peer))
                    }
                    stream.startReading()
                    stream.write(text: "good ")
                    "mor".withBytes { first in "ning".withBytes { stream.write(first, $0) } }
                    stream.shutdownWrite()
                }
            }
            #expect(result.0 == "good morning")
            guard case .ip("127.0.0.1", let port)? = result.1 else { throw Failure("no peer address") }
            #expect(port > 0)
        }
    }

    @Test("A big write to a reader that has paused is queued, drains, and arrives whole and in order")
    func backpressure() async throws {
        try await withLoop { loop in
            let total = 12 * 1024 * 1024
            let sent = (0..<UInt64(total / 8)).map { $0 &* 0x9E37_79B9_7F4A_7C15 }
            let result: (received: Int, wrong: Int, drains: Int, queuedAtFirst: Int) = try await loop.until { finish in
                let server = Box<Stream>()
                var (received, wrong, drains, queuedAtFirst) = (0, 0, 0, 0)
                let box = Box<Listener>()
                let listener = try Listener(on: loop, address: localhost) { stream in
                    server.value = stream
                    box.value?.close()
                    let handler = Handler(stream)
                    handler.onRead = { _, bytes in
                        let isRight = sent.withUnsafeBytes {
                            memcmp(bytes.baseAddress!, $0.baseAddress! + received, bytes.count) == 0
                        }
                        if !isRight { wrong += 1 }
                        received += bytes.count
                    }
                    handler.onEnd = { $0.close() }
                    handler.onClose = { _ in finish((received, wrong, drains, queuedAtFirst)) }
                }
                box.value = listener
                Stream.connect(to: listener.boundAddress, on: loop, timeout: .seconds(5)) { result in
                    guard case .success(let stream) = result else { return }
                    let handler = Handler(stream)
                    handler.onDrain = { stream in
                        drains += 1
                        #expect(stream.queuedBytes == 0)
                        stream.close()
                    }
                    sent.withUnsafeBytes { bytes in
                        for start in stride(from: 0, to: total, by: 512 * 1024) {
                            stream.write(UnsafeRawBufferPointer(rebasing: bytes[start..<start + 512 * 1024]))
                        }
                    }
                    queuedAtFirst = stream.queuedBytes
                    _ = loop.schedule(after: .milliseconds(10)) { server.value?.startReading() }
                }
            }
            #expect(result.received == total)
            #expect(result.wrong == 0)
            #expect(result.drains == 1)
            #expect(result.queuedAtFirst > total / 2)
        }
    }

    @Test("A writer that ignores backpressure is closed with ENOBUFS at the limit")
    func queueLimit() async throws {
        try await withLoop { loop in
            let error: StreamError? = try await loop.until { finish in
                try connection(on: loop, { _ = Handler($0) }) { stream in
                    Handler(stream).onClose = { finish($0) }
                    let piece = [UInt8](repeating: 1, count: 1024 * 1024)
                    for _ in 0...(EventLoopLimits.streamQueuedBytes / piece.count + 16) {
                        piece.withUnsafeBytes { stream.write($0) }
                    }
                }
            }
            #expect(error?.code == StreamError.noBuffers)
        }
    }

    @Test("After a half close the other direction still works")
    func halfClose() async throws {
        try await withLoop { loop in
            let text: String = try await loop.until { finish in
                try connection(
                    on: loop,
                    { stream in
                        let handler = Handler(stream)
                        handler.onEnd = { stream in
                            stream.write(text: "after the end")
                            stream.shutdownWrite()
                            stream.write(text: "dropped: the end was said")
                        }
                        stream.startReading()
                    },
                    use: { stream in
                        let handler = Handler(stream)
                        var text = ""
                        handler.onRead = { _, bytes in text += String(decoding: bytes, as: UTF8.self) }
                        handler.onEnd = { stream in
                            stream.close()
                            finish(text)
                        }
                        stream.startReading()
                        stream.shutdownWrite()
                    })
            }
            #expect(text == "after the end")
        }
    }

    @Test("stopReading inside the read callback is honoured at once, and startReading goes on where it stopped")
    func stopInsideRead() async throws {
        try await withLoop { loop in
            let total = 8 * EventLoopLimits.readBufferBytes
            let result: (calls: Int, callsBeforeResume: Int, received: Int) = try await loop.until { finish in
                try connection(
                    on: loop,
                    { stream in
                        let handler = Handler(stream)
                        handler.onDrain = { $0.shutdownWrite() }
                        [UInt8](repeating: 7, count: total).withUnsafeBytes { stream.write($0) }
                        if stream.queuedBytes == 0 { stream.shutdownWrite() }
                    },
                    use: { stream in
                        let handler = Handler(stream)
                        var (calls, callsBeforeResume, received) = (0, 0, 0)
                        handler.onRead = { stream, bytes in
                            calls += 1
                            received += bytes.count
                            guard calls == 1 else { return }
                            stream.stopReading()
                            _ = loop.schedule(after: .milliseconds(20)) {
                                callsBeforeResume = calls
                                stream.startReading()
                            }
                        }
                        handler.onEnd = { stream in
                            stream.close()
                            finish((calls, callsBeforeResume, received))
                        }
                        stream.startReading()
                    })
            }
            #expect(result.callsBeforeResume == 1)
            #expect(result.received == total)
            #expect(result.calls > 1)
        }
    }

    @Test("Closing tells the delegate exactly once, later, and everything after it is harmless")
    func closeOnce() async throws {
        try await withLoop { loop in
            let result: (during: Int, after: Int) = try await loop.until { finish in
                try connection(on: loop, { $0.echo() }) { stream in
                    let handler = Handler(stream)
                    handler.onRead = { _, _ in Issue.record("read after close") }
                    stream.startReading()
                    stream.write(text: "to be forgotten")
                    stream.close()
                    stream.close()
                    let during = handler.closeCount
                    stream.write(text: "after close")
                    stream.startReading()
                    stream.stopReading()
                    stream.shutdownWrite()
                    handler.onClose = { error in
                        #expect(error == nil)
                        stream.close()
                        stream.write(text: "still harmless")
                        #expect(stream.queuedBytes == 0)
                        #expect(stream.peerAddress != nil)
                        _ = loop.schedule(after: .milliseconds(20)) { finish((during, handler.closeCount)) }
                    }
                }
            }
            #expect(result.during == 0)
            #expect(result.after == 1)
        }
    }

    @Test("What a peer sent before it reset the connection is still read after a write failed")
    func lateRead() async throws {
        try await withLoop { loop in
            let result: (text: String, error: StreamError?) = try await loop.until { finish in
                let peer = try PlainListener()
                Stream.connect(to: peer.address, on: loop, timeout: .seconds(5)) { result in
                    guard case .success(let stream) = result else { return }
                    let accepted = peer.accept()
                    // Unread data at close makes the kernel reset the connection; the answer stands before that.
                    stream.write(text: "an upload that nobody reads")
                    var one: UInt8 = 0
                    recv(accepted, &one, 1, Int32(MSG_PEEK))
                    send(accepted, "413", 3, 0)
                    Glibc.close(accepted)
                    let handler = Handler(stream)
                    var text = ""
                    handler.onRead = { _, bytes in text += String(decoding: bytes, as: UTF8.self) }
                    handler.onClose = { finish((text, $0)) }
                    stream.startReading()
                    for _ in 0..<4 { stream.write(text: "more") }
                }
            }
            #expect(result.text == "413")
            #expect(result.error != nil)
        }
    }

    @Test("A closed stream, its connector and its delegate are released")
    func released() async throws {
        try await withLoop { loop in
            let objects = Weak<Stream>()
            try await loop.until { (finish: Finish<Void>) in
                try connection(on: loop, { $0.echo() }) { stream in
                    objects.add(stream)
                    Handler(stream).onClose = { _ in finish() }
                    stream.startReading()
                    stream.write(text: "hello")
                    stream.close()
                }
            }
            try await loop.run { #expect(objects.livingCount == 0) }
        }
    }

    @Test("A thousand connections leave no file descriptor behind")
    func noLeak() async {
        // In a process of its own: other tests open descriptors too. Nobody sees what it dies of, so it says what is wrong.
        await #expect(processExitsWith: .success) {
            await #expect(throws: Never.self) {
                try await withLoop { loop in
                    // The first listener makes libuv keep one descriptor in reserve.
                    let before = try await loop.run { () -> Set<String> in
                        try Listener(on: loop, address: localhost) { $0.close() }.close()
                        return openDescriptors()
                    }
                    for _ in 0..<20 { try await fiftyConnections(on: loop) }
                    // The servers' ends close a little after the clients'.
                    for _ in 0..<500 where !openDescriptors().isSubset(of: before) {
                        try await loop.until { (finish: Finish<Void>) in
                            _ = loop.schedule(after: .milliseconds(10)) { finish() }
                        }
                    }
                    let left = openDescriptors().subtracting(before)
                    #expect(left.isEmpty, "left open: \(left.sorted())")
                }
            }
        }
    }
}

/// Fifty connections to an echo, each used and closed.
private func fiftyConnections(on loop: Loop) async throws {
    try await loop.until { (finish: Finish<Void>) in
        var left = 50
        let listener = try Listener(on: loop, address: localhost) { $0.echo() }
        for _ in 0..<left {
            Stream.connect(to: listener.boundAddress, on: loop, timeout: .seconds(60)) { result in
                guard case .success(let stream) = result else { return finish.fail(Failure("no stream: \(result)")) }
                let handler = Handler(stream)
                handler.onRead = { stream, _ in stream.shutdownWrite() }
                handler.onEnd = { $0.close() }
                handler.onClose = { _ in
                    left -= 1
                    guard left == 0 else { return }
                    listener.close()
                    finish()
                }
                stream.startReading()
                stream.write(text: "hello")
            }
        }
    }
}

/// Objects of one loop that ought to go.
///
/// `@unchecked Sendable` because all calls are made on that loop.
final class Weak<Object: AnyObject>: @unchecked Sendable {
    private struct Reference { weak var object: Object? }
    private var references: [Reference] = []

    func add(_ object: Object) { references.append(Reference(object: object)) }
    var livingCount: Int { references.count { $0.object != nil } }
}

struct Failure: Error {
    let what: String
    init(_ what: String) { self.what = what }
}

extension String {
    func withBytes<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result {
        var text = self
        return text.withUTF8 { body(UnsafeRawBufferPointer($0)) }
    }
}

/// A listening socket of the plain system calls, to play a peer that misbehaves.
final class PlainListener {
    private let descriptor: Int32
    let address: SocketAddress

    init(backlog: Int32 = 8) throws {
        let listening = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        descriptor = listening
        let native = try localhost.native(for: "listen")
        guard withNative(native, { bind(listening, $0, $1) }) == 0, listen(listening, backlog) == 0 else {
            throw Failure("cannot listen")
        }
        address = SocketAddress.asked { address, length in
            var size = socklen_t(length.pointee)
            return getsockname(listening, address, &size)
        }!
    }

    func accept() -> Int32 { Glibc.accept(descriptor, nil, nil) }

    func connectWithoutWaiting() throws -> Int32 {
        let client = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue), 0)
        let native = try address.native(for: "connect")
        _ = withNative(native) { connect(client, $0, $1) }
        return client
    }

    deinit { Glibc.close(descriptor) }
}

/// Of this process, each with its number: `7 socket:[1234]`. Timers do not count: libuv opens none, and Swift's runtime
/// opens its own whenever it first needs one.
func openDescriptors() -> Set<String> {
    let directory = "/proc/self/fd/"
    let numbers = (try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? []
    let all = numbers.compactMap { number in
        // The one by which the list was read is gone by now.
        (try? FileManager.default.destinationOfSymbolicLink(atPath: directory + number)).map { "\(number) \($0)" }
    }
    return Set(all.filter { !$0.hasSuffix(" anon_inode:[timerfd]") })
}
