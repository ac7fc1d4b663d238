import EventLoop
import Foundation
import Logging
import Text

/// The operations of a running process that let another take over from it.
@ControlLoop
public protocol TakeoverSource: AnyObject {
    /// All sockets on which it listens.
    func listeningSockets() async throws -> [ListeningSocket]
    /// Stops deciding, and returns the state that only this process has. Open exchanges continue.
    func releaseControl() async throws -> TakeoverState
    /// Decides again.
    func resumeControl() async
    /// Stops accepting; new connections queue in the sockets' backlogs.
    func pauseAccepting() async throws
    func resumeAccepting() async
    /// Another process serves now.
    func didHandOver()
}

/// Waits for a process that wants to take over, and carries out the actions of `GivingMachine`.
@ControlLoop
public final class TakeoverGiver {
    private var machine: GivingMachine
    private let log: Logger
    private let helloTimeout: Duration
    private unowned let source: any TakeoverSource
    private var listener: MessageListener?
    private var peer: MessageSocket?
    private var deadline: LoopTimer?
    private var sockets: [ListeningSocket] = []
    private var state = TakeoverState()

    /// Listens immediately; the file has mode 0600.
    /// - Throws: `StreamError` if the path cannot be used.
    public init(
        path: String, inherited: InheritedSockets, role: TakeoverRole, source: any TakeoverSource, log: Logger,
        helloTimeout: Duration = TakeoverLimits.helloTimeout
    ) throws(StreamError) {
        machine = GivingMachine(role: role)
        self.helloTimeout = helloTimeout
        self.source = source
        self.log = log
        let onConnect: (MessageSocket) -> Void = { [weak self] peer in
            ControlLoop.assumeIsolated { self?.connected(SameThread(peer)) }
        }
        if let socket = inherited.take(.unix(path: path)).first {
            listener = try MessageListener(on: ControlLoop.loop, inherited: socket, onConnect: onConnect)
        } else {
            listener = try MessageListener(on: ControlLoop.loop, path: path, onConnect: onConnect)
        }
    }

    /// Makes this process responsible for removing the file.
    public func adoptFile() { listener?.adoptFile() }

    public func close() {
        listener?.close()
        listener = nil
        peer?.close()
        deadline?.cancel()
    }

    /// Reports activity in sessions that are still open here to the process that has taken over.
    public func report(_ activity: [String: Int64]) {
        guard machine.state == .handedOver, !activity.isEmpty else { return }
        var rest = activity[...]
        while !rest.isEmpty {
            let part = rest.prefix(TakeoverLimits.sessionsPerMessage)
            rest = rest.dropFirst(part.count)
            peer?.send(
                TakeoverMessage.activity(Dictionary(uniqueKeysWithValues: part.map { ($0.key, $0.value) })).bytes)
        }
    }

    // MARK: The new process

    private func connected(_ connection: SameThread<MessageSocket>) {
        let socket = connection.value
        // The file's mode enforces this already; a process that got the socket in some other way is refused too.
        guard socket.peer.user == geteuid() else { return refuse(socket, "it runs as another user") }
        guard peer == nil, machine.state == .waiting else {
            return refuse(socket, "another process takes over already")
        }
        peer = socket
        log.info("another process has connected to take over", metadata: ["pid": "\(socket.peer.process)"])
        socket.start(
            onMessage: { [weak self] message in
                ControlLoop.assumeIsolated { self?.heard(message.bytes) }
            },
            onEnd: { [weak self] _ in
                ControlLoop.assumeIsolated { self?.handle(.lost) }
            })
        handle(.connected)
    }

    private func refuse(_ socket: MessageSocket, _ reason: String) {
        socket.send(TakeoverMessage.refused(reason).bytes)
        // The peer closes when it has read that. Closing here immediately would reset the connection because of unread
        // data, and the answer would be lost.
        socket.start(onMessage: { _ in }, onEnd: { _ in })
        _ = ControlLoop.loop.schedule(after: helloTimeout) { socket.close() }
    }

    private func heard(_ bytes: [UInt8]) {
        guard let message = TakeoverMessage(bytes) else { return handle(.lost) }
        handle(.said(message))
    }

    // MARK: Events and actions

    private func handle(_ event: GivingMachine.Event) {
        let before = machine.state
        let actions = machine.handle(event)
        if machine.state == .resuming, before != .resuming {
            log.warning("the takeover was given up, and this process goes on", metadata: ["at": "\(before)"])
        }
        deadline?.cancel()
        if let awaited = machine.awaits {
            let timeout = awaited == .hello ? helloTimeout : TakeoverLimits.stepTimeout
            deadline = ControlLoop.loop.schedule(after: timeout) { [weak self] in
                ControlLoop.assumeIsolated { self?.giveUp(after: timeout) }
            }
        }
        var slow: [GivingMachine.Action] = []
        for action in actions where !performAtOnce(action) { slow.append(action) }
        if !slow.isEmpty { Task { @ControlLoop in await perform(slow) } }
    }

    private func giveUp(after timeout: Duration) {
        log.warning(
            "the process that connected to take over was silent for \(DurationText.format(timeout)) and is given up",
            metadata: ["pid": "\(peer?.peer.process ?? 0)"])
        handle(.deadline)
    }

    /// - Returns: false for an action that takes time.
    private func performAtOnce(_ action: GivingMachine.Action) -> Bool {
        switch action {
        case .sendSockets: sendSockets()
        case .sendState:
            for piece in state.pieces { peer?.send(TakeoverMessage.state(piece).bytes) }
            state = TakeoverState()
        case .say(let message):
            if case .refused(let reason) = message { log.warning("the takeover was refused: \(reason)") }
            peer?.send(message.bytes)
        case .disconnect:
            peer?.close()
            peer = nil
        case .leave:
            log.info("another process has taken over", metadata: ["pid": "\(peer?.peer.process ?? 0)"])
            ServiceManager.notify("MAINPID=\(peer?.peer.process ?? 0)")
            listener?.leave()
            listener = nil
            source.didHandOver()
        case .collectSockets, .releaseControl, .pauseAccepting, .resumeAccepting, .resumeControl: return false
        }
        return true
    }

    private func perform(_ actions: [GivingMachine.Action]) async {
        do {
            for action in actions {
                switch action {
                case .collectSockets:
                    sockets = try await source.listeningSockets()
                    if let own = try listener?.socket() { sockets.append(own) }
                    handle(.socketsCollected)
                case .releaseControl:
                    state = try await source.releaseControl()
                    handle(.controlReleased)
                case .pauseAccepting:
                    try await source.pauseAccepting()
                    handle(.acceptingPaused)
                case .resumeAccepting: await source.resumeAccepting()
                case .resumeControl:
                    await source.resumeControl()
                    handle(.resumed)
                case .sendSockets, .sendState, .say, .disconnect, .leave: break
                }
            }
        } catch {
            handle(.failed("\(error)"))
        }
    }

    private func sendSockets() {
        var rest = sockets[...]
        sockets = []
        repeat {
            let part = Array(rest.prefix(EventLoopLimits.messageSockets))
            rest = rest.dropFirst(part.count)
            peer?.send(TakeoverMessage.sockets(areLast: rest.isEmpty).bytes, part)
        } while !rest.isEmpty
    }
}

/// Carries a value into an isolation that is checked at run time.
///
/// `@unchecked Sendable` because it is created and opened on the control loop's thread.
struct SameThread<Value>: @unchecked Sendable {
    let value: Value
    init(_ value: Value) { self.value = value }
}
