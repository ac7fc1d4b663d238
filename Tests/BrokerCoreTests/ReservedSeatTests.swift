import Testing
import Words

@testable import BrokerCore

@Suite("Reserved seats")
struct ReservedSeatTests {
    @Test("Learners of the context, or on the roster, get their seats by themselves, before everybody else")
    func cohort() {
        var scene = Scene.reserving()
        scene.reserve("r1", seats: 8, roster: ["ann"])
        scene.wait(.seconds(3000))
        for index in 1...4 { scene.launch(SessionID(rawValue: "x\(index)"), learner: "other\(index)") }
        #expect(scene.core.queueLength == 4)
        scene.launch("a", learner: "ann")
        scene.launch("b", learner: "bob", context: "course-1")
        scene.launch("c", learner: "cas", context: "course-2")
        #expect(scene.host("a") != nil && scene.host("b") != nil && scene.host("c") == nil)
        #expect(scene.core.session("a")?.reservation == "r1" && scene.core.session("c")?.reservation == nil)
        #expect(scene.core.claimCount(of: "r1") == 2)
        #expect(scene.stories.isEmpty == false)
    }

    @Test("A waiting cohort is before everybody else in the queue, and told that its seat is reserved")
    func cohortFirst() {
        var scene = Scene.reserving(hosts: [.small("h1", starts: 1)], labs: [.short])
        scene.reserve("r1", seats: 4)
        scene.wait(.seconds(3000))
        scene.launch("x", learner: "other")
        for id: SessionID in ["a", "b"] { scene.launch(id, context: "course-1") }
        #expect(scene.host("a") == "h1")
        #expect(["b", "x"].map { scene.core.queuePosition(of: $0) } == [1, 2])
        #expect(scene.core.queueLength == 2)
        #expect(scene.core.explanation(of: "b", at: scene.now)?.hasPrefix("A seat is reserved") == true)
        scene.ready("a")
        #expect(scene.host("b") == "h1" && scene.host("x") == nil)
    }

    @Test("A seat stays its learner's: a relaunch takes the same one, and nobody else's")
    func seatReuse() {
        var scene = Scene.reserving()
        scene.reserve("r1", seats: 8)
        scene.wait(.seconds(3000))
        for index in 1...8 {
            scene.launch(SessionID(rawValue: "a\(index)"), context: "course-1")
            scene.ready(SessionID(rawValue: "a\(index)"))
        }
        scene.end("a1")
        let ended = scene.core.session("a1")!
        scene.send(.containerRemoved("a1", epoch: 1))
        scene.launch("b", context: "course-1")
        #expect(scene.state("b")?.name == "queued")
        #expect(scene.stories.last?.reason.contains("All 8 seats reserved for this course are claimed") == true)
        var over = ended
        over.state = .ended(reason: .learnerEnded, at: scene.now)
        scene.core.adopt(over)
        scene.launch("zz", learner: "a1", context: "course-1")
        #expect(scene.host("a1") != nil)
        #expect(scene.core.claimCount(of: "r1") == 8)
    }

    @Test("Who waits already when it opens gets their seat then")
    func opensForThoseWhoWait() {
        var scene = Scene.reserving()
        scene.reserve("r1", seats: 8)
        scene.wait(.seconds(2900))
        scene.launch("a", context: "course-1")
        #expect(scene.state("a")?.name == "queued")
        scene.wait(.seconds(100))
        #expect(scene.host("a") != nil)
        #expect(scene.core.session("a")?.reservation == "r1")
    }

    @Test("At the end nothing new is granted; sessions go on as long as the overrun, and no longer")
    func end() {
        var scene = Scene.reserving()
        scene.reserve("r1", seats: 8, overrun: .seconds(600))
        scene.wait(.seconds(3600 + 7200 - 60))
        scene.launch("a", context: "course-1")
        scene.ready("a")
        scene.wait(.seconds(60))
        #expect(scene.core.reservation("r1")?.phase == .closed)
        scene.launch("b", context: "course-1")
        #expect(scene.core.session("b")?.reservation == nil)
        scene.send(.activity(["a": scene.now]))
        scene.wait(.seconds(599))
        #expect(scene.state("a")?.name == "running")
        scene.wait(.seconds(1))
        #expect(isEndedByItsReservation(scene.state("a")))
        scene.send(.containerRemoved("a", epoch: 1))
        scene.wait(Limits.overrunRecheckDelay)
        #expect(scene.core.reservation("r1") == nil)
        #expect(scene.core.claims.isEmpty)
    }

    @Test("A start of a cohort that fails after its end waits with everybody else")
    func failsAfterTheEnd() {
        var scene = Scene.reserving()
        scene.reserve("r1", seats: 8, overrun: .seconds(600))
        scene.wait(.seconds(3600 + 7200 - 60))
        scene.launch("a", context: "course-1")
        #expect(scene.core.session("a")?.reservation == "r1")
        scene.wait(.seconds(90))
        scene.send(.startFailed("a", epoch: 1, .engine("full")))
        #expect(scene.core.session("a")?.reservation == nil)
    }

    @Test("A lab that is not ready when the overrun is over is ended, and its seat is free once its container is gone")
    func startsUntilTheEnd() {
        var scene = Scene.reserving()
        scene.reserve("r1", seats: 8, overrun: .seconds(60))
        scene.wait(.seconds(3600 + 7200 - 60))
        scene.launch("a", context: "course-1")
        scene.wait(.seconds(119))
        #expect(scene.state("a")?.name == "starting")
        scene.wait(.seconds(1))
        #expect(isEndedByItsReservation(scene.state("a")))
        #expect(scene.core.seating.used["r1"] != nil, "its container is still there")
        scene.send(.containerRemoved("a", epoch: 1))
        scene.wait(Limits.overrunRecheckDelay)
        #expect(scene.core.reservation("r1") == nil)
    }

    @Test("A learner whose files are on a full host takes their seat from another host's")
    func boundElsewhere() {
        var scene = Scene.reserving(sharedHomes: false)
        scene.run("a", learner: "ann")
        let home = scene.host("a")!
        scene.end("a")
        scene.send(.containerRemoved("a", epoch: 1))
        scene.reserve("r1", seats: 4)
        scene.send(.cordon(host: home == "h1" ? "h2" : "h1", request: scene.request()))
        scene.send(.uncordon(host: home == "h1" ? "h2" : "h1", request: scene.request()))
        scene.wait(.seconds(3000))
        scene.launch("b", learner: "ann", context: "course-1")
        #expect(scene.host("b") == home)
        let held = scene.core.hosts.map { $0.held.load(at: scene.now).seats }.reduce(0, +)
        #expect(held == 3)
    }

    private func isEndedByItsReservation(_ state: SessionState?) -> Bool {
        if case .ending(_, .reservationOver, _)? = state { true } else { false }
    }
}
