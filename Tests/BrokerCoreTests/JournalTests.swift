import Identity
import Testing

@testable import BrokerCore

@Suite("Journal")
struct JournalTests {
    /// Everything a rollback must restore.
    private struct Records: Equatable {
        var entries: [SessionID: Entry]
        var hosts: [HostRecord.Settings]
        var usage: [HostRecord.Usage]
        var leftovers: [Run: Leftover]
        var homes: [LearnerKey: String]
        var spareDuties: [String: HostDuty]
        var startTimes: StartTimes
        var labs: [LabKey: Lab]
        var added: [HostEntry]
        var adjustments: [String: HostAdjustment]
        var engines: [String: String]
        var rolling: RollingDrain?
        var order: [Queue.Ticket]
        var lines: [Queue.Line: [Queue.Ticket]]
        var turns: Queue.Turns
        var gates: [SessionID: Int]
        var reservations: [ReservationID: Reservation]
        var claims: [ReservationID: Set<String>]
        var cohortTurns: Queue.Turns
        var held: [CapacityCurve]
        var deadline: Timestamp?

        init(_ core: BrokerCore) {
            // The event count keeps increasing, even if a step is rolled back.
            entries = core.entries.mapValues { entry in
                var entry = entry
                entry.readyAt = 0
                return entry
            }
            hosts = core.hosts.map(\.settings)
            usage = core.hosts.map(\.usage)
            leftovers = core.leftovers
            homes = core.homes
            spareDuties = core.spareDuties
            startTimes = core.startTimes
            labs = core.catalogue.labs
            added = core.addedHosts
            adjustments = core.book.adjustments
            engines = core.book.engines
            rolling = core.rolling
            order = core.queue.order
            lines = core.queue.lines
            turns = core.queue.turns
            gates = core.gates
            reservations = core.reservations
            claims = core.claims
            cohortTurns = core.cohorts.turns
            held = core.hosts.map { core.heldCurve(on: $0.name) }
            deadline = core.nextDeadline
        }
    }

    /// A scene with all kinds of records: running, starting, queued, ending, a leftover, a draining host.
    private func busyScene(sharedHomes: Bool) -> Scene {
        var scene = Scene.ready(
            hosts: [.small("h1", slots: 3), .small("h2", slots: 2), .small("h3", slots: 1)], sharedHomes: sharedHomes)
        for id: SessionID in ["a", "b", "c", "d"] { scene.run(id) }
        scene.launch("e")
        scene.launch("f", learner: "a", lab: "rstudio")
        scene.launch("g")
        scene.end("b")
        scene.send(.startFailed("e", epoch: 1, .engine("full")))
        let host = scene.host("a")!
        scene.send(.drain(host: host, deadline: scene.now + .seconds(900), request: scene.request()))
        scene.launch("h")
        return scene
    }

    private static let events: [@Sendable (inout Scene) -> [Event]] = [
        { [.launch(learner: .named("new"), lab: "python", newID: "new", request: $0.request())] },
        { [.end("a", reason: .learnerEnded, request: $0.request()), .containerRemoved("a", epoch: 1)] },
        { [.end("h", reason: .learnerEnded, request: $0.request())] },
        { _ in [.containerRemoved("e", epoch: 1), .containerRemoved("b", epoch: 1)] },
        { _ in [.removeFailed("e", epoch: 1, message: "busy"), .removeFailed("b", epoch: 1, message: "busy")] },
        { _ in
            [
                .hostSilent(host: "h1", reason: "x"), .hostSilent(host: "h2", reason: "x"),
                .hostSilent(host: "h3", reason: "x"),
            ]
        },
        { scene in
            let silent = ["h1", "h2", "h3"].map { Event.hostSilent(host: $0, reason: "x") }
            for event in silent { scene.send(event) }
            scene.now = scene.now + Limits.silenceGrace
            return [.tick] + ["h1", "h2", "h3"].map { .declareLost(host: $0, request: scene.request()) }
        },
        { _ in [.hostListed(host: "h1", containers: []), .hostListed(host: "h2", containers: [])] },
        { _ in [.configure(labs: [.python], hosts: [.small("h2"), .small("h4")])] },
        { _ in [.configure(labs: [.of("python", memory: 20)], hosts: [])] },
        { _ in [.labReady("f", epoch: 1, endpoint: .of("f")), .labReady("g", epoch: 1, endpoint: .of("g"))] },
        { _ in [.startFailed("f", epoch: 1, .imageMissing("x")), .startFailed("g", epoch: 1, .imageMissing("x"))] },
        { scene in
            scene.now = scene.now + .seconds(700)
            return [.tick, .labReported("a", epoch: 1, .busy)]
        },
        { scene in
            scene.now = scene.now + .seconds(1000)
            return [.tick, .tick]
        },
        { scene in ["h1", "h2", "h3"].map { .uncordon(host: $0, request: scene.request()) } },
        { scene in ["h1", "h2", "h3"].map { .drain(host: $0, deadline: scene.now, request: scene.request()) } },
        { scene in
            scene.now = scene.now + .seconds(100)
            return [.activity(["a": scene.now - .seconds(10), "c": scene.now])]
        },
        { [.restart("b", request: $0.request())] },
        { scene in
            let drain = Event.rollingDrain(
                hosts: ["h1", "h2", "h3"], maximumUnavailable: 2, span: .zero, request: scene.request())
            return [drain, .uncordon(host: "h1", request: scene.request())]
        },
        { scene in
            let address = HostAddress(endpoint: "unix:///x1.sock", identity: nil, publishAddress: "127.0.0.1")
            return [
                .addHost(
                    HostEntry(spec: .small("x1"), address: address), engineID: "X", request: scene.request()),
                .adjustHost(
                    host: "h1", HostAdjustment(slots: 9, labels: ["gpu": "true"]), startingOver: false,
                    request: scene.request()),
                .hostListed(host: "x1", containers: [], facts: HostFacts(engineID: "X")),
                .hostListed(host: "h2", containers: [], facts: HostFacts(engineID: "X")),
                .removeHost(host: "x1", draining: true, deadline: scene.now + .seconds(60), request: scene.request()),
            ]
        },
    ]

    @Test("After a commit that failed everything is as it was", arguments: 0..<events.count, [true, false])
    func rollback(index: Int, sharedHomes: Bool) {
        var scene = busyScene(sharedHomes: sharedHomes)
        let before = Records(scene.core)
        scene.commits = false
        let events = Self.events[index](&scene)
        for event in events { scene.send(event) }
        #expect(Records(scene.core) != before)
        scene.core.rollback()
        #expect(Records(scene.core) == before)
        #expect(scene.core.pendingChanges == [])
        #expect(scene.core.violations(at: scene.now) == [])
        // Handling the same events again gives the same result.
        var other = busyScene(sharedHomes: sharedHomes)
        other.now = scene.now
        for event in events {
            let actions = scene.send(event)
            #expect(actions == other.send(event))
        }
        scene.core.confirm()
        #expect(Records(scene.core) == Records(other.core))
    }

    @Test("Several steps before one commit are undone together, and only back to the last commit")
    func batch() {
        var scene = Scene.ready()
        scene.launch("a")
        scene.commits = false
        scene.launch("b")
        scene.ready("a")
        #expect(scene.core.pendingChanges.count > 4)
        scene.core.rollback()
        #expect(scene.state("a")?.name == "starting")
        #expect(scene.core.session("b") == nil)
    }

    @Test("What is over leaves the memory at the commit, not before, and comes back with a rollback")
    func forgetting() {
        var scene = Scene.ready()
        scene.run("a")
        scene.end("a")
        scene.commits = false
        scene.send(.containerRemoved("a", epoch: 1))
        #expect(scene.state("a")?.name == "ended")
        scene.core.rollback()
        #expect(scene.state("a")?.name == "ending")
        scene.send(.containerRemoved("a", epoch: 1))
        scene.core.confirm()
        #expect(scene.core.session("a") == nil)
        #expect(scene.core.sessions.isEmpty)
    }

    @Test("A revival that could not be committed leaves neither a live session nor memory behind")
    func revivalRolledBack() {
        var scene = Scene.ready()
        scene.commits = false
        scene.core.adopt(
            Session(
                id: "a", learner: .named("ann"), lab: "python", epoch: 1,
                state: .ended(reason: .learnerEnded, at: scene.now), createdAt: scene.now, lastActivityAt: scene.now))
        scene.restart("a")
        #expect(scene.state("a")?.name == "starting")
        scene.core.rollback()
        #expect(scene.core.session("a") == nil)
        #expect(scene.core.hostStatus("h1")?.seats == 0)
    }

    @Test("Memory stays bounded: a thousand sessions that came and went leave nothing")
    func bounded() {
        var core = BrokerCore(sharedHomes: true)
        let now = Timestamp(milliseconds: 0)
        _ = core.handle(.configure(labs: [.python], hosts: [.small("h1")]), at: now)
        _ = core.handle(.hostListed(host: "h1", containers: []), at: now)
        for index in 0..<1000 {
            let id = SessionID(rawValue: "s\(index)")
            _ = core.handle(
                .launch(learner: .named("l\(index)"), lab: "python", newID: id, request: RequestID(rawValue: 0)),
                at: now)
            _ = core.handle(.labReady(id, epoch: 1, endpoint: .of(id)), at: now)
            _ = core.handle(.end(id, reason: .learnerEnded, request: RequestID(rawValue: 0)), at: now)
            _ = core.handle(.containerRemoved(id, epoch: 1), at: now)
            core.confirm()
        }
        #expect(core.entries.isEmpty && core.sessionsOf.isEmpty && core.gates.isEmpty && core.leftovers.isEmpty)
        #expect(core.alarms.count <= 1)
        #expect(core.violations(at: now) == [])
    }
}
