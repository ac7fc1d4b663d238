import Synchronization

@testable import EventLoop

/// Lets callbacks on a loop finish an asynchronous test, once.
final class Finish<Value: Sendable>: Sendable {
    private let continuation: Mutex<CheckedContinuation<Value, any Error>?>

    init(_ continuation: CheckedContinuation<Value, any Error>) {
        self.continuation = Mutex(continuation)
    }

    func callAsFunction(_ value: Value) {
        take()?.resume(returning: value)
    }

    func fail(_ error: any Error) {
        take()?.resume(throwing: error)
    }

    private func take() -> CheckedContinuation<Value, any Error>? {
        continuation.withLock { stored in
            defer { stored = nil }
            return stored
        }
    }
}

extension Finish where Value == Void {
    func callAsFunction() { self(()) }
}

extension Loop {
    /// Runs `body` on the loop and waits until it calls what it was given.
    func until<Value: Sendable>(_ body: @escaping @Sendable (Finish<Value>) throws -> Void) async throws -> Value {
        try await withCheckedThrowingContinuation { continuation in
            let finish = Finish(continuation)
            post {
                do { try body(finish) } catch { finish.fail(error) }
            }
        }
    }

    /// Runs `body` on the loop and waits for its result.
    func run<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value {
        try await until { finish in finish(try body()) }
    }
}

/// A loop for one test, stopped at its end.
func withLoop(_ body: (Loop) async throws -> Void) async throws {
    let loop = Loop(name: "test")
    do {
        try await body(loop)
    } catch {
        await loop.stop()
        throw error
    }
    await loop.stop()
}

/// A stream's owner made of closures; it holds its stream's events and keeps itself alive until the stream is closed.
final class Handler: StreamDelegate {
    var onRead: (Stream, UnsafeRawBufferPointer) -> Void = { _, _ in }
    var onEnd: (Stream) -> Void = { _ in }
    var onDrain: (Stream) -> Void = { _ in }
    var onClose: (StreamError?) -> Void = { _ in }
    private(set) var closeCount = 0
    private var keptAlive: Handler?

    init(_ stream: Stream) {
        keptAlive = self
        stream.delegate = self
    }

    func stream(_ stream: Stream, didRead bytes: UnsafeRawBufferPointer) { onRead(stream, bytes) }
    func streamDidEnd(_ stream: Stream) { onEnd(stream) }
    func streamDidDrain(_ stream: Stream) { onDrain(stream) }
    func streamDidClose(_ stream: Stream, error: StreamError?) {
        closeCount += 1
        keptAlive = nil
        onClose(error)
        // The closures may hold this handler.
        (onRead, onEnd, onDrain, onClose) = ({ _, _ in }, { _ in }, { _ in }, { _ in })
    }
}

extension Stream {
    func write(text: String) {
        var text = text
        text.withUTF8 { write(UnsafeRawBufferPointer($0)) }
    }

    /// Sends everything back, and closes when the peer ends.
    func echo() {
        let handler = Handler(self)
        handler.onRead = { stream, bytes in
            stream.write(bytes)
            if stream.queuedBytes > 256 * 1024 { stream.stopReading() }
        }
        handler.onDrain = { $0.startReading() }
        handler.onEnd = { stream in
            stream.shutdownWrite()
            if stream.queuedBytes == 0 {
                stream.close()
            } else {
                handler.onDrain = { $0.close() }
            }
        }
        startReading()
    }
}

let localhost = SocketAddress.ip(address: "127.0.0.1", port: 0)
