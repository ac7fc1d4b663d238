import Identity
import Testing
import Words

@testable import BrokerCore

@Suite("Sizes of pools")
struct PoolSizeTests {
    private func pool(_ minimum: Int, _ maximum: Int? = nil, perHost: Int = 10) -> PoolSpec {
        PoolTests.pool(minimum, maximum, perHost: perHost)
    }

    private func filled(_ spec: PoolSpec, hosts: [HostSpec] = [.small("h1", slots: 8, starts: 8)]) -> Scene {
        var scene = PoolTests.scene(hosts: hosts, pools: [spec])
        for number in 1...12 { scene.warmReady(Int64(number)) }
        return scene
    }

    @Test("Told to shrink, a pool removes what is too much in the same step")
    func shrinks() {
        var scene = filled(pool(3))
        let actions = scene.send(.setPool(pool(1), request: scene.request()))
        #expect(
            actions.prefix(2) == [
                .remove("warm-3", epoch: 0, host: "h1"), .remove("warm-2", epoch: 0, host: "h1"),
            ])
        #expect(scene.changes.contains(.pool(pool(1))))
        #expect(scene.warmRuns == ["warm-1"])
        scene.send(.setPool(pool(0), request: scene.request()))
        #expect(scene.warmRuns == [])
    }

    @Test("What an operator has set counts until it is reset, whatever the configuration says")
    func setCounts() {
        var scene = filled(pool(3))
        scene.send(.setPool(pool(1), request: scene.request()))
        scene.send(.configure(labs: [.quick], hosts: [.small("h1", slots: 8, starts: 8)], pools: [pool(5)]))
        #expect(scene.warmRuns == ["warm-1"])
        #expect(scene.core.poolStatuses(at: scene.now).map(\.isSet) == [true])
        scene.send(.resetPool(PoolTests.key, request: scene.request()))
        #expect(scene.core.poolStatuses(at: scene.now).map(\.wanted) == [5])
    }

    @Test("A pool with an impossible size, or of an unknown lab, is refused")
    func refusals() throws {
        var scene = PoolTests.scene(pools: [])
        for spec in [pool(2, 1), pool(-1, 1), pool(0, Limits.poolSeats + 1), pool(1, perHost: 0)] {
            let actions = scene.send(.setPool(spec, request: scene.request()))
            let problem = try #require(spec.problem)
            #expect(actions == [.answer(scene.lastRequest, .refused(.badTerms(problem)))])
        }
        let unknown = PoolSpec(key: LabKey(portal: "school", name: "none"), minimum: 1, maximum: 1)
        #expect(
            scene.send(.setPool(unknown, request: scene.request()))
                == [.answer(scene.lastRequest, .refused(.unknownLab("none")))])
        let reset = scene.send(.resetPool(unknown.key, request: scene.request()))
        #expect(reset == [.answer(scene.lastRequest, .refused(.unknownPool(unknown.key)))])
        #expect(Refusal.unknownPool(unknown.key).message.contains("carrel pool list"))
    }

    @Test("While people take seats a pool keeps more of them, up to its maximum, and forgets that after a while")
    func demand() {
        var scene = filled(pool(1, 3))
        #expect(scene.warmRuns.count == 1)
        for (index, id) in ["a", "b", "c"].enumerated() {
            scene.launch(SessionID(rawValue: id), lab: "quick")
            for number in 1...12 { scene.warmReady(Int64(number)) }
            #expect(scene.warmRuns.count == min(3, 2 + index))
        }
        scene.wait(Limits.poolMemory)
        #expect(scene.warmRuns.count == 1)
    }

    @Test("No host has more than its share of a pool")
    func spread() {
        let hosts: [HostSpec] = [.small("h1", slots: 8, starts: 8), .small("h2", slots: 8, starts: 8)]
        let scene = filled(pool(5, perHost: 2), hosts: hosts)
        #expect(scene.core.poolStatuses(at: scene.now).map(\.hosts) == [["h1": 2, "h2": 2]])
    }

    @Test("A pool never takes more seats than a host has")
    func overshoot() {
        let scene = filled(pool(10), hosts: [.small("h1", slots: 4, starts: 8), .small("h2", slots: 3, starts: 8)])
        #expect(scene.core.hostStatuses.map(\.seats) == [4, 3])
    }

    @Test("A cordon and a drain remove a host's warm seats at once; a host that does not answer keeps the ready ones")
    func closedHosts() {
        var scene = filled(pool(2))
        let actions = scene.send(.cordon(host: "h1", request: scene.request()))
        #expect(actions.contains(.remove("warm-1", epoch: 0, host: "h1")))
        #expect(scene.warmRuns == [])
        var drained = filled(pool(2))
        drained.send(.drain(host: "h1", deadline: drained.now + .seconds(600), request: drained.request()))
        #expect(drained.warmRuns == [])
        #expect(drained.core.hostStatuses.map(\.state) == [.draining])
        drained.send(.containerRemoved("warm-1", epoch: 0))
        drained.send(.containerRemoved("warm-2", epoch: 0))
        #expect(drained.core.hostStatuses.map(\.state) == [.drained])
        var away = filled(pool(2))
        away.away("h1")
        #expect(away.warmRuns == ["warm-1", "warm-2"])
        away.launch("a", lab: "quick")
        #expect(away.state("a")?.name == "queued")
        away.listed("h1", [.running("warm-1", epoch: 0), .running("warm-2", epoch: 0)])
        #expect(away.state("a")?.name == "running")
    }

    @Test("Another image makes warm seats old: they are replaced")
    func newImage() {
        var scene = filled(pool(1))
        var lab = Lab.quick
        lab.image = "lab/quick:2"
        let actions = scene.send(
            .configure(labs: [lab], hosts: [.small("h1", slots: 8, starts: 8)], pools: [pool(1)]))
        #expect(actions.contains(.remove("warm-1", epoch: 0, host: "h1")))
        #expect(actions.contains(.start("warm-2", epoch: 0, host: "h1")))
    }

    @Test("Where homes cannot be attached, a pool of a lab with files has no seats, and says why")
    func noAttachment() {
        let spec = PoolSpec(key: LabKey(portal: "school", name: "python"), minimum: 1, maximum: 1)
        var scene = PoolTests.scene(pools: [spec])
        #expect(scene.warmRuns == ["warm-1"])
        scene.send(.hostProbed(host: "h1", .impossible(reason: "no propagation")))
        #expect(scene.warmRuns == [])
        #expect(scene.core.poolStatuses(at: scene.now).first?.reason?.contains("no propagation") == true)
    }
}
