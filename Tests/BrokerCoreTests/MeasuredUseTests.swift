import Identity
import Testing

@testable import BrokerCore

@Suite("What labs use is measured and learned")
struct MeasuredUseTests {
    @Test("A session is known by its last reading and its peak, its CPU by what passed between two readings")
    func readings() {
        var scene = Scene.ready()
        scene.run("a")
        #expect(scene.core.use(of: "a") == nil)
        #expect(scene.core.use(ofHost: "h1")?.usedBytes == nil)
        func sample(_ memory: Int64, _ cpu: UInt64) -> Event {
            .usageSampled(
                host: "h1",
                [UsageSample(session: "a", epoch: 1, at: scene.now, memoryBytes: memory, cpuNanoseconds: cpu)])
        }
        scene.send(sample(300, 2_000_000_000))
        #expect(scene.core.use(of: "a")?.cpuMillis == nil)
        scene.wait(.seconds(30))
        scene.send(sample(500, 17_000_000_000))
        #expect(scene.core.use(of: "a")?.cpuMillis == 500)
        scene.wait(.seconds(30))
        scene.send(sample(400, 17_000_000_000))
        let use = scene.core.use(of: "a")
        #expect(use?.memoryBytes == 400 && use?.peakMemoryBytes == 500)
        #expect(use?.cpuMillis == 0 && use?.averageCPUMillis == 250)
        #expect(scene.core.use(ofHost: "h1")?.usedBytes == 400)
        // The clock was set back, and then the container was started again.
        scene.now = scene.now - .seconds(60)
        scene.send(sample(400, 18_000_000_000))
        #expect(scene.core.use(of: "a")?.cpuMillis == nil)
        scene.now = scene.now + .seconds(60)
        scene.send(sample(400, 1000))
        #expect(scene.core.use(of: "a")?.cpuMillis == nil)
    }

    @Test("What is left out of a round keeps its last reading; who has no seat there has none")
    func rounds() {
        var scene = Scene.ready()
        for id: SessionID in ["a", "b"] { scene.run(id) }
        scene.sample(["a": 100, "b": 200, "stranger": 900])
        #expect(scene.core.use(ofHost: "h1")?.usedBytes == 300 * Scene.mebibyte)
        scene.sample(["b": 250])
        #expect(scene.core.use(ofHost: "h1")?.usedBytes == 350 * Scene.mebibyte)
        // A reading of another run is ignored.
        scene.sample(["b": 999], epoch: 7)
        #expect(scene.core.use(ofHost: "h1")?.usedBytes == 350 * Scene.mebibyte)
        scene.end("a")
        scene.send(.containerRemoved("a", epoch: 1))
        #expect(scene.core.use(ofHost: "h1")?.usedBytes == 250 * Scene.mebibyte)
        scene.sample(["b": 1], on: "nowhere")
    }

    @Test("A session counts for its lab's profile when its container goes, if it was measured often enough")
    func learning() {
        var scene = Scene.ready()
        func seen() -> Int { scene.core.use(of: .python).sessions }
        scene.run("short")
        for _ in 1..<Limits.samplesOfSession { scene.sample(["short": 700]) }
        scene.end("short")
        scene.send(.containerRemoved("short", epoch: 1))
        #expect(seen() == 0)
        scene.learn(2, mebibytes: 100)
        #expect(seen() == 2)
        let use = scene.core.use(of: .python)
        #expect((100...113).contains((use.memoryP95 ?? 0) / Scene.mebibyte))
        #expect(scene.core.use(of: .rstudio).sessions == 0)
    }

    @Test("A warm seat's readings are its session's once it is claimed, and nobody's when it is given up")
    func warmSeats() {
        var scene = Scene()
        let pool = PoolSpec(key: LabKey(portal: "school", name: "python"), minimum: 1, maximum: 1)
        var lab = Lab.python
        lab.files = .none
        scene.send(.configure(labs: [lab], hosts: [.small("h1")], pools: [pool]))
        scene.listed("h1")
        scene.ready("warm-1", epoch: 0)
        scene.sample(["warm-1": 80])
        #expect(scene.core.use(ofHost: "h1")?.usedBytes == 80 * Scene.mebibyte)
        scene.launch("a")
        #expect(scene.core.session("a")?.warm?.number == 1)
        scene.sample(["warm-1": 90])
        #expect(scene.core.use(of: "a")?.peakMemoryBytes == 90 * Scene.mebibyte)
        scene.end("a")
        scene.send(.containerRemoved("warm-1", epoch: 0))
        #expect(scene.core.use(of: lab).sessions == 1)
        scene.ready("warm-2", epoch: 0)
        for _ in 0..<Limits.samplesOfSession { scene.sample(["warm-2": 80]) }
        scene.send(.configure(labs: [lab], hosts: [.small("h1")]))
        #expect(scene.core.use(of: lab).sessions == 1)
    }

    @Test("Profiles are written at most once in a while, again after a commit that failed, and hold after a restart")
    func writing() {
        var scene = Scene.ready()
        func written() -> [Int] {
            scene.changes.compactMap { if case .profile("python", let profile) = $0 { profile.sessions } else { nil } }
        }
        scene.learn(1, mebibytes: 100)
        scene.sample([:])
        #expect(written() == [1])
        scene.learn(2, mebibytes: 101)
        scene.sample([:])
        #expect(written().isEmpty)
        scene.wait(Limits.profileWriteInterval)
        scene.commits = false
        scene.sample([:])
        #expect(written() == [3])
        scene.core.rollback()
        scene.commits = true
        scene.sample([:])
        #expect(written() == [3])
        guard case .profile(_, let profile)? = scene.changes.last else { return }
        var next = Scene()
        next.send(.configure(labs: [.python], hosts: [.small("h1")]))
        _ = next.core.restore(sessions: [], duties: [:], homes: [], profiles: ["python": profile], at: next.now)
        #expect(next.core.use(of: .python) == scene.core.use(of: .python))
    }

    @Test("A host that goes takes its readings with it")
    func goneHost() {
        var scene = Scene.ready()
        scene.sample([:])
        scene.send(.configure(labs: [.python], hosts: [.small("h2")]))
        #expect(scene.core.measured.seats["h1"] == nil)
    }
}
