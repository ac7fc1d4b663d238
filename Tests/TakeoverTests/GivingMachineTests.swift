import Testing

@testable import Takeover

@Suite("The process that hands over") struct GivingMachineTests {
    typealias Event = GivingMachine.Event
    typealias Action = GivingMachine.Action

    private static let hello = TakeoverMessage.hello(TakeoverMessage.Hello(program: "1.0", role: .edge))
    /// A successful takeover, event by event, with the actions of each.
    private static let way: [(Event, [Action])] = [
        (.connected, []), (.said(hello), [.collectSockets]), (.socketsCollected, [.sendSockets]),
        (.said(.take), [.releaseControl]),
        (.controlReleased, [.sendState, .say(.released)]), (.said(.prepared), [.pauseAccepting]),
        (.acceptingPaused, [.say(.yours)]), (.said(.accepting), [.leave]),
    ]

    /// A machine that has handled the first `steps` of those events.
    private func machine(after steps: Int) -> GivingMachine {
        var machine = GivingMachine(role: .edge)
        for (event, actions) in Self.way.prefix(steps) { #expect(machine.handle(event) == actions) }
        return machine
    }

    @Test("gives what it has step by step, and leaves only when the other accepts")
    func wholeWay() {
        var machine = machine(after: Self.way.count)
        #expect(machine.state == .handedOver)
        // The end of the other process is no longer its concern.
        #expect(machine.handle(.lost) == [.disconnect])
        #expect(machine.handle(.said(.take)) == [])
        #expect(machine.state == .handedOver)
    }

    @Test("waits for the other to say who it is, and then in three steps, each with its deadline")
    func deadlines() {
        let waits = (0...Self.way.count).map { machine(after: $0).awaits }
        #expect(waits == [nil, .hello, nil, .step, nil, .step, nil, .step, nil])
        for steps in [0, 2, 4, 6, 8] {
            var machine = machine(after: steps)
            let before = machine
            #expect(machine.handle(.deadline) == [])
            #expect(machine == before)
        }
    }

    @Test("goes on as if nothing had happened when the other dies or falls silent", arguments: [Event.lost, .deadline])
    func givesUp(_ event: Event) {
        var silent = machine(after: 1)
        #expect(silent.handle(event) == [.disconnect])
        #expect(silent.state == .waiting)
        #expect(silent.handle(.connected) == [])
        #expect(silent.handle(.said(Self.hello)) == [.collectSockets], "and the next may try")

        var offered = machine(after: 3)
        #expect(offered.handle(event) == [.disconnect])
        #expect(offered.state == .waiting)

        var released = machine(after: 5)
        #expect(released.handle(event) == [.disconnect, .resumeControl])
        #expect(
            released.handle(.said(Self.hello)).first == .say(.refused("it said something that does not belong there")))
        #expect(released.handle(.resumed) == [])
        #expect(released.state == .waiting)

        var paused = machine(after: 7)
        #expect(paused.handle(event) == [.disconnect, .resumeAccepting, .resumeControl])
        #expect(paused.handle(.resumed) == [])
        #expect(paused.handle(.connected) == [])
        #expect(paused.handle(.said(Self.hello)) == [.collectSockets], "and the next may try")
    }

    @Test("finishes a step that is under way before it takes it back")
    func lostInTheMiddle() {
        var collecting = machine(after: 2)
        #expect(collecting.handle(.lost) == [.disconnect])
        #expect(collecting.handle(.socketsCollected) == [])
        #expect(collecting.state == .waiting)

        var releasing = machine(after: 4)
        #expect(releasing.handle(.lost) == [.disconnect])
        #expect(releasing.handle(.controlReleased) == [.resumeControl])
        #expect(releasing.state == .resuming)

        var pausing = machine(after: 6)
        #expect(pausing.handle(.lost) == [.disconnect])
        #expect(pausing.handle(.acceptingPaused) == [.resumeAccepting, .resumeControl])
        #expect(pausing.state == .resuming)
    }

    @Test("tells the other when it cannot, and takes back what it gave")
    func fails() {
        var collecting = machine(after: 2)
        #expect(collecting.handle(.failed("no")) == [.say(.refused("no")), .disconnect])
        #expect(collecting.state == .waiting)
        for steps in [4, 6] {
            var machine = machine(after: steps)
            #expect(machine.handle(.failed("no")) == [.say(.refused("no")), .disconnect, .resumeControl])
            #expect(machine.state == .resuming)
        }
    }

    @Test("refuses another protocol and another command, and says why")
    func strangers() {
        var machine = machine(after: 1)
        var newer = TakeoverMessage.Hello(program: "1.0", role: .edge)
        newer.protocolVersion += 1
        newer.program = "9.9"
        guard case .say(.refused(let reason))? = machine.handle(.said(.hello(newer))).first else {
            Issue.record("not refused")
            return
        }
        #expect(reason.contains("carrel 9.9 takes over by \(newer.protocolVersion)"))
        #expect(machine.handle(.connected) == [])
        let serve = TakeoverMessage.hello(TakeoverMessage.Hello(program: "1.0", role: .serve))
        #expect(
            machine.handle(.said(serve)) == [.say(.refused("it is carrel edge, and not carrel serve")), .disconnect])
        #expect(machine.handle(.connected) == [])
        #expect(machine.handle(.said(.take)).last == .disconnect)
        #expect(machine.state == .waiting)
    }

    @Test("messages are read back as they were written, and nothing else is")
    func messages() throws {
        let messages: [TakeoverMessage] = [
            Self.hello, .refused("why"), .sockets(areLast: false), .sockets(areLast: true), .take, .state([1, 2]),
            .released, .prepared, .yours, .accepting, .activity(["abcd": 7]),
        ]
        for message in messages { #expect(TakeoverMessage(message.bytes) == message) }
        for bytes: [UInt8] in [[], [0], [99], [1, 2, 3], [11, 1]] { #expect(TakeoverMessage(bytes) == nil) }

        var state = TakeoverState()
        state.routes = Dictionary(
            uniqueKeysWithValues: (0..<5_000).map { ("h\($0).example.org", "http://10.0.0.1:\($0)") })
        state.routes.updateValue(nil, forKey: "gone.example.org")
        #expect(state.pieces.count > 1)
        #expect(state.pieces.allSatisfy { TakeoverMessage.state($0).bytes.count <= 64 * 1024 })
        #expect(try TakeoverState(pieces: state.pieces.flatMap { $0 }) == state)
    }
}
