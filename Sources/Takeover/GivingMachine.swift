/// The old process's side of a takeover: its reaction to each message of the new one. Pure: events in, actions out.
///
/// Until the new process accepts, every failure leads back to the initial state.
struct GivingMachine: Equatable {
    enum Event: Equatable {
        /// A process has connected.
        case connected
        case said(TakeoverMessage)
        /// The new process has disconnected or died.
        case lost
        /// It has been silent longer than `awaits` allows.
        case deadline
        // The action of the driver is done, or has failed.
        case socketsCollected
        case controlReleased
        case acceptingPaused
        case failed(String)
        /// The old process is back in its initial state.
        case resumed
    }

    enum State: Equatable {
        /// No takeover in progress. Exits to `greeting` when a process connects.
        case waiting
        /// A process has connected and not sent its first message yet. Exits to `collecting` by `hello`, else to
        /// `waiting`.
        case greeting
        /// The old process's sockets are being duplicated. Exits to `offered`, or back to `waiting`.
        case collecting
        /// The new process has them, and checks whether it can serve. Exits to `releasing` by `take`, or to `waiting`.
        case offered
        /// The old process stops deciding. Exits to `released`; to `resuming` if the new one was lost meanwhile, or on
        /// failure.
        case releasing(isLost: Bool)
        /// The new process starts to decide. Exits to `pausing` by `prepared`, or to `resuming`.
        case released
        /// The old process stops accepting. Exits to `paused`, or to `resuming`.
        case pausing(isLost: Bool)
        /// New connections queue in the sockets' backlogs. Exits to `handedOver` by `accepting`, or to `resuming`.
        case paused
        /// The old process takes back what it gave. Exits to `waiting`.
        case resuming
        /// The new process serves.
        case handedOver
    }

    enum Action: Equatable {
        case collectSockets
        case sendSockets
        case releaseControl
        case sendState
        case pauseAccepting
        case say(TakeoverMessage)
        case resumeAccepting
        case resumeControl
        case disconnect
        /// Drain what is open, and exit.
        case leave
    }

    private(set) var state = State.waiting
    private let role: TakeoverRole

    init(role: TakeoverRole) { self.role = role }

    /// What the new process has to do next, each with a timeout of its own.
    enum Awaited: Equatable {
        /// Identify itself, within `TakeoverLimits.helloTimeout`.
        case hello
        /// Take the next step, within `TakeoverLimits.stepTimeout`.
        case step
    }

    var awaits: Awaited? {
        switch state {
        case .greeting: .hello
        case .offered, .released, .paused: .step
        case .waiting, .collecting, .releasing, .pausing, .resuming, .handedOver: nil
        }
    }

    mutating func handle(_ event: Event) -> [Action] {
        switch event {
        case .connected: return advance(from: .waiting, to: .greeting, [])
        case .said(let message): return heard(message)
        case .lost: return lost()
        case .deadline: return awaits == nil ? [] : lost()
        case .failed(let reason): return failed(reason)
        case .socketsCollected: return advance(from: .collecting, to: .offered, [.sendSockets])
        case .controlReleased:
            if state == .releasing(isLost: true) { return advance(from: state, to: .resuming, [.resumeControl]) }
            return advance(from: .releasing(isLost: false), to: .released, [.sendState, .say(.released)])
        case .acceptingPaused:
            if state == .pausing(isLost: true) {
                return advance(from: state, to: .resuming, [.resumeAccepting, .resumeControl])
            }
            return advance(from: .pausing(isLost: false), to: .paused, [.say(.yours)])
        case .resumed: return advance(from: .resuming, to: .waiting, [])
        }
    }

    private mutating func advance(from expected: State, to next: State, _ actions: [Action]) -> [Action] {
        guard state == expected else { return [] }
        state = next
        return actions
    }

    private mutating func heard(_ message: TakeoverMessage) -> [Action] {
        switch (state, message) {
        case (.greeting, .hello(let hello)):
            if let reason = objection(to: hello) {
                state = .waiting
                return [.say(.refused(reason)), .disconnect]
            }
            state = .collecting
            return [.collectSockets]
        case (.offered, .take):
            state = .releasing(isLost: false)
            return [.releaseControl]
        case (.released, .prepared):
            state = .pausing(isLost: false)
            return [.pauseAccepting]
        case (.paused, .accepting):
            state = .handedOver
            return [.leave]
        case (.handedOver, _): return []
        default: return [.say(.refused("it said something that does not belong there"))] + lost()
        }
    }

    private func objection(to hello: TakeoverMessage.Hello) -> String? {
        if hello.protocolVersion != TakeoverLimits.protocolVersion {
            return
                "it hands over by protocol \(TakeoverLimits.protocolVersion), and carrel \(hello.program) takes over by "
                + "\(hello.protocolVersion); end it with SIGTERM and start the other"
        }
        return hello.role == role ? nil : "it is carrel \(role.rawValue), and not carrel \(hello.role.rawValue)"
    }

    private mutating func lost() -> [Action] {
        switch state {
        case .waiting, .resuming, .handedOver: return [.disconnect]
        case .greeting, .collecting, .offered:
            state = .waiting
            return [.disconnect]
        case .releasing:
            state = .releasing(isLost: true)
            return [.disconnect]
        case .released:
            state = .resuming
            return [.disconnect, .resumeControl]
        case .pausing:
            state = .pausing(isLost: true)
            return [.disconnect]
        case .paused:
            state = .resuming
            return [.disconnect, .resumeAccepting, .resumeControl]
        }
    }

    private mutating func failed(_ reason: String) -> [Action] {
        switch state {
        case .collecting:
            state = .waiting
            return [.say(.refused(reason)), .disconnect]
        case .releasing, .pausing:
            state = .resuming
            return [.say(.refused(reason)), .disconnect, .resumeControl]
        case .waiting, .greeting, .offered, .released, .paused, .resuming, .handedOver: return []
        }
    }
}
