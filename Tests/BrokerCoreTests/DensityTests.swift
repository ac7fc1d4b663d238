import Testing

@testable import BrokerCore

@Suite("A seat counts for what is asked, or for what was measured")
struct DensityTests {
    /// Twice the upper bound of the bin that contains 100 MiB.
    private let learned = 2 * 104 * Scene.mebibyte

    @Test(
        "A charge is a share of the 95th percentile, not below the floor, not above what is asked, once it is learned")
    func charge() {
        var profile = UsageProfile()
        let density = Density(policy: .profiled, marginPercent: 150, floorBytes: 200 << 20, sessions: 2)
        #expect(density.charge(asked: 1 << 30, by: nil) == 1 << 30)
        profile.observe(peakMemory: 400 << 20, cpuMillis: nil)
        #expect(density.charge(asked: 1 << 30, by: profile) == 1 << 30)
        profile.observe(peakMemory: 400 << 20, cpuMillis: nil)
        let charge = density.charge(asked: 1 << 30, by: profile)
        #expect(charge >= 600 << 20 && charge < 700 << 20)
        #expect(density.charge(asked: 500 << 20, by: profile) == 500 << 20)
        var small = UsageProfile()
        for _ in 0..<2 { small.observe(peakMemory: 1 << 20, cpuMillis: nil) }
        #expect(density.charge(asked: 1 << 30, by: small) == 200 << 20)
        #expect(density.charge(asked: 100 << 20, by: small) == 100 << 20)
    }

    @Test("Guaranteed: whatever was measured, as many seats as can have all that they ask")
    func guaranteed() {
        var scene = Scene.profiled(density: Density(sessions: 3))
        scene.learn(5, mebibytes: 100)
        scene.fill(10)
        #expect(scene.core.hostStatus("h1")?.seats == 8)
        #expect(scene.core.queueLength == 2)
        #expect(scene.core.use(ofHost: "h1")?.askedBytes == 8 * gibibyte)
        // The safe charge is computed all the same.
        #expect(scene.core.use(ofHost: "h1")!.safeBytes < 2 * gibibyte)
    }

    @Test("Profiled: after enough sessions as many seats as are safe, their charges within the limit")
    func profiled() {
        var scene = Scene.profiled()
        scene.learn(2, mebibytes: 100)
        scene.launch("early")
        #expect(scene.core.session("early")?.charge == gibibyte)
        scene.learn(1, mebibytes: 100)
        scene.fill(50)
        #expect(scene.core.session("s0")?.charge == learned)
        // The first session was charged 1 GiB, so 7 GiB are left.
        #expect(scene.core.hostStatus("h1")?.seats == 1 + Int(7 * gibibyte / learned))
        #expect(scene.core.hostStatus("h1")!.memoryUsedBytes <= 8 * gibibyte)
    }

    @Test("A seat keeps its charge while profile, catalogue and policy change, and after a restart")
    func fixed() {
        var scene = Scene.profiled()
        scene.learn(3, mebibytes: 100)
        scene.run("a")
        let before = scene.core.session("a")
        scene.learn(30, mebibytes: 700)
        scene.configure(Density())
        #expect(scene.core.session("a")?.charge == learned)
        var next = Scene.profiled(density: Density())
        _ = next.core.restore(sessions: [before!], duties: [:], homes: [], at: next.now)
        next.listed("h1", [.running("a")])
        #expect(next.core.hostStatus("h1")?.memoryUsedBytes == learned)
        // A session from before charges were stored is charged what its lab requests.
        var old = before!
        old.charge = 0
        var other = Scene.profiled()
        _ = other.core.restore(sessions: [old], duties: [:], homes: [], at: other.now)
        other.listed("h1", [.running("a")])
        #expect(other.core.hostStatus("h1")?.memoryUsedBytes == gibibyte)
    }

    @Test("Reserved seats count for what is asked: a promise holds however the profile grows")
    func reservations() {
        var scene = Scene.profiled()
        scene.learn(3, mebibytes: 100)
        scene.reserve("r1", seats: 5, after: .zero)
        scene.fill(40)
        #expect(scene.core.session("s0")?.charge == learned)
        // The sessions suddenly use much more, and some of them leave.
        for id: SessionID in ["s0", "s1", "s2", "s3", "s4"] {
            for _ in 0..<Limits.samplesOfSession { scene.sample([id: 200]) }
            scene.end(id)
            scene.send(.containerRemoved(id, epoch: 1))
        }
        #expect(scene.core.use(of: .python).chargeBytes > learned)
        scene.fill(5, context: "course-1", named: "c")
        for number in 0..<5 {
            let id = SessionID(rawValue: "c\(number)")
            #expect(scene.core.session(id)?.charge == gibibyte)
            #expect(scene.host(id) == "h1")
        }
        #expect(scene.core.hostStatus("h1")!.memoryUsedBytes <= 8 * gibibyte)
    }

    @Test("An operator sets the policy of one host, over what the configuration says for all")
    func perHost() {
        var guaranteed = Density.quick
        guaranteed.policy = .guaranteed
        var scene = Scene.profiled(density: guaranteed, hosts: ["h1", "h2"])
        scene.learn(3, mebibytes: 100)
        scene.send(
            .adjustHost(
                host: "h2", HostAdjustment(policy: .profiled), startingOver: false, request: scene.request()))
        #expect(scene.changes.contains(.hostAdjustment(host: "h2", HostAdjustment(policy: .profiled))))
        #expect(scene.core.use(ofHost: "h2")?.policy == .profiled)
        #expect(scene.core.use(ofHost: "h1")?.policy == .guaranteed)
        scene.fill(20)
        for session in scene.core.sessions {
            #expect(session.charge == (session.state.host == "h2" ? learned : gibibyte))
        }
        scene.send(
            .adjustHost(host: "h2", HostAdjustment(), startingOver: true, request: scene.request()))
        #expect(scene.core.use(ofHost: "h2")?.policy == .guaranteed)
    }

    @Test("A lab that asks for more than a host has is never placed there, however little it uses")
    func tooBig() {
        var scene = Scene.profiled()
        scene.learn(3, of: "big", mebibytes: 100)
        scene.send(
            .configure(labs: [.of("big", memory: 9)], hosts: [.small("h1", starts: 40)], density: .quick))
        let actions = scene.launch("a", lab: "big")
        let isRefused = actions.contains { if case .answer(_, .refused(.neverFits)) = $0 { true } else { false } }
        #expect(isRefused)
    }
}
