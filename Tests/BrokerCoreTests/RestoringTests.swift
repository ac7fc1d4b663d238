import Testing

@testable import BrokerCore

@Suite("Restoring into a core that knows its configuration")
struct RestoringTests {
    private func scene(labs: [Lab], hosts: [HostSpec]) -> Scene {
        var scene = Scene()
        scene.send(.configure(labs: labs, hosts: hosts, freeFloorPercent: 0))
        return scene
    }

    @Test("A lab that runs without being in the catalogue any more ends at once: nothing says how long it may go on")
    func unknownLab() {
        var scene = scene(labs: [.rstudio], hosts: [.small("h1")])
        let running = Session(
            id: "a", learner: .named("ann"), lab: "python", epoch: 1,
            state: .running(host: "h1", endpoint: .of("a"), since: scene.now - .seconds(60)),
            createdAt: scene.now - .seconds(90), lastActivityAt: scene.now)
        _ = scene.core.restore(sessions: [running], duties: [:], homes: [], at: scene.now)
        #expect(scene.core.nextDeadline.map { $0 <= scene.now } == true)
        // Even a listing that arrives first does not postpone it.
        scene.commits = false
        scene.listed("h1", [.running("a")])
        #expect(scene.core.nextDeadline.map { $0 <= scene.now } == true)
        scene.commits = true
        scene.send(.tick)
        #expect(
            scene.state("a") == .ending(host: "h1", reason: .removed(what: "the lab python"), since: scene.now))
    }

    @Test("Seats promised on a host that is gone are promised elsewhere, even if the first commit fails")
    func firstCommitFails() {
        var scene = scene(labs: [.python], hosts: [.small("h2")])
        scene.listed("h2")
        let terms = ReservationTerms(
            lab: "school/python", seats: 2, from: scene.now + .seconds(3600),
            to: scene.now + .seconds(7200), context: "course-1")
        let reservation = Reservation(
            id: "r1", terms: terms, phase: .booked, createdAt: scene.now, allocation: ["h1": 2])
        _ = scene.core.restore(
            sessions: [], duties: [:], homes: [], reservations: [reservation], at: scene.now)
        scene.commits = false
        scene.send(.tick)
        #expect(scene.core.reservation("r1")?.allocation == ["h2": 2])
        scene.core.rollback()
        #expect(scene.core.reservation("r1")?.allocation == ["h1": 2])
        scene.commits = true
        scene.send(.tick)
        #expect(scene.core.reservation("r1")?.allocation == ["h2": 2])
    }

    @Test("After the clock was set back, what a reservation is near to is found out again, both ways")
    func clockSetBack() {
        let short = Lab.of("python", idle: .seconds(100_000), lifetime: .seconds(1500))
        var scene = scene(labs: [short], hosts: [.small("h1")])
        scene.listed("h1")
        let terms = ReservationTerms(
            lab: "school/python", seats: 4, from: scene.now + .seconds(3600),
            to: scene.now + .seconds(7200), lead: .seconds(600), context: "course-1")
        scene.send(.reserve(terms, newID: "r1", request: scene.request()))
        // This close to the reservation, a lab that may live for 25 minutes has to wait.
        scene.wait(.seconds(2000))
        scene.launch("a")
        #expect(scene.state("a")?.name == "queued")
        scene.now = scene.now - .seconds(2000)
        scene.send(.tick)
        #expect(scene.host("a") == "h1")
        // The same happens when it comes close again.
        scene.wait(.seconds(2000))
        scene.launch("b")
        #expect(scene.state("b")?.name == "queued")
    }
}
