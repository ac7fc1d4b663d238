import Identity
import Testing
import Words

@testable import BrokerCore

@Suite("A host whose labs use nearly all of its memory takes nobody new")
struct StrainTests {
    /// A host of 8 GiB with two labs, and their combined use in MiB.
    private func scene(using mebibytes: Int64, _ density: Density = .quick) -> Scene {
        var scene = Scene.profiled(density: density)
        for id: SessionID in ["a", "b"] { scene.run(id) }
        scene.sample(["a": mebibytes / 2, "b": mebibytes / 2])
        return scene
    }

    @Test("above the upper share it closes, and opens at the lower one only")
    func hysteresis() {
        var scene = scene(using: 6900)
        #expect(scene.core.use(ofHost: "h1")?.isStrained == false)
        scene.sample(["a": 3500, "b": 3500])
        #expect(scene.core.use(ofHost: "h1")?.isStrained == true)
        scene.launch("c")
        #expect(scene.state("c")?.name == "queued")
        scene.sample(["a": 3300, "b": 3300])
        #expect(scene.state("c")?.name == "queued")
        let actions = scene.sample(["a": 3000, "b": 3000])
        #expect(actions.contains(.start("c", epoch: 1, host: "h1")))
        #expect(scene.core.use(ofHost: "h1")?.isStrained == false)
    }

    @Test("who waits and who operates read why")
    func words() {
        var scene = scene(using: 7200)
        scene.launch("c")
        let reason = scene.core.hostStatus("h1")?.reason ?? ""
        #expect(reason.contains("takes no new seats") && reason.contains("they use 7 GiB now"), "\(reason)")
        #expect(scene.core.explanation(of: "c", at: scene.now)?.contains("nearly all of the memory") == true)
        #expect(scene.core.estimate(of: "c", at: scene.now) == nil)
    }

    @Test("it opens when those who used it have gone, without another reading of them")
    func leaving() {
        var scene = scene(using: 7200)
        scene.launch("c")
        for id: SessionID in ["a", "b"] {
            scene.end(id)
            scene.send(.containerRemoved(id, epoch: 1))
        }
        scene.sample([:])
        #expect(scene.host("c") == "h1")
    }

    @Test("another host takes them meanwhile")
    func others() {
        var scene = Scene.profiled(hosts: ["h1", "h2"])
        scene.run("a")
        let full = scene.host("a") ?? ""
        scene.sample(["a": 7500], on: full)
        for number in 0..<3 { scene.launch(SessionID(rawValue: "s\(number)")) }
        #expect(scene.core.sessions.filter { $0.id != "a" }.allSatisfy { $0.state.host != full })
    }

    @Test("reserved seats are given all the same: they were promised, and count for all that they ask")
    func reserved() {
        var scene = scene(using: 7200)
        scene.reserve("r1", seats: 2, after: .zero)
        scene.launch("c", context: "course-1")
        #expect(scene.host("c") == "h1")
    }

    @Test("seats of pools that nobody has claimed go first")
    func pools() {
        var scene = Scene()
        var lab = Lab.python
        lab.files = .none
        let pool = PoolSpec(key: LabKey(portal: "school", name: "python"), minimum: 1, maximum: 1)
        scene.send(
            .configure(labs: [lab, .rstudio], hosts: [.small("h1", starts: 9)], pools: [pool], density: .quick))
        scene.listed("h1")
        scene.ready("warm-1", epoch: 0)
        scene.run("a", lab: "rstudio")
        let actions = scene.sample(["a": 7000, "warm-1": 500])
        #expect(actions.contains(.remove("warm-1", epoch: 0, host: "h1")))
    }

    @Test("under the policy guaranteed nothing of this happens, and changing to it opens the host")
    func guaranteed() {
        var scene = scene(using: 7500)
        scene.launch("c")
        #expect(scene.state("c")?.name == "queued")
        scene.configure(Density())
        #expect(scene.host("c") == "h1")
        scene.sample(["a": 4000, "b": 4000])
        #expect(scene.core.use(ofHost: "h1")?.isStrained == false)
    }
}
