import Testing
import Words

@testable import BrokerCore

@Suite("No-shows")
struct NoShowTests {
    /// A class of eight on all eight seats, in an hour; learners who have not come half an hour after the start are
    /// no-shows.
    private func scene(seats: Int = 8, hosts: [HostSpec] = [.small("h1", starts: 4), .small("h2", starts: 4)]) -> Scene
    {
        var scene = Scene.reserving(hosts: hosts, labs: [.of("python", idle: .seconds(50_000))])
        scene.reserve("r1", seats: seats, noShowAfter: .seconds(1800))
        return scene
    }

    private func held(_ scene: Scene) -> Int { scene.core.hosts.map { $0.held.load(at: scene.now).seats }.reduce(0, +) }

    @Test(
        "Seats that nobody has claimed by the no-show time go to those who wait; those of learners who came stay theirs"
    )
    func released() {
        var scene = scene()
        scene.wait(.seconds(3600))
        for id: SessionID in ["a", "b", "c"] {
            scene.launch(id, context: "course-1")
            scene.ready(id)
        }
        for index in 1...6 { scene.launch(SessionID(rawValue: "x\(index)")) }
        scene.wait(.seconds(1799))
        #expect(scene.core.reservation("r1")?.released == nil && scene.core.queueLength == 6)
        #expect(held(scene) == 5)
        scene.wait(.seconds(1))
        #expect(scene.core.reservation("r1")?.released == 5)
        #expect(scene.core.reservation("r1")?.missingSeats == 0)
        #expect(scene.core.reservation("r1")?.peakSeats == 3)
        #expect(scene.changes.contains { if case .reservation(let r) = $0 { r.released == 5 } else { false } })
        for index in 1...5 { scene.ready(SessionID(rawValue: "x\(index)")) }
        #expect(held(scene) == 0 && scene.core.queueLength == 1)
        #expect(scene.host("x5") != nil && scene.host("x6") == nil)
    }

    @Test("Who claimed a seat and went away still has it after the no-show time")
    func claimedAndAway() {
        var scene = scene(seats: 2, hosts: [.small("h1", slots: 2)])
        scene.wait(.seconds(3600))
        scene.launch("a", context: "course-1")
        scene.ready("a")
        scene.end("a")
        let ended = scene.core.session("a")!
        scene.send(.containerRemoved("a", epoch: 1))
        scene.wait(.seconds(1800))
        #expect(scene.core.reservation("r1")?.released == 1 && held(scene) == 1)
        for id: SessionID in ["x1", "x2"] { scene.launch(id) }
        #expect(scene.host("x1") != nil && scene.host("x2") == nil)
        var over = ended
        over.state = .ended(reason: .learnerEnded, at: scene.now)
        scene.core.adopt(over)
        scene.launch("zz", learner: "a", context: "course-1")
        #expect(scene.host("a") == "h1")
    }

    @Test("Who comes after the no-show time has no seat waiting, but is before everybody else")
    func late() {
        var scene = scene(seats: 4, hosts: [.small("h1")])
        scene.wait(.seconds(3600 + 1800))
        #expect(scene.core.reservation("r1")?.released == 4)
        for index in 1...5 {
            scene.launch(SessionID(rawValue: "x\(index)"))
            scene.ready(SessionID(rawValue: "x\(index)"))
        }
        scene.launch("late", context: "course-1")
        #expect(scene.stories.last?.reason.contains("after the no-show time") == true)
        #expect(["late", "x5"].map { scene.core.queuePosition(of: $0) } == [1, 2])
        #expect(scene.core.explanation(of: "late", at: scene.now)?.hasPrefix("Waiting for the first free seat") == true)
        scene.end("x1")
        scene.send(.containerRemoved("x1", epoch: 1))
        #expect(scene.host("late") == "h1" && scene.host("x5") == nil)
        #expect(scene.core.claimCount(of: "r1") == 1)
    }

    @Test("What no-shows leave can be reserved by others")
    func reservable() {
        var scene = scene()
        scene.wait(.seconds(3600))
        scene.launch("a", context: "course-1")
        scene.ready("a")
        guard case .refused(.noSeats) = scene.reserve("r2", seats: 7, after: .seconds(601)) else {
            Issue.record("admitted beside a class")
            return
        }
        scene.wait(.seconds(1800))
        #expect(scene.reserve("r2", seats: 7, after: .seconds(601)) == .reservation("r2"))
    }

    @Test("A degraded reservation finds seats that no-shows leave")
    func heals() {
        var scene = scene(seats: 4, hosts: [.small("h1"), .small("h2")])
        scene.reserve("r2", seats: 4)
        scene.away("h2")
        #expect([ReservationID("r1"), "r2"].map { scene.core.reservation($0)?.missingSeats ?? 0 }.reduce(0, +) == 4)
        scene.wait(.seconds(3600 + 1800))
        #expect(scene.core.reservation("r1")?.released == 4)
        #expect(scene.core.reservation("r2")?.missingSeats == 0)
    }

    @Test("A no-show time after the end never comes; one of zero comes at the start")
    func extremes() {
        var scene = Scene.reserving()
        scene.reserve("r1", seats: 2, noShowAfter: .seconds(7200))
        scene.reserve("r2", seats: 2, noShowAfter: .zero)
        scene.wait(.seconds(3600))
        #expect(scene.core.reservation("r2")?.released == 2)
        scene.wait(.seconds(7199))
        #expect(scene.core.reservation("r1")?.released == nil)
        let changes = { (scene: inout Scene) in
            scene.wait(.seconds(1))
            return scene.changes
        }(&scene)
        let closed = changes.compactMap { if case .reservation(let r) = $0, r.id == "r1" { r } else { nil } }
        #expect(closed.map(\.phase) == [.closed, .over] && closed.allSatisfy { $0.released == nil })
    }

    @Test("Of a reservation that is made after its start the no-show time counts from then")
    func madeLate() {
        var scene = Scene.reserving()
        scene.reserve("r1", seats: 2, after: .seconds(-3600), noShowAfter: .seconds(1800))
        #expect(scene.core.reservation("r1")?.released == nil && held(scene) == 2)
        scene.wait(.seconds(1799))
        #expect(scene.core.reservation("r1")?.released == nil)
        scene.wait(.seconds(1))
        #expect(scene.core.reservation("r1")?.released == 2 && held(scene) == 0)
        scene.reserve("r2", seats: 2, after: .seconds(-3600), noShowAfter: .zero)
        scene.send(.tick)
        #expect(scene.core.reservation("r2")?.released == 2)
    }

    @Test("After a restart no-shows are released once, and the peak goes on from what is stored")
    func restart() {
        var scene = scene()
        scene.wait(.seconds(3600 + 1700))
        scene.launch("a", context: "course-1")
        scene.ready("a")
        let stored = scene.core.reservation("r1")!
        var again = Scene()
        again.now = scene.now + .seconds(200)
        _ = again.core.restore(
            sessions: [scene.core.session("a")!], duties: [:], homes: [], reservations: [stored],
            claims: [Claim(reservation: "r1", learner: "a")], at: again.now)
        again.send(.configure(labs: [.python], hosts: [.small("h1"), .small("h2")], freeFloorPercent: 0))
        #expect(again.core.reservation("r1")?.released == 7)
        #expect(again.core.reservation("r1")?.peakSeats == 1)
        again.wait(.seconds(10))
        #expect(!again.changes.contains { if case .reservation = $0 { true } else { false } })
    }
}
