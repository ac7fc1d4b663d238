import Identity
import Literals
import Testing
import Words

@testable import BrokerCore

extension PortalUse {
    fileprivate static func of(_ sessions: Int, _ seats: Int, _ memoryBytes: Int64) -> PortalUse {
        var use = PortalUse()
        (use.sessions, use.seats, use.memoryBytes) = (sessions, seats, memoryBytes)
        return use
    }
}

@Suite("The quotas of portals")
struct QuotaTests {
    /// Two portals with the same labs; only the first has a quota.
    private func scene(_ quota: PortalQuota, hosts: [HostSpec] = [.small("h1", slots: 20, memory: 40, starts: 20)])
        -> Scene
    {
        var scene = Scene.ready(hosts: hosts, portals: ["school", "acme"])
        configure(&scene, quota, hosts: hosts)
        return scene
    }

    private func configure(
        _ scene: inout Scene, _ quota: PortalQuota,
        hosts: [HostSpec] = [.small("h1", slots: 20, memory: 40, starts: 20)], pools: [PoolSpec] = []
    ) {
        let labs = [Lab.python, .rstudio, .big]
        scene.send(
            .configure(
                labs: labs + labs.map { $0.of("acme") }, hosts: hosts, freeFloorPercent: 0, pools: pools,
                portals: [PortalSpec(id: "school", quota: quota), PortalSpec(id: "acme")]))
    }

    private func refusal(_ actions: [Action]) -> String? {
        for case .answer(_, .refused(let refusal)) in actions { return refusal.message }
        return nil
    }

    @Test("A portal with all its seats in use waits for its own to leave, and no other portal waits with it")
    func seats() {
        var scene = scene(PortalQuota(seats: 2))
        scene.run("a")
        scene.run("b")
        scene.launch("c")
        #expect(scene.host("c") == nil)
        #expect(scene.core.waiting(of: "c", at: scene.now)?.cause == .portalQuota)
        #expect(scene.core.waiting(of: "c", at: scene.now)?.operatorText.contains("as its quota allows") == true)
        #expect(scene.core.estimate(of: "c", at: scene.now) == nil)
        for id: SessionID in ["x", "y", "z"] {
            scene.launch(id, portal: "acme")
            #expect(scene.host(id) == "h1")
            scene.ready(id)
        }
        #expect(scene.core.use(ofPortal: "school") == PortalUse.of(3, 2, 2 * gibibyte))

        scene.end("a")
        #expect(scene.host("c") == nil)
        scene.send(.containerRemoved("a", epoch: 1))
        #expect(scene.host("c") == "h1")
        #expect(scene.core.use(ofPortal: "school") == PortalUse.of(2, 2, 2 * gibibyte))
    }

    @Test("A portal's memory counts by what its seats are charged, and a smaller lab still fits")
    func memory() {
        var scene = scene(PortalQuota(memoryBytes: 7 * gibibyte))
        scene.run("a", lab: "big")
        scene.launch("b", lab: "big")
        scene.launch("c")
        #expect(scene.host("b") == nil && scene.host("c") == "h1")
        scene.launch("d")
        #expect(scene.host("d") == nil)
        #expect(scene.core.use(ofPortal: "school").memoryBytes == 7 * gibibyte)
    }

    @Test("A placement that uses up a quota frees the host that was held for a larger lab of the same portal")
    func heldHost() {
        let hosts: [HostSpec] = [.small("h1", memory: 6), .small("h2", memory: 1)]
        var scene = Scene.ready(
            hosts: hosts, labs: [.python, .of("medium", memory: 2), .big], portals: ["school", "acme"])
        scene.send(
            .configure(
                labs: Array(scene.core.catalogue.labs.values), hosts: hosts, freeFloorPercent: 0,
                portals: [
                    PortalSpec(id: "school", quota: PortalQuota(memoryBytes: 6 * gibibyte)), PortalSpec(id: "acme"),
                ]))
        scene.send(.cordon(host: "h2", request: scene.request()))
        scene.launch("x", portal: "acme")
        scene.ready("x")
        #expect(scene.host("x") == "h1")
        scene.launch("b", lab: "big")
        scene.launch("p")
        scene.launch("y", lab: "medium", portal: "acme")
        #expect(["b", "p", "y"].allSatisfy { scene.host($0) == nil }, "h1 is held for the large lab")
        scene.send(.uncordon(host: "h2", request: scene.request()))
        #expect(scene.host("p") == "h2")
        #expect(scene.host("b") == nil)
        #expect(scene.host("y") == "h1")
    }

    @Test("A launch beyond the sessions of a portal is refused, whether the others run, wait or are parked")
    func sessions() {
        var scene = scene(PortalQuota(sessions: 2, seats: 1))
        scene.run("a")
        scene.launch("b")
        let refused = scene.launch("c")
        #expect(refusal(refused)?.contains("The portal school has 2 sessions") == true)
        #expect(scene.core.session("c") == nil)
        // The same learner comes back to the session that there is.
        #expect(refusal(scene.launch("other", learner: "a")) == nil)
        scene.end("b")
        #expect(refusal(scene.launch("c")) == nil)
        // One that is over counts again when it is started again.
        #expect(refusal(scene.launch("d")) != nil)
        #expect(scene.core.use(ofPortal: "school").sessions == 2)
    }

    @Test("A quota that is raised lets those in who wait; one that is lowered ends nobody's lab")
    func changes() {
        var scene = scene(PortalQuota(seats: 1))
        scene.run("a")
        scene.launch("b")
        configure(&scene, PortalQuota(seats: 2))
        #expect(scene.host("b") == "h1")
        scene.ready("b")
        configure(&scene, PortalQuota(seats: 1))
        #expect(scene.core.session("a")?.state.name == "running" && scene.core.session("b")?.state.name == "running")
        scene.launch("c")
        #expect(scene.host("c") == nil)
        configure(&scene, PortalQuota())
        #expect(scene.host("c") == "h1")
    }

    @Test("What a step counted is taken back when its commit fails")
    func rollback() {
        var scene = scene(PortalQuota(seats: 1))
        scene.commits = false
        scene.launch("a")
        #expect(scene.core.use(ofPortal: "school").seats == 1)
        scene.core.rollback()
        #expect(scene.core.use(ofPortal: "school") == PortalUse())
        #expect(scene.core.violations(at: scene.now) == [])
    }

    @Test("Reservations beyond the quota are refused, together with those at the same time")
    func reservations() {
        var scene = scene(PortalQuota(seats: 5, memoryBytes: 12 * gibibyte))
        func reserve(_ id: ReservationID, lab: LabKey = "python", seats: Int, in hours: Int) -> String? {
            let terms = ReservationTerms(
                lab: lab, seats: seats, from: scene.now + .seconds(3600 * hours),
                to: scene.now + .seconds(3600 * (hours + 1)), lead: .zero, context: "101")
            return refusal(scene.send(.reserve(terms, newID: id, request: scene.request())))
        }
        #expect(reserve("r1", seats: 6, in: 1)?.contains("6 reserved seats at the same time; its quota is 5") == true)
        #expect(reserve("r2", seats: 3, in: 1) == nil)
        #expect(reserve("r3", seats: 3, in: 1)?.contains("6 reserved seats at the same time") == true)
        #expect(reserve("r4", seats: 3, in: 3) == nil)
        #expect(reserve("r5", lab: "big", seats: 2, in: 1)?.contains("reserved at the same time") == true)
        #expect(reserve("r6", lab: "acme/big", seats: 3, in: 1) == nil)
    }

    @Test("A reserved seat is given although others use up the quota, and they get no further one")
    func reserved() {
        var scene = scene(PortalQuota(seats: 2))
        let terms = ReservationTerms(
            lab: "python", seats: 1, from: scene.now + .seconds(60), to: scene.now + .seconds(3600), warmPercent: 0,
            lead: .zero, context: "101")
        scene.send(.reserve(terms, newID: "r", request: scene.request()))
        scene.run("a")
        scene.run("b")
        scene.wait(.seconds(61))
        scene.launch("c", context: "101")
        #expect(scene.host("c") == "h1" && scene.core.use(ofPortal: "school").seats == 3)
        scene.launch("d")
        #expect(scene.host("d") == nil)
    }

    @Test("A warm seat is not claimed beyond the quota, and pools give nothing up for those who wait for it")
    func warmSeats() {
        let hosts = [HostSpec.small("h1", slots: 20, memory: 40, starts: 20)]
        var scene = scene(PortalQuota(seats: 1), hosts: hosts)
        let files = Lab.python
        var lab = files
        lab.files = .none
        scene.send(
            .configure(
                labs: [lab, lab.of("acme")], hosts: hosts, freeFloorPercent: 0,
                pools: [PoolSpec(key: "school/python", minimum: 2, maximum: 2)],
                portals: [PortalSpec(id: "school", quota: PortalQuota(seats: 1)), PortalSpec(id: "acme")]))
        for seat in scene.core.warmSeats { scene.warmReady(seat.id.number) }
        for seat in scene.core.warmSeats { scene.warmReady(seat.id.number) }
        let before = scene.core.warmSeats.count
        scene.launch("a")
        #expect(scene.core.session("a")?.warm != nil)
        scene.launch("b")
        #expect(scene.host("b") == nil && scene.core.waiting(of: "b", at: scene.now)?.cause == .portalQuota)
        #expect(scene.core.warmSeats.count >= before - 1)
    }
}
