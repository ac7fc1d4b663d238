import Identity
import Testing
import Words

@testable import BrokerCore

@Suite("Portals that the configuration does not have")
struct UnknownPortalTests {
    private static let host = HostSpec.small("h1", slots: 10, memory: 20, starts: 8)

    private func scene() -> Scene { PoolTests.scene(hosts: [Self.host], pools: []) }

    private func configure(_ scene: inout Scene, portals: Set<PortalID>) {
        scene.send(
            .configure(
                labs: portals.sorted().map { Lab.quick.of($0) }, hosts: [Self.host], freeFloorPercent: 0,
                portals: portals.sorted().map { PortalSpec(id: $0) }))
    }

    private func terms(_ portal: PortalID, seats: Int, _ scene: Scene) -> ReservationTerms {
        ReservationTerms(
            lab: LabKey(portal: portal, name: "quick"), seats: seats, from: scene.now + .seconds(3600),
            to: scene.now + .seconds(7200), warmPercent: 100, lead: .seconds(600), noShowAfter: .seconds(600))
    }

    private func refusal(_ actions: [Action]) -> String? {
        for case .answer(_, .refused(let refusal)) in actions { return refusal.message }
        return nil
    }

    @Test("A reservation, a booking and a pool of such a portal are refused, with the portals that there are")
    func refused() {
        var scene = scene()
        configure(&scene, portals: ["school"])
        let terms = terms("elsewhere", seats: 4, scene)
        let reserved = scene.send(.reserve(terms, newID: "r", request: scene.request()))
        #expect(refusal(reserved)?.contains("no portal elsewhere, only school") == true)
        let pool = PoolSpec(key: LabKey(portal: "elsewhere", name: "quick"), minimum: 1, maximum: 1, perHost: 1)
        let set = scene.send(.setPool(pool, request: scene.request()))
        #expect(refusal(set)?.contains("no portal elsewhere") == true)
        #expect(scene.core.reservations.isEmpty && scene.core.poolStatuses(at: scene.now).isEmpty)
        #expect(scene.core.problem(with: self.terms("school", seats: 4, scene), at: scene.now) == nil)
    }

    @Test("What was reserved for a portal that is gone is shown and holds no seats, and has them again when it is back")
    func gone() {
        var scene = scene()
        configure(&scene, portals: ["school", "academy"])
        let old = terms("school", seats: 10, scene)
        scene.send(.reserve(old, newID: "r", request: scene.request()))
        #expect(scene.core.reservation("r")?.missingSeats == 0)

        configure(&scene, portals: ["academy"])
        #expect(scene.core.reservation("r")?.missingSeats == 10)
        scene.send(.reserve(terms("academy", seats: 10, scene), newID: "s", request: scene.request()))
        #expect(scene.core.reservation("s")?.missingSeats == 0)
        scene.wait(.seconds(3000))
        #expect(scene.core.warmSeats.allSatisfy { $0.pool.portal == "academy" })
        #expect(!scene.core.warmSeats.isEmpty)

        scene.send(.cancelReservation("s", request: scene.request()))
        configure(&scene, portals: ["school"])
        #expect(scene.core.reservation("r")?.missingSeats == 0)
    }

    @Test("A pool that an operator set for a portal that is gone is shown with the reason and keeps nothing warm")
    func pool() {
        var scene = scene()
        configure(&scene, portals: ["school"])
        let pool = PoolSpec(key: PoolTests.key, minimum: 2, maximum: 2, perHost: 2)
        scene.send(.setPool(pool, request: scene.request()))
        // One start is left for sessions, so the second warm seat follows the first.
        scene.warmReady(1)
        #expect(scene.core.warmSeats.count == 2)
        configure(&scene, portals: ["academy"])
        for seat in scene.core.warmSeats { scene.warmReady(seat.id.number) }
        scene.wait(.seconds(60))
        let status = scene.core.poolStatuses(at: scene.now).first
        #expect(status?.wanted == 0 && status?.reason?.contains("no portal school") == true)
        #expect(scene.core.warmSeats.isEmpty)
    }
}
