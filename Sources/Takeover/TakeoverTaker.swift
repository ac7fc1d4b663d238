import EventLoop
import Foundation
import Logging
import Text

/// The new process's side of a takeover, step by step; see `TakeoverMessage`.
///
/// If the old process dies during it, its sockets and the connections queued in them are here already, and this process
/// continues alone.
@ControlLoop
public final class TakeoverTaker {
    /// The old process's listening sockets.
    public private(set) var sockets = InheritedSockets()
    /// Receives activity in sessions that are still open in the old process.
    public var onActivity: ([String: Int64]) -> Void = { _ in }
    public var process: Int32 { peer.peer.process }

    private let peer: MessageSocket
    private let log: Logger
    private var heard: [TakeoverMessage] = []
    private var received: [ListeningSocket] = []
    private var hasEnded = false
    private var isDone = false
    private var waiting: CheckedContinuation<Void, Never>?
    private var timer: LoopTimer?

    /// Takes the sockets of the process that listens at a path.
    /// - Returns: `nil` if there is none.
    /// - Throws: `TakeoverFailure` if it refuses, does not answer, or is not trusted.
    public static func begin(
        at path: String, role: TakeoverRole, version: String, _ log: Logger
    ) async throws(TakeoverFailure) -> TakeoverTaker? {
        let peer: MessageSocket
        do throws(StreamError) {
            peer = try MessageSocket.connect(to: path, on: ControlLoop.loop)
        } catch {
            if error.code == StreamError.noSuchFile || error.code == StreamError.refused { return nil }
            throw TakeoverFailure("cannot take over from the process at \(path): \(error.message)")
        }
        let taker = TakeoverTaker(peer, log)
        guard peer.peer.user == geteuid() else {
            peer.close()
            throw TakeoverFailure(
                "the process \(peer.peer.process) at \(path) runs as user \(peer.peer.user), and only that user takes over from it"
            )
        }
        do throws(TakeoverFailure) { try await taker.receiveSockets(as: role, version: version) } catch {
            peer.close()
            throw error
        }
        return taker
    }

    private init(_ peer: MessageSocket, _ log: Logger) {
        self.peer = peer
        self.log = log
        peer.start(
            onMessage: { [weak self] message in
                let message = SameThread(message)
                ControlLoop.assumeIsolated { self?.received(message) }
            },
            onEnd: { [weak self] _ in
                ControlLoop.assumeIsolated { self?.ended() }
            })
    }

    private func receiveSockets(as role: TakeoverRole, version: String) async throws(TakeoverFailure) {
        peer.send(TakeoverMessage.hello(TakeoverMessage.Hello(program: version, role: role)).bytes)
        while true {
            let answer = try await next("its sockets")
            guard case .sockets(let areLast)? = answer else { throw unexpected(answer) }
            if areLast { break }
        }
        sockets = InheritedSockets(received)
        log.info(
            "taking over", metadata: ["from": "\(process)", "sockets": "\(received.count)"])
        received = []
    }

    /// Makes the old process stop deciding.
    /// - Returns: the state that only it had.
    public func take() async throws(TakeoverFailure) -> TakeoverState {
        peer.send(TakeoverMessage.take.bytes)
        var state: [UInt8] = []
        while true {
            let answer = try await next("what it knows")
            switch answer {
            case .state(let piece)? where state.count + piece.count <= TakeoverLimits.stateBytes: state += piece
            case .released?:
                do { return try TakeoverState(pieces: state) } catch {
                    throw failure("what it says cannot be understood: \(error)")
                }
            case nil: return TakeoverState()
            default: throw unexpected(answer)
            }
        }
    }

    /// This process is ready to accept: makes the old one stop.
    public func prepared() async throws(TakeoverFailure) {
        peer.send(TakeoverMessage.prepared.bytes)
        let answer = try await next("its listeners")
        guard answer == .yours || answer == nil else { throw unexpected(answer) }
    }

    /// This process accepts: the old one drains, and exits.
    public func finish() {
        isDone = true
        peer.send(TakeoverMessage.accepting.bytes)
        for message in heard { tell(message) }
        heard = []
    }

    /// The old process continues, unless `finish()` came first.
    public func close() { peer.close() }

    // MARK: Receiving

    private func received(_ message: SameThread<MessageSocket.Message>) {
        received += message.value.sockets
        guard let message = TakeoverMessage(message.value.bytes) else {
            peer.close()
            return ended()
        }
        if isDone { return tell(message) }
        heard.append(message)
        wake()
    }

    private func tell(_ message: TakeoverMessage) {
        if case .activity(let activity) = message { onActivity(activity) }
    }

    private func ended() {
        hasEnded = true
        wake()
    }

    private func wake() {
        timer?.cancel()
        waiting?.resume()
        waiting = nil
    }

    /// - Returns: `nil` if the old process has exited and its sockets are here.
    private func next(_ what: String) async throws(TakeoverFailure) -> TakeoverMessage? {
        if heard.isEmpty, !hasEnded {
            await withCheckedContinuation { continuation in
                waiting = continuation
                timer = ControlLoop.loop.schedule(after: TakeoverLimits.stepTimeout) { [weak self] in
                    ControlLoop.assumeIsolated { self?.wake() }
                }
            }
        }
        if !heard.isEmpty {
            let message = heard.removeFirst()
            if case .refused(let reason) = message { throw failure(reason) }
            return message
        }
        if hasEnded { return nil }
        peer.close()
        throw failure(
            "it did not hand over \(what) within \(DurationText.format(TakeoverLimits.stepTimeout)); "
                + "end it with SIGTERM or SIGKILL, and start without --takeover")
    }

    private func unexpected(_ answer: TakeoverMessage?) -> TakeoverFailure {
        answer == nil
            ? failure("it ended before it had handed over its sockets") : failure("it said what it should not")
    }

    private func failure(_ reason: String) -> TakeoverFailure {
        TakeoverFailure("cannot take over from the process \(process): \(reason)")
    }
}
