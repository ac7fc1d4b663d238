import Testing

@testable import BrokerCore

@Suite("Reservations when things fail")
struct ReservationFailureTests {
    @Test("Seats of a host that dies go to another one; where there is none, it is degraded before it starts")
    func degraded() {
        var scene = Scene.reserving(hosts: [.small("h1"), .small("h2"), .small("h3")])
        scene.reserve("r1", seats: 8)
        scene.away("h3")
        #expect(scene.core.reservation("r1")?.allocation == ["h1": 4, "h2": 4])
        #expect(scene.core.reservation("r1")?.isDegraded == false)
        scene.away("h2")
        #expect(scene.core.reservation("r1")?.missingSeats == 4)
        #expect(scene.core.reservation("r1")?.isDegraded == true)
        #expect(scene.changes.contains { if case .reservation(let r) = $0 { r.isDegraded } else { false } })
        scene.listed("h3")
        #expect(scene.core.reservation("r1")?.isDegraded == false)
        // A drain, a cordon and a smaller configuration have the same effect.
        scene.send(.cordon(host: "h3", request: scene.request()))
        #expect(scene.core.reservation("r1")?.missingSeats == 4)
        scene.send(.uncordon(host: "h3", request: scene.request()))
        #expect(scene.core.reservation("r1")?.missingSeats == 0)
        scene.send(
            .configure(labs: [.short], hosts: [.small("h1", slots: 2), .small("h3", slots: 2)], freeFloorPercent: 0))
        #expect(scene.core.reservation("r1")?.missingSeats == 4)
    }

    @Test("Where there is not enough for all, earlier reservations go first")
    func earlierFirst() {
        var scene = Scene.reserving()
        scene.reserve("r1", seats: 4)
        scene.now = scene.now + .seconds(1)
        scene.reserve("r2", seats: 4)
        scene.away("h2")
        let (first, second) = (scene.core.reservation("r1")!, scene.core.reservation("r2")!)
        #expect(first.missingSeats + second.missingSeats == 4)
        #expect(first.missingSeats <= second.missingSeats)
    }

    @Test("Slots that are lowered below what is promised beside the people who are there degrade a reservation")
    func loweredSlots() {
        var scene = Scene.reserving(hosts: [.small("h1")], labs: [.of("python", lifetime: .seconds(36_000))])
        for id: SessionID in ["a", "b"] { scene.run(id) }
        #expect(scene.reserve("r1", seats: 2) == .reservation("r1"))
        scene.send(
            .configure(
                labs: [.of("python", lifetime: .seconds(36_000))], hosts: [.small("h1", slots: 3)], freeFloorPercent: 0)
        )
        #expect(scene.core.reservation("r1")?.missingSeats == 1)
    }

    @Test("After a commit that failed, neither the reservation nor the claim was ever there")
    func rolledBack() {
        var scene = Scene.reserving()
        scene.commits = false
        scene.reserve("r1", seats: 8)
        scene.core.rollback()
        #expect(scene.core.reservation("r1") == nil && scene.core.nextDeadline == nil)
        #expect(
            scene.core.hosts.allSatisfy { $0.held == CapacityCurve() || scene.core.seating.stale.contains($0.name) })
        scene.reserve("r1", seats: 8)
        scene.core.confirm()
        scene.commits = true
        scene.wait(.seconds(3000))
        scene.commits = false
        scene.launch("a", context: "course-1")
        #expect(scene.core.claimCount(of: "r1") == 1)
        scene.core.rollback()
        #expect(scene.core.claimCount(of: "r1") == 0)
        scene.send(.cancelReservation("r1", request: scene.request()))
        scene.core.rollback()
        #expect(scene.core.reservation("r1")?.phase == .booked)
    }

    @Test("A restart loses neither reservations nor claims")
    func restart() {
        var scene = Scene.reserving()
        scene.reserve("r1", seats: 8)
        scene.wait(.seconds(3000))
        scene.launch("a", context: "course-1")
        scene.ready("a")
        let stored = scene.core.reservation("r1")!
        var again = Scene()
        again.now = scene.now + .seconds(60)
        _ = again.core.restore(
            sessions: [scene.core.session("a")!], duties: [:], homes: [], reservations: [stored],
            claims: [Claim(reservation: "r1", learner: "a")], at: again.now)
        again.send(
            .configure(
                labs: [.short], hosts: [.small("h1", starts: 4), .small("h2", starts: 4)], freeFloorPercent: 0))
        #expect(again.core.reservation("r1") == stored)
        for host in ["h1", "h2"] { again.listed(host, host == again.host("a") ? [.running("a")] : []) }
        for index in 1...8 { again.launch(SessionID(rawValue: "b\(index)"), context: "course-1") }
        #expect(again.core.claimCount(of: "r1") == 8)
        #expect(again.core.session("b8")?.reservation == nil)
        #expect(again.core.hostStatuses.map(\.seats).reduce(0, +) == 8 || again.core.queueLength > 0)
    }

    @Test("One whose time passed while the broker was away is closed at once")
    func passedWhileAway() {
        var scene = Scene.reserving()
        scene.reserve("r1", seats: 8)
        let stored = scene.core.reservation("r1")!
        var again = Scene()
        again.now = stored.terms.endsAt + .seconds(60)
        _ = again.core.restore(sessions: [], duties: [:], homes: [], reservations: [stored], at: again.now)
        again.send(.configure(labs: [.short], hosts: [.small("h1")], freeFloorPercent: 0))
        #expect(again.core.reservation("r1") == nil)
        #expect(again.changes.contains { if case .reservation(let r) = $0 { r.phase == .over } else { false } })
    }
}
