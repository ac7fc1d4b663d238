import Literals
import Testing
import Words

@testable import BrokerCore

@Suite("Hosts that are added, changed and removed")
struct HostBookTests {
    private let entry = HostEntry(
        spec: .small("x1"),
        address: HostAddress(endpoint: "unix:///x1.sock", identity: nil, publishAddress: "127.0.0.1"))

    private func refusal(_ actions: [Action]) -> String? {
        for case .answer(_, .refused(let refusal)) in actions { return refusal.message }
        return nil
    }

    private func add(_ scene: inout Scene, _ entry: HostEntry) -> [Action] {
        scene.send(.addHost(entry, engineID: nil, request: scene.request()))
    }

    private func remove(_ scene: inout Scene, _ host: String, in deadline: Duration? = nil) -> [Action] {
        scene.send(
            .removeHost(
                host: host, draining: deadline != nil, deadline: deadline.map { scene.now + $0 },
                request: scene.request()))
    }

    private func adjust(
        _ scene: inout Scene, _ host: String, _ change: HostAdjustment, startingOver: Bool = false
    ) -> [Action] {
        scene.send(.adjustHost(host: host, change, startingOver: startingOver, request: scene.request()))
    }

    @Test("An added host is stored, talked to, and takes sessions once it has answered; a reload leaves it alone")
    func added() {
        var scene = Scene.ready()
        #expect(add(&scene, entry) == [.hostsChanged, .answer(scene.lastRequest, .done)])
        #expect(scene.changes == [.hostEntry(host: "x1", entry)])
        #expect(scene.core.hostStatus("x1")?.state == .unreachable)
        scene.listed("x1")
        scene.send(.cordon(host: "h1", request: scene.request()))
        scene.launch("a")
        #expect(scene.host("a") == "x1")
        scene.send(.configure(labs: [.python], hosts: [.small("h1")]))
        #expect(scene.core.hostStatus("x1")?.state == .active)
        #expect(scene.core.hostStatus("x1")?.origin == .runtime)
        #expect(scene.core.hostStatus("h1")?.origin == .configuration)
        #expect(scene.core.addedHosts == [entry])
    }

    @Test("A host that is there already, has impossible numbers, or exceeds the limit is refused with words")
    func refusedAdditions() {
        var scene = Scene.ready()
        var bad = entry
        bad.spec.name = "h1"
        #expect(refusal(add(&scene, bad))?.contains("host set h1") == true)
        for change in [
            { $0.name = "X 1" }, { $0.slots = 0 }, { $0.memoryBytes = 1 }, { $0.overcommit = 11 },
            { $0.maximumStarts = 0 }, { $0.labels = ["a b": "c"] },
            { spec in for n in 0...Limits.hostLabels { spec.labels["l\(n)"] = "v" } },
        ] as [(inout HostSpec) -> Void] {
            bad = entry
            change(&bad.spec)
            guard case .answer(_, .refused(.badTerms))? = add(&scene, bad).first else {
                Issue.record("\(bad.spec) was added")
                return
            }
        }
        scene.send(.configure(labs: [.python], hosts: (0..<Limits.hosts).map { .small("h\($0)") }))
        #expect(refusal(add(&scene, entry))?.contains("the limit") == true)
        #expect(scene.core.addedHosts == [])
    }

    @Test("An empty added host is removed at once; one with sessions only when told to let them end first")
    func removed() {
        var scene = Scene.ready()
        _ = add(&scene, entry)
        #expect(remove(&scene, "x1") == [.hostsChanged, .answer(scene.lastRequest, .done)])
        #expect(scene.changes == [.hostForgotten(host: "x1")])
        #expect(scene.core.hostStatus("x1") == nil)
        _ = add(&scene, entry)
        scene.listed("x1")
        scene.send(.cordon(host: "h1", request: scene.request()))
        scene.run("a")
        #expect(refusal(remove(&scene, "x1"))?.contains("--drain") == true)
        _ = remove(&scene, "x1", in: .seconds(60))
        #expect(scene.core.hostStatus("x1")?.state == .draining)
        #expect(scene.core.hostStatus("x1")?.reason?.contains("removed when it is empty") == true)
        #expect(scene.wait(.seconds(60)).contains(.remove("a", epoch: 1, host: "x1")))
        #expect(scene.send(.containerRemoved("a", epoch: 1)).contains(.hostsChanged))
        #expect(scene.changes.contains(.hostForgotten(host: "x1")))
        #expect(scene.core.hostStatus("x1") == nil)
    }

    @Test("A host that was to be removed stays when it is uncordoned; its name can be had again without its past")
    func kept() {
        var scene = Scene.ready(hosts: [])
        _ = add(&scene, entry)
        scene.listed("x1")
        scene.run("a")
        _ = remove(&scene, "x1", in: .seconds(600))
        scene.send(.uncordon(host: "x1", request: scene.request()))
        #expect(scene.core.addedHosts == [entry])
        scene.end("a")
        scene.send(.containerRemoved("a", epoch: 1))
        #expect(scene.core.hostStatus("x1")?.state == .active)
        scene.send(.cordon(host: "x1", request: scene.request()))
        _ = remove(&scene, "x1")
        _ = add(&scene, entry)
        #expect(scene.core.hostStatus("x1")?.duty == .active)
    }

    @Test("A host of the configuration is taken out there; one that comes into it is no longer an added one")
    func configured() {
        var scene = Scene.ready()
        #expect(refusal(remove(&scene, "h1"))?.contains("SIGHUP") == true)
        #expect(remove(&scene, "h9") == [.answer(scene.lastRequest, .refused(.unknownHost("h9")))])
        _ = add(&scene, entry)
        scene.send(.configure(labs: [.python], hosts: [.small("x1", slots: 9)]))
        #expect(scene.changes.contains(.hostEntry(host: "x1", nil)))
        #expect(scene.core.hostStatus("x1")?.slots == 9)
        #expect(scene.core.hostStatus("x1")?.origin == .configuration)
        scene.send(.configure(labs: [.python], hosts: []))
        #expect(scene.core.hostStatus("x1") == nil)
    }

    @Test("A restart forgets that a host of the configuration was an added one, whichever is read first")
    func configuredInBetween() {
        for configuresFirst in [false, true] {
            var scene = Scene()
            let configured = Event.configure(labs: [.python], hosts: [.small("x1", slots: 9)])
            if configuresFirst { scene.send(configured) }
            _ = scene.core.restore(
                sessions: [], duties: [:], homes: [], hosts: StoredHosts(entries: [entry]), at: scene.now)
            scene.send(configuresFirst ? .tick : configured)
            #expect(scene.changes == [.hostEntry(host: "x1", nil)])
            #expect(scene.core.hostStatus("x1")?.slots == 9 && scene.core.addedHosts == [])
            scene.send(.configure(labs: [.python], hosts: []))
            #expect(scene.core.hostStatus("x1") == nil)
        }
    }

    @Test("What is set counts before the configuration, over a reload and a restart, until it is reset")
    func adjusted() {
        var scene = Scene.ready(hosts: [.small("h1", slots: 4)])
        let change = HostAdjustment(slots: 1, memoryBytes: 4 * gibibyte, labels: ["gpu": "true"])
        #expect(adjust(&scene, "h1", change) == [.answer(scene.lastRequest, .done)])
        #expect(scene.changes == [.hostAdjustment(host: "h1", change)])
        scene.send(.configure(labs: [.python], hosts: [.small("h1", slots: 8)]))
        #expect(scene.core.hostStatus("h1")?.slots == 1)
        #expect(scene.core.hostStatus("h1")?.isAdjusted == true)
        _ = adjust(&scene, "h1", HostAdjustment(labels: ["disk": "ssd"], removedLabels: ["gpu"]))
        #expect(scene.core.hostStatus("h1")?.labels == ["disk": "ssd"])
        #expect(scene.core.hostStatus("h1")?.slots == 1)

        var next = Scene()
        _ = next.core.restore(
            sessions: [], duties: [:], homes: [],
            hosts: StoredHosts(entries: [entry], adjustments: ["h1": change, "x1": HostAdjustment(slots: 2)]),
            at: next.now)
        next.send(.configure(labs: [.python], hosts: [.small("h1", slots: 8)]))
        #expect(["h1", "x1"].map { next.core.hostStatus($0)?.slots } == [1, 2])

        #expect(refusal(adjust(&scene, "h1", HostAdjustment(slots: 0)))?.contains("slots") == true)
        _ = adjust(&scene, "h1", HostAdjustment(), startingOver: true)
        #expect(scene.changes == [.hostAdjustment(host: "h1", nil)])
        #expect(scene.core.hostStatus("h1")?.slots == 8)
        #expect(adjust(&scene, "h9", change) == [.answer(scene.lastRequest, .refused(.unknownHost("h9")))])
    }

    @Test("More slots are used at once; who fits nowhere any more is told")
    func slotsAndMemory() {
        var scene = Scene.ready(hosts: [.small("h1", slots: 1)], labs: [.python, .big])
        scene.run("a")
        scene.launch("b", lab: "big")
        #expect(adjust(&scene, "h1", HostAdjustment(slots: 2)).first == .start("b", epoch: 1, host: "h1"))
        scene.launch("c", lab: "big")
        _ = adjust(&scene, "h1", HostAdjustment(memoryBytes: 2 * gibibyte))
        #expect(scene.storedSessions.map(\.id) == ["c"])
        #expect(scene.storedSessions.last?.state.name == "failed")
        #expect(scene.state("b")?.name == "starting")
    }
}
