import Testing
import Words

@testable import BrokerCore

@Suite("Engines under two names, and other Carrels on a host")
struct DuplicateTests {
    private func listed(
        _ scene: inout Scene, _ host: String, engine: String, _ containers: [ObservedContainer] = [],
        others: OtherUse = OtherUse()
    ) -> [Action] {
        scene.send(
            .hostListed(
                host: host, containers: containers, facts: HostFacts(engineID: engine, others: others)))
    }

    /// Hosts h1 and h2 with the same engine.
    private func twins() -> Scene {
        var scene = Scene()
        scene.send(.configure(labs: [.python], hosts: [.small("h1"), .small("h2")]))
        _ = listed(&scene, "h1", engine: "A")
        scene.run("a")
        return scene
    }

    @Test("The second name is inactive, says so with both names, and touches nothing of the first's")
    func second() {
        var scene = twins()
        #expect(listed(&scene, "h2", engine: "A", [.running("a")]) == [])
        let status = scene.core.hostStatus("h2")
        #expect(status?.state == .inactive)
        #expect(status?.reason?.contains("the same Docker Engine as the host h1") == true)
        #expect(status?.engineID == nil)
        for id: SessionID in ["b", "c"] { scene.launch(id) }
        #expect(["b", "c"].map { scene.host($0) } == ["h1", "h1"])
        #expect(scene.core.hostStatus("h1")?.state == .active)
    }

    @Test("Which of two names was there first is remembered over a restart, whoever answers first then")
    func remembered() {
        let scene = twins()
        #expect(scene.core.book.engines == ["h1": "A"])
        var next = Scene()
        _ = next.core.restore(
            sessions: [], duties: [:], homes: [], hosts: StoredHosts(engines: ["h1": "A"]), at: next.now)
        next.send(.configure(labs: [.python], hosts: [.small("h1"), .small("h2")]))
        _ = listed(&next, "h2", engine: "A")
        #expect(next.core.hostStatus("h2")?.state == .inactive)
        _ = listed(&next, "h1", engine: "A")
        #expect(next.core.hostStatus("h1")?.state == .active)
    }

    @Test("When the first name goes, the second takes its place at its next listing")
    func succession() {
        var scene = twins()
        scene.end("a")
        scene.send(.containerRemoved("a", epoch: 1))
        _ = listed(&scene, "h2", engine: "A")
        scene.send(.configure(labs: [.python], hosts: [.small("h2")]))
        #expect(scene.changes.contains(.engine(host: "h1", nil)))
        _ = listed(&scene, "h2", engine: "A")
        #expect(scene.core.hostStatus("h2")?.state == .active)
        #expect(scene.changes == [.engine(host: "h2", "A")])
    }

    @Test("A host whose address leads to another host's engine now: who starts there goes elsewhere, who runs is kept")
    func redirected() {
        var scene = Scene()
        scene.send(.configure(labs: [.python], hosts: [.small("h1"), .small("h2")]))
        _ = listed(&scene, "h1", engine: "A")
        _ = listed(&scene, "h2", engine: "B")
        scene.run("a")
        scene.run("b")
        scene.launch("c")
        scene.launch("d")
        #expect(["a", "b", "c", "d"].map { scene.host($0) } == ["h1", "h2", "h1", "h2"])
        let actions = listed(&scene, "h2", engine: "A", [.running("a"), .running("c")])
        #expect(actions.contains(.start("d", epoch: 2, host: "h1")))
        #expect(!actions.contains { if case .removeOrphan = $0 { true } else { false } })
        #expect(scene.state("b")?.name == "running")
        #expect(scene.silent("h2") == [])
        #expect(
            listed(&scene, "h2", engine: "B", [.running("b"), .running("d")]).contains(
                .remove("d", epoch: 1, host: "h2")))
        #expect(scene.core.hostStatus("h2")?.state == .active)
    }

    @Test("A host whose machine was set up anew keeps its name and has the new engine")
    func newEngine() {
        var scene = twins()
        _ = listed(&scene, "h1", engine: "C", [.running("a")])
        #expect(scene.core.hostStatus("h1")?.engineID == "C")
        #expect(scene.changes == [.engine(host: "h1", "C")])
        _ = listed(&scene, "h2", engine: "A")
        #expect(scene.core.hostStatus("h2")?.state == .active)
    }

    @Test("A host is not added with the engine of one that is there")
    func added() {
        var scene = twins()
        let entry = HostEntry(
            spec: .small("x1"),
            address: HostAddress(endpoint: "unix:///x1.sock", identity: nil, publishAddress: "127.0.0.1"))
        guard
            case .answer(_, .refused(let refusal))? = scene.send(
                .addHost(entry, engineID: "A", request: scene.request())
            ).first
        else {
            Issue.record("it was added")
            return
        }
        #expect(refusal.message.contains("unix:///x1.sock") && refusal.message.contains("host h1"))
    }

    @Test("Labs of another Carrel on the host take memory, but are no seats of ours")
    func others() {
        var scene = Scene()
        scene.send(.configure(labs: [.python, .big], hosts: [.small("h1")]))
        _ = listed(
            &scene, "h1", engine: "A", others: OtherUse(containers: 3, memoryBytes: 3 * gibibyte))
        #expect(scene.core.hostStatus("h1")?.others.containers == 3)
        #expect(scene.core.hostStatus("h1")?.seats == 0)
        scene.launch("a", lab: "big")
        #expect(scene.state("a")?.name == "queued")
        let freed = listed(
            &scene, "h1", engine: "A", others: OtherUse(containers: 1, memoryBytes: 2 * gibibyte))
        #expect(freed.contains(.start("a", epoch: 1, host: "h1")))
    }

    @Test("Seats are not promised on memory that another Carrel takes")
    func promisedBesideOthers() {
        var scene = Scene()
        scene.send(.configure(labs: [.of("python", memory: 2)], hosts: [.small("h1")], freeFloorPercent: 0))
        _ = listed(&scene, "h1", engine: "A")
        scene.send(
            .reserve(
                ReservationTerms(
                    lab: "school/python", seats: 4, from: scene.now + .seconds(3600),
                    to: scene.now + .seconds(7200), context: "101"), newID: ReservationID(rawValue: "r1"),
                request: scene.request()))
        #expect(scene.core.reservation(ReservationID(rawValue: "r1"))?.missingSeats == 0)
        _ = listed(&scene, "h1", engine: "A", others: OtherUse(containers: 1, memoryBytes: 3 * gibibyte))
        #expect(scene.core.reservation(ReservationID(rawValue: "r1"))?.missingSeats == 2)
    }
}
