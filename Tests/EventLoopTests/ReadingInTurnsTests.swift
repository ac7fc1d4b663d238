import Testing

@testable import EventLoop

@Suite("Reading in turns")
struct ReadingInTurnsTests {
    private final class Task: EndOfTurnTask {
        private let run: () -> Void
        init(_ run: @escaping () -> Void) { self.run = run }
        func endOfTurn() { run() }
    }

    @Test("A stream whose peer never falls silent is read so many times, and then others get their turn")
    func turns() async throws {
        try await withSocketPath { path in
            try await withLoop { loop in
                let reads: Int = try await loop.until { finish in
                    let piece = [UInt8](repeating: 1, count: EventLoopLimits.readBufferBytes)
                    let peer = Box<Stream>()
                    let listening = Box<Listener>()
                    func refill() { piece.withUnsafeBytes { peer.value?.write($0) } }
                    listening.value = try Listener(on: loop, address: .unix(path: path)) { stream in
                        listening.value?.close()
                        var reads = 0
                        let handler = Handler(stream)
                        handler.onRead = { stream, bytes in
                            #expect(bytes.count == piece.count)
                            reads += 1
                            refill()
                            guard reads == 1 else { return }
                            loop.atEndOfTurn(
                                Task {
                                    finish(reads)
                                    stream.close()
                                    peer.value?.close()
                                })
                        }
                        stream.startReading()
                    }
                    Stream.connect(to: .unix(path: path), on: loop, timeout: .seconds(5)) { result in
                        guard case .success(let stream) = result else { return finish(0) }
                        _ = Handler(stream)
                        peer.value = stream
                        for _ in 0..<2 { refill() }
                    }
                }
                #expect(reads == EventLoopLimits.readsAtOnce)
            }
        }
    }
}
