import EventLoop
import Foundation
import Logging
import Testing

@testable import Takeover

@Suite("The socket by which a process hands over", .timeLimit(.minutes(1))) struct TakeoverGiverTests {
    @ControlLoop private final class Source: TakeoverSource {
        private(set) var hasHandedOver = false

        func listeningSockets() async throws -> [ListeningSocket] { [] }
        func releaseControl() async throws -> TakeoverState { TakeoverState() }
        func resumeControl() async {}
        func pauseAccepting() async throws {}
        func resumeAccepting() async {}
        func didHandOver() { hasHandedOver = true }
    }

    /// Connects, sends nothing, and waits until the other end closes.
    @ControlLoop private func connectSilently(to path: String) async throws {
        let peer = try MessageSocket.connect(to: path, on: ControlLoop.loop)
        await withCheckedContinuation { continuation in
            peer.start(onMessage: { _ in }, onEnd: { _ in continuation.resume() })
        }
        peer.close()
    }

    @Test("a process that connects and says nothing is given up, and the next one takes over")
    @ControlLoop func silentPeer() async throws {
        let path = NSTemporaryDirectory() + "carrel-giver-\(UUID().uuidString).sock"
        defer { unlink(path) }
        let source = Source()
        let log = Logger(label: "test")
        let giver = try TakeoverGiver(
            path: path, inherited: InheritedSockets(), role: .edge, source: source, log: log,
            helloTimeout: .seconds(2))
        // Of two connections that are silent at the same time, the second is refused, and is not kept forever either.
        async let first: Void = connectSilently(to: path)
        async let second: Void = connectSilently(to: path)
        _ = try await (first, second)

        let taker = try #require(try await TakeoverTaker.begin(at: path, role: .edge, version: "1.0", log))
        #expect(try await taker.take() == TakeoverState())
        try await taker.prepared()
        taker.finish()
        while !source.hasHandedOver { try await Task.sleep(for: .milliseconds(1)) }
        taker.close()
        giver.close()
    }
}
