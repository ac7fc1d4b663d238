import Testing

@testable import BrokerCore

@Suite("Seats of a cohort on other hosts than those that promise them")
struct SeatsElsewhereTests {
    @Test("A seat that was left elsewhere is promised again where there is room, not where somebody sits by now")
    func leftElsewhere() {
        let lab = Lab.of("python", idle: .seconds(100_000), lifetime: .seconds(1500))
        let hosts: [HostSpec] = [.small("h1", starts: 4), .small("h2", starts: 4)]
        var scene = Scene(sharedHomes: false)
        scene.send(.configure(labs: [lab], hosts: hosts, freeFloorPercent: 0))
        for host in hosts { scene.listed(host.name) }
        // Ann's files are on h1, Xaver's on h2.
        scene.run("a", learner: "ann")
        scene.run("x", learner: "xaver")
        #expect(scene.host("a") == "h1" && scene.host("x") == "h2")
        for id: SessionID in ["a", "x"] {
            scene.end(id)
            scene.send(.containerRemoved(id, epoch: 1))
        }
        // All four seats are promised on h2.
        scene.send(.cordon(host: "h1", request: scene.request()))
        let terms = ReservationTerms(
            lab: "school/python", seats: 4, from: scene.now + .seconds(3600),
            to: scene.now + .seconds(7200), lead: .seconds(600), context: "course-1")
        scene.send(.reserve(terms, newID: "r1", request: scene.request()))
        scene.send(.uncordon(host: "h1", request: scene.request()))
        #expect(scene.core.reservation("r1")?.allocation == ["h2": 4])

        // Ann's seat is on h1, so h2 holds three, and Xaver gets the fourth.
        scene.wait(.seconds(3000))
        scene.launch("b", learner: "ann", context: "course-1")
        scene.launch("y", learner: "xaver")
        #expect(scene.host("b") == "h1" && scene.host("y") == "h2")
        #expect(scene.core.reservation("r1")?.allocation == ["h2": 4])

        // She leaves, and may come back later: her seat can no longer be on h2.
        scene.end("b")
        scene.send(.containerRemoved("b", epoch: 1))
        #expect(scene.core.reservation("r1")?.allocation == ["h1": 1, "h2": 3])
        #expect(scene.core.brokenPromises(at: scene.now) == [])
    }

    @Test("Who waits for a seat on a host that is silent gets one where another lab of theirs has just bound them to")
    func boundElsewhere() {
        var scene = Scene(sharedHomes: false)
        scene.send(
            .configure(labs: [.python, .rstudio], hosts: [.small("h1"), .small("h2")], freeFloorPercent: 0))
        scene.listed("h1")
        scene.listed("h2")
        scene.send(.cordon(host: "h1", request: scene.request()))
        let terms = ReservationTerms(
            lab: "school/rstudio", seats: 1, from: scene.now + .seconds(60),
            to: scene.now + .seconds(7200), lead: .seconds(60), context: "course-1")
        scene.send(.reserve(terms, newID: "r1", request: scene.request()))
        scene.send(.uncordon(host: "h1", request: scene.request()))
        scene.silent("h2")
        scene.launch("a", learner: "ann", lab: "rstudio", context: "course-1")
        #expect(scene.state("a")?.name == "queued")
        scene.launch("b", learner: "ann", lab: "python")
        #expect(scene.host("b") == "h1" && scene.host("a") == "h1")
    }
}
