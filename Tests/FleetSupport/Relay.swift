import Foundation
import Glibc
import Synchronization

/// A Unix socket between the broker and an engine that can be slow, unresponsive or gone, at the very moment when a
/// certain request passes. It also records the duration of each request, which is the engine's share of a click.
final class Relay: Sendable {
    enum Verdict: Sendable {
        case forward
        /// No connection passes any more data: an engine that hangs.
        case stall
        /// All connections are closed and new ones refused: a host that is gone.
        case cut
    }

    /// One request to the engine, by the monotonic clock.
    struct Exchange: Sendable {
        /// `POST /v1.41/containers/create?name=…`
        var line: String
        var began: ContinuousClock.Instant
        /// When the last piece of the response passed, so far.
        var ended: ContinuousClock.Instant?
    }

    private enum Mode { case open, stalled, cut }

    private struct State {
        var mode = Mode.open
        var isFinished = false
        /// By number, so that removing some does not change the numbers of others.
        var exchanges: [Int: Exchange] = [:]
        var lastNumber = 0
        var judge: (@Sendable (String) -> Verdict)?
    }

    private let state = Mutex(State())
    private let path: String
    private let engine: String

    /// - Parameters:
    ///   - path: where the broker finds the engine.
    ///   - engine: the engine's own socket.
    init(at path: String, to engine: String) throws {
        self.path = path
        self.engine = engine
        try listen()
    }

    /// Called with every request line before the request is forwarded, on the relay's thread.
    func judge(_ judge: (@Sendable (String) -> Verdict)?) { state.withLock { $0.judge = judge } }

    /// Ordered by start.
    var exchanges: [Exchange] { state.withLock { $0.exchanges.sorted { $0.key < $1.key }.map(\.value) } }
    func forgetExchanges() { state.withLock { $0.exchanges = [:] } }

    func cut() { state.withLock { $0.mode = .cut } }
    /// The engine still accepts connections, but no longer responds.
    func stall() { state.withLock { $0.mode = .stalled } }
    /// The engine responds again, to new connections and, after a stall, to old ones.
    func restore() { state.withLock { $0.mode = .open } }
    func finish() {
        state.withLock {
            $0.mode = .cut
            $0.isFinished = true
        }
    }

    private var mode: Mode { state.withLock { $0.mode } }

    private func listen() throws {
        let listener = try UnixSocket.listen(path)
        Thread.detachNewThread { [self] in
            while !state.withLock({ $0.isFinished }) {
                guard Self.isReadable(listener, within: 50) else { continue }
                let client = Glibc.accept(listener, nil, nil)
                guard client >= 0 else { continue }
                _ = fcntl(client, F_SETFD, FD_CLOEXEC)
                Thread.detachNewThread { [self] in carry(client) }
            }
            Glibc.close(listener)
        }
    }

    private static func isReadable(_ descriptor: Int32, within milliseconds: Int32) -> Bool {
        var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        return poll(&entry, 1, milliseconds) > 0
    }

    private func carry(_ client: Int32) {
        defer { Glibc.close(client) }
        guard mode != .cut, let upstream = try? UnixSocket.connect(engine) else { return }
        defer { Glibc.close(upstream) }
        var current: Int?
        var buffer = [UInt8](repeating: 0, count: 64 << 10)
        while true {
            switch mode {
            case .cut: return
            case .stalled:
                usleep(10_000)
                continue
            case .open: break
            }
            var entries = [
                pollfd(fd: client, events: Int16(POLLIN), revents: 0),
                pollfd(fd: upstream, events: Int16(POLLIN), revents: 0),
            ]
            guard poll(&entries, 2, 20) > 0 else { continue }
            if entries[1].revents != 0 {
                let count = recv(upstream, &buffer, buffer.count, 0)
                guard count > 0, Self.sendAll(client, buffer[..<count]) else { return }
                if let current { state.withLock { $0.exchanges[current]?.ended = .now } }
            }
            if entries[0].revents != 0 {
                let count = recv(client, &buffer, buffer.count, 0)
                guard count > 0 else { return }
                if let line = Self.requestLine(buffer[..<count]) {
                    guard decide(line) == .forward else { continue }
                    current = state.withLock {
                        $0.lastNumber += 1
                        $0.exchanges[$0.lastNumber] = Exchange(line: line, began: .now)
                        return $0.lastNumber
                    }
                }
                guard Self.sendAll(upstream, buffer[..<count]) else { return }
            }
        }
    }

    private func decide(_ line: String) -> Verdict {
        let verdict = state.withLock { $0.judge }?(line) ?? .forward
        switch verdict {
        case .forward: break
        case .stall: state.withLock { $0.mode = .stalled }
        case .cut: state.withLock { $0.mode = .cut }
        }
        return verdict
    }

    /// The broker sends a request's head in one piece, so a piece that begins with a method begins a request.
    private static func requestLine(_ bytes: ArraySlice<UInt8>) -> String? {
        let first = String(decoding: bytes.prefix(2000).prefix { $0 != 13 }, as: UTF8.self)
        let parts = first.split(separator: " ")
        guard parts.count == 3, parts[2].hasPrefix("HTTP/1."), parts[1].hasPrefix("/") else { return nil }
        return "\(parts[0]) \(parts[1])"
    }

    private static func sendAll(_ descriptor: Int32, _ bytes: ArraySlice<UInt8>) -> Bool {
        var rest = bytes
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            guard count > 0 else { return false }
            rest = rest.dropFirst(count)
        }
        return true
    }
}
