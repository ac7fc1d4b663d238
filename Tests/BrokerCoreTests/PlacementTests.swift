import Testing
import Words

@testable import BrokerCore

@Suite("Placement")
struct PlacementTests {
    @Test("Seats are spread by density, and by name among equals")
    func spread() {
        var scene = Scene.ready(hosts: [.small("h2"), .small("h1"), .small("h3", slots: 8, memory: 16)])
        for id: SessionID in ["a", "b", "c", "d", "e"] { scene.run(id) }
        // h3 is twice as large: it takes the first session, and as many as the other two together.
        #expect(["a", "b", "c", "d", "e"].map { scene.host($0) } == ["h3", "h1", "h2", "h3", "h3"])
    }

    @Test("The greater of slot share and memory share counts")
    func memoryShare() {
        var scene = Scene.ready(hosts: [.small("h1", slots: 100, memory: 8), .small("h2", slots: 4, memory: 100)])
        scene.launch("a", lab: "big")
        #expect(scene.host("a") == "h2")
        scene.launch("b")
        #expect(scene.host("b") == "h1")
    }

    @Test("Memory may be promised up to memory times overcommit, and not a byte further")
    func overcommit() {
        let exact = HostSpec(
            name: "h1", slots: 9, memoryBytes: 2 * gibibyte, overcommit: 1.5, maximumStarts: 9)
        var scene = Scene.ready(hosts: [exact])
        for id: SessionID in ["a", "b", "c"] { scene.run(id) }
        scene.launch("d")
        #expect(["a", "b", "c", "d"].map { scene.host($0) } == ["h1", "h1", "h1", nil])
        #expect(scene.core.hostStatus("h1")?.density == 1)

        var less = exact
        less.memoryBytes -= 1
        var tighter = Scene.ready(hosts: [less])
        for id: SessionID in ["a", "b", "c"] { tighter.run(id) }
        #expect(tighter.host("c") == nil)
    }

    @Test("Nothing is placed on a host that is cordoned, draining, drained, silent or not yet seen")
    func onlyActive() {
        var scene = Scene.ready(hosts: ["a", "b", "c", "d", "e", "f"].map { .small("host-\($0)") })
        scene.run("x", learner: "x")
        #expect(scene.host("x") == "host-a")
        scene.send(.drain(host: "host-a", deadline: scene.now + .seconds(600), request: scene.request()))
        scene.send(.drain(host: "host-b", deadline: scene.now + .seconds(600), request: scene.request()))
        scene.send(.cordon(host: "host-c", request: scene.request()))
        scene.away("host-d")
        scene.send(
            .configure(labs: [.python], hosts: ["a", "b", "c", "d", "f", "g"].map { .small("host-\($0)") }))
        #expect(
            scene.core.hostStatuses.map(\.state) == [
                .draining, .drained, .cordoned, .unreachable, .active, .unreachable,
            ])
        for id: SessionID in ["k", "l", "m"] { scene.launch(id) }
        #expect(["k", "l", "m"].map { scene.host($0) } == ["host-f", "host-f", nil])
    }

    @Test("Without shared homes a learner goes where their home is, and only there")
    func stickyHomes() {
        var scene = Scene.ready(hosts: [.small("h1"), .small("h2")], sharedHomes: false)
        scene.launch("a", learner: "ann")
        #expect(!scene.changes.contains(.home(portal: "school", learner: "ann", host: "h1")))
        scene.ready("a")
        #expect(scene.changes.last == .home(portal: "school", learner: "ann", host: "h1"))
        for id: SessionID in ["b", "c", "d"] { scene.run(id) }
        scene.launch("e", learner: "ann", lab: "rstudio")
        #expect(scene.host("e") == "h1")
        scene.end("a")
        scene.send(.containerRemoved("a", epoch: 1))
        scene.away("h1")
        scene.launch("f", learner: "ann")
        #expect(scene.state("f") == .queued(since: scene.now))
        #expect(scene.core.explanation(of: "f", at: scene.now)?.contains("host h1, which does not answer") == true)
    }

    @Test("Without shared homes, two first labs of one learner go to the same host")
    func firstLabsTogether() {
        var scene = Scene.ready(hosts: [.small("h1"), .small("h2")], sharedHomes: false)
        scene.launch("a", learner: "ann")
        scene.launch("b", learner: "ann", lab: "rstudio")
        #expect(scene.host("a") == scene.host("b"))
    }

    @Test("Without shared homes, a start that never became ready binds nobody to its host")
    func failedStartBindsNobody() {
        var scene = Scene.ready(hosts: [.small("h1"), .small("h2")], sharedHomes: false)
        scene.launch("a", learner: "ann")
        let actions = scene.send(.startFailed("a", epoch: 1, .hostUnreachable("no route to host")))
        #expect(actions.contains(.start("a", epoch: 2, host: "h2")))
    }

    @Test("A lab that can never fit the host of the learner's home is refused; one that waited for it fails")
    func boundTooNarrowly() {
        var scene = Scene.ready(hosts: [.small("h1", memory: 4), .small("h2", starts: 1)], sharedHomes: false)
        scene.send(.cordon(host: "h2", request: scene.request()))
        scene.launch("a", learner: "ann")
        scene.launch("c", learner: "cas", lab: "big")
        guard case .answer(_, .refused(.neverFits(let misfit)))? = scene.launch("b", learner: "ann", lab: "big").first
        else {
            Issue.record("the launch was not refused")
            return
        }
        #expect(misfit.operatorText.contains("host h1"))
        // It is queued while any host would do; then the first lab becomes ready on a host that is too small for it.
        scene.launch("d", learner: "cas")
        scene.ready("d")
        guard case .failed(let reason, _, _)? = scene.storedSessions.last(where: { $0.id == "c" })?.state else {
            Issue.record("the waiting session did not fail")
            return
        }
        #expect(reason.message.contains("host h1"))
    }

    @Test("A learner whose home is on a host that is no longer configured is told so")
    func homeIsGone() {
        var scene = Scene(sharedHomes: false)
        _ = scene.core.restore(
            sessions: [], duties: [:], homes: [HomeLocation(portal: "school", learner: "ann", host: "h9")],
            at: scene.now)
        scene.send(.configure(labs: [.python], hosts: [.small("h1")]))
        guard case .answer(_, .refused(.neverFits(let misfit)))? = scene.launch("a", learner: "ann").first else {
            Issue.record("the launch was not refused")
            return
        }
        #expect(misfit == .homeHostGone(host: "h9"))
    }

    @Test("Thousands of launches fill a hundred hosts to the last slot, evenly, and the rest waits")
    func scale() {
        var core = BrokerCore(sharedHomes: true)
        let hosts = (0..<100).map { HostSpec.small("h\($0)", slots: 20, memory: 40, starts: 20) }
        let now = Timestamp(milliseconds: 0)
        _ = core.handle(.configure(labs: [.python], hosts: hosts), at: now)
        for host in hosts { _ = core.handle(.hostListed(host: host.name, containers: []), at: now) }
        for index in 0..<3000 {
            let id = SessionID(rawValue: "s\(index)")
            _ = core.handle(
                .launch(
                    learner: .named("l\(index)"), lab: "python", newID: id,
                    request: RequestID(rawValue: UInt64(index))), at: now)
            _ = core.handle(.labReady(id, epoch: 1, endpoint: .of(id)), at: now)
            core.confirm()
        }
        #expect(core.hostStatuses.map(\.seats) == Array(repeating: 20, count: 100))
        #expect(core.queueLength == 1000)
        #expect(core.violations(at: now) == [])
    }
}
