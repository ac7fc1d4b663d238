import Identity
import Testing

@testable import BrokerCore

@Suite("Warm-up of reservations")
struct WarmUpTests {
    private func scene(
        attachment: HomeAttachment = .possible, lab: String = "quick", percent: Int = 100, seats: Int = 4,
        roster: Set<String> = []
    ) -> Scene {
        var scene = PoolTests.scene(hosts: [.small("h1", slots: 10, memory: 20, starts: 8)], pools: [])
        scene.send(.hostProbed(host: "h1", attachment))
        let terms = ReservationTerms(
            lab: LabKey(portal: "school", name: lab), seats: seats, from: scene.now + .seconds(3600),
            to: scene.now + .seconds(7200), warmPercent: percent, lead: .seconds(1800), noShowAfter: .seconds(600),
            context: "c", roster: roster)
        scene.send(.reserve(terms, newID: "r", request: scene.request()))
        #expect(scene.core.reservation("r")?.missingSeats == 0)
        return scene
    }

    private func readyAll(_ scene: inout Scene) {
        for number in 1...20 { scene.warmReady(Int64(number)) }
    }

    @Test("Seats are warm at the start: they are started from the opening on, as many as the share says")
    func warmsUp() {
        var scene = scene(percent: 60)
        #expect(scene.warmRuns == [])
        scene.wait(.seconds(1799))
        #expect(scene.warmRuns == [])
        scene.wait(.seconds(1))
        readyAll(&scene)
        #expect(scene.readySeats(of: "r") == 3)
    }

    @Test("Learners of the course claim them at once, who is not of it does not, and none is started again for a claim")
    func claims() {
        var scene = scene()
        scene.wait(.seconds(1800))
        readyAll(&scene)
        for number in 1...3 {
            scene.launch(SessionID(rawValue: "s\(number)"), lab: "quick", context: "c")
            #expect(scene.state(SessionID(rawValue: "s\(number)"))?.name == "running")
        }
        scene.launch("x", lab: "quick")
        #expect(scene.state("x")?.name == "starting")
        #expect(scene.core.warmSeats.count { $0.reservation == "r" } == 1)
        #expect(scene.core.reservation("r")?.peakSeats == 3)
        #expect(scene.core.hostStatuses.map(\.seats) == [5])
    }

    @Test("Those that nobody came for go at the no-show time, and with the reservation")
    func noShow() {
        var scene = scene()
        scene.wait(.seconds(1800))
        readyAll(&scene)
        scene.wait(.seconds(2399))
        #expect(scene.readySeats(of: "r") == 4)
        scene.wait(.seconds(1))
        #expect(scene.warmRuns == [])
        var other = self.scene()
        other.wait(.seconds(1800))
        #expect(other.warmRuns != [])
        other.send(.cancelReservation("r", request: other.request()))
        #expect(other.warmRuns == [])
    }

    @Test("Where homes cannot be attached, seats for a roster are started with their own learners' homes")
    func roster() {
        var scene = scene(
            attachment: .impossible(reason: "no"), lab: "python", seats: 2, roster: ["ada", "bob", "cy"])
        scene.wait(.seconds(1800))
        readyAll(&scene)
        #expect(Set(scene.core.warmSeats.compactMap(\.learner)) == ["ada", "bob"])
        scene.launch("a", learner: "ada")
        #expect(scene.state("a")?.name == "running")
        #expect(scene.stories.last?.reason.contains("own files") == true)
        // The others on the roster keep their seats.
        #expect(scene.core.warmSeats.map(\.learner) == ["bob"])
        // Another learner of the roster comes before the last one: the seats are taken, and no warm seat is kept for
        // the absentee.
        scene.launch("c", learner: "cy")
        #expect(scene.state("c")?.name == "starting")
        #expect(scene.warmRuns == [])
    }

    @Test("Where everybody on the roster has a seat, each is started with its learner's home; the rest is the course's")
    func rosterWithSeats() {
        var scene = scene(lab: "python", seats: 3, roster: ["ada", "bob"])
        scene.wait(.seconds(1800))
        readyAll(&scene)
        #expect(scene.core.warmSeats.map(\.learner).sorted { ($0 ?? "~") < ($1 ?? "~") } == ["ada", "bob", nil])
        let own = scene.core.warmSeats.first { $0.learner == "ada" }?.id.run ?? ""
        let actions = scene.launch("a", learner: "ada", lab: "python")
        #expect(scene.state("a")?.name == "running")
        #expect(!actions.contains(.start("a", epoch: 1, host: "h1")))
        #expect(scene.core.warmSeats.count == 2)
        scene.launch("c", learner: "cy", lab: "python", context: "c")
        #expect(scene.stories.last?.reason.contains("mount propagation") == true)
        #expect(scene.core.warmSeats.map(\.learner) == ["bob"])
        scene.ready("c")
        // A learner who returns after an end finds their next seat warm.
        scene.end("a")
        scene.send(.containerRemoved(own, epoch: 0))
        readyAll(&scene)
        #expect(Set(scene.core.warmSeats.compactMap(\.learner)) == ["ada", "bob"])
    }

    @Test("A roster with more learners than warm seats has seats for whoever comes first")
    func rosterWithoutSeats() {
        var scene = scene(lab: "python", percent: 50, seats: 4, roster: ["ada", "bob", "cy"])
        scene.wait(.seconds(1800))
        readyAll(&scene)
        #expect(scene.core.warmSeats.map(\.learner) == [nil, nil])
        scene.launch("c", learner: "cy", lab: "python")
        #expect(scene.state("c") == .starting(host: "h1", step: .attaching, since: scene.now))
    }

    @Test("While what attaches homes is being made again, warm seats stay and can be claimed; where it fails they go")
    func interruption() {
        var scene = scene(lab: "python", percent: 100, seats: 2)
        scene.wait(.seconds(1800))
        readyAll(&scene)
        #expect(scene.readySeats(of: "r") == 2)
        scene.send(.hostProbed(host: "h1", .interrupted(reason: "The keeper was removed.")))
        scene.wait(.seconds(1))
        #expect(scene.readySeats(of: "r") == 2)
        scene.launch("a", context: "c")
        #expect(scene.state("a") == .starting(host: "h1", step: .attaching, since: scene.now))
        scene.send(.hostProbed(host: "h1", .impossible(reason: "no")))
        scene.wait(.seconds(1))
        #expect(scene.readySeats(of: "r") == 0)
    }

    @Test("Where homes cannot be attached and nobody is known, nothing is warm")
    func unknownLearners() {
        var scene = scene(attachment: .impossible(reason: "no"), lab: "python")
        scene.wait(.seconds(1800))
        #expect(scene.warmRuns == [])
        scene.launch("a", context: "c")
        #expect(scene.state("a")?.name == "starting")
    }
}

extension Scene {
    /// The number of ready, unclaimed warm seats of a reservation.
    fileprivate func readySeats(of id: ReservationID) -> Int {
        core.warmSeats.count { seat in
            guard case .ready = seat.state else { return false }
            return seat.reservation == id
        }
    }
}
