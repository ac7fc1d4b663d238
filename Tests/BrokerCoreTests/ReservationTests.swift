import Testing

@testable import BrokerCore

@Suite("Reservations")
struct ReservationTests {
    /// Two hosts of four slots without a free floor; a class of `seats` from in an hour for two hours.
    private func scene(
        hosts: [HostSpec] = [.small("h1", starts: 4), .small("h2", starts: 4)], labs: [Lab] = [.short, .rstudio],
        sharedHomes: Bool = true, freeFloorPercent: Int = 0
    ) -> Scene {
        var scene = Scene(sharedHomes: sharedHomes)
        scene.send(.configure(labs: labs, hosts: hosts, freeFloorPercent: freeFloorPercent))
        for host in hosts { scene.send(.hostListed(host: host.name, containers: [])) }
        return scene
    }

    @Test("Seats are admitted up to the capacity, and a refusal names the worst moment and the next free time")
    func admission() {
        var scene = scene()
        #expect(scene.reserve("r1", seats: 6) == .reservation("r1"))
        #expect(scene.core.reservation("r1")?.allocation == ["h1": 3, "h2": 3])
        guard case .refused(.noSeats(let conflict)) = scene.reserve("r2", seats: 3, after: .seconds(5400)) else {
            Issue.record("admitted")
            return
        }
        let first = scene.core.reservation("r1")!.terms
        #expect(conflict.wanted == 3 && conflict.free == 2)
        #expect(conflict.others == ["r1"])
        #expect(
            conflict.peakAt >= scene.terms(seats: 3, after: .seconds(5400)).opensAt && conflict.peakAt < first.endsAt)
        #expect(conflict.nextFree == first.endsAt + .seconds(600))
        #expect(conflict.message.contains("Only 2 of 3 seats") && conflict.message.contains("r1"))
        // And at that time it is admitted.
        #expect(scene.reserve("r2", seats: 3, after: conflict.nextFree! - scene.now) == .reservation("r2"))
    }

    @Test("The free floor is never reserved")
    func freeFloor() {
        var scene = scene(freeFloorPercent: 25)
        guard case .refused(.noSeats(let conflict)) = scene.reserve("r1", seats: 7) else {
            Issue.record("admitted")
            return
        }
        #expect(conflict.free == 6)
        #expect(scene.reserve("r1", seats: 6) == .reservation("r1"))
    }

    @Test("The overrun of one counts against the admission of the next")
    func overrunCounts() {
        var scene = scene()
        #expect(scene.reserve("r1", seats: 8, overrun: .seconds(1800)) == .reservation("r1"))
        let end = Duration.seconds(3600 + 7200 + 600)
        guard case .refused(.noSeats) = scene.reserve("r2", seats: 1, after: end) else {
            Issue.record("admitted into the overrun")
            return
        }
        #expect(scene.reserve("r2", seats: 1, after: end + .seconds(1800)) == .reservation("r2"))
    }

    @Test("Sessions that may still run when it opens are in the way of an admission")
    func lastingSessions() {
        var scene = scene(labs: [.of("python", lifetime: .seconds(36_000))])
        scene.run("a")
        guard case .refused(.noSeats(let conflict)) = scene.reserve("r1", seats: 8) else {
            Issue.record("admitted")
            return
        }
        #expect(conflict.free == 7)
        #expect(conflict.nextFree == scene.now + .seconds(36_000 + 600))
        #expect(scene.reserve("r1", seats: 8, after: .seconds(36_600)) == .reservation("r1"))
    }

    @Test("Before the start only those start who must end in time; the others wait")
    func backfill() {
        var scene = scene(labs: [.short, .of("long", lifetime: .seconds(36_000))])
        #expect(scene.reserve("r1", seats: 8) == .reservation("r1"))
        scene.launch("a")
        #expect(scene.host("a") != nil)
        scene.launch("b", lab: "long")
        #expect(scene.state("b")?.name == "queued")
        // Half an hour before it opens, not even the short one would end in time.
        scene.wait(.seconds(2000))
        scene.launch("c")
        #expect(scene.state("c")?.name == "queued")
        // A cancellation gives the seats to those who wait.
        scene.send(.cancelReservation("r1", request: scene.request()))
        #expect(scene.host("b") != nil && scene.host("c") != nil)
    }

    @Test("What is not guaranteed may be used by anybody, at any time")
    func unreservedSeats() {
        var scene = scene(labs: [.of("python", lifetime: .seconds(36_000))])
        scene.reserve("r1", seats: 6)
        for id: SessionID in ["a", "b", "c"] { scene.run(id) }
        #expect(["a", "b", "c"].map { scene.state($0)?.name } == ["running", "running", "queued"])
    }

    @Test("Learners of the context, or on the roster, get their seats by themselves, before everybody else")
    func cohort() {
        var scene = scene()
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
        var scene = scene(hosts: [.small("h1", starts: 1)], labs: [.short])
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
        var scene = scene()
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
        var scene = scene()
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
        var scene = scene()
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
        guard case .ending(_, .reservationOver, _)? = scene.state("a") else {
            Issue.record("it goes on")
            return
        }
        scene.send(.containerRemoved("a", epoch: 1))
        scene.wait(Limits.overrunRecheckDelay)
        #expect(scene.core.reservation("r1") == nil)
        #expect(scene.core.claims.isEmpty)
    }

    @Test("Seats of a host that dies go to another one; where there is none, it is degraded before it starts")
    func degraded() {
        var scene = scene(hosts: [.small("h1"), .small("h2"), .small("h3")])
        scene.reserve("r1", seats: 8)
        scene.lost("h3")
        #expect(scene.core.reservation("r1")?.allocation == ["h1": 4, "h2": 4])
        #expect(scene.core.reservation("r1")?.isDegraded == false)
        scene.lost("h2")
        #expect(scene.core.reservation("r1")?.missingSeats == 4)
        #expect(scene.core.reservation("r1")?.isDegraded == true)
        #expect(scene.changes.contains { if case .reservation(let r) = $0 { r.isDegraded } else { false } })
        scene.listed("h3")
        #expect(scene.core.reservation("r1")?.isDegraded == false)
        // A drain, a cordon and a smaller configuration do the same.
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
        var scene = scene()
        scene.reserve("r1", seats: 4)
        scene.now = scene.now + .seconds(1)
        scene.reserve("r2", seats: 4)
        scene.lost("h2")
        let (first, second) = (scene.core.reservation("r1")!, scene.core.reservation("r2")!)
        #expect(first.missingSeats + second.missingSeats == 4)
        #expect(first.missingSeats <= second.missingSeats)
    }

    @Test("A start of a cohort that fails after its end waits with everybody else")
    func failsAfterTheEnd() {
        var scene = scene()
        scene.reserve("r1", seats: 8, overrun: .seconds(600))
        scene.wait(.seconds(3600 + 7200 - 60))
        scene.launch("a", context: "course-1")
        #expect(scene.core.session("a")?.reservation == "r1")
        scene.wait(.seconds(90))
        scene.send(.startFailed("a", epoch: 1, .engine("full")))
        #expect(scene.core.session("a")?.reservation == nil)
    }

    @Test("After a commit that failed, neither the reservation nor the claim was ever there")
    func rolledBack() {
        var scene = scene()
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

    @Test("People may sit on the free floor without costing a reservation anything")
    func peopleOnTheFloor() {
        var scene = scene(labs: [.of("python", lifetime: .seconds(36_000))], freeFloorPercent: 50)
        for id: SessionID in ["a", "b", "c", "d"] { scene.run(id) }
        #expect(scene.reserve("r1", seats: 4) == .reservation("r1"))
        scene.launch("e")
        #expect(scene.state("e")?.name == "queued")
        scene.send(.cordon(host: "h2", request: scene.request()))
        #expect(scene.core.reservation("r1")?.missingSeats == 2)
    }

    @Test("Slots that are lowered below what is promised beside the people who are there degrade a reservation")
    func loweredSlots() {
        var scene = scene(hosts: [.small("h1")], labs: [.of("python", lifetime: .seconds(36_000))])
        for id: SessionID in ["a", "b"] { scene.run(id) }
        #expect(scene.reserve("r1", seats: 2) == .reservation("r1"))
        scene.send(
            .configure(
                labs: [.of("python", lifetime: .seconds(36_000))], hosts: [.small("h1", slots: 3)], freeFloorPercent: 0)
        )
        #expect(scene.core.reservation("r1")?.missingSeats == 1)
    }

    @Test("A restart loses neither reservations nor claims")
    func restart() {
        var scene = scene()
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
        var scene = scene()
        scene.reserve("r1", seats: 8)
        let stored = scene.core.reservation("r1")!
        var again = Scene()
        again.now = stored.terms.endsAt + .seconds(60)
        _ = again.core.restore(sessions: [], duties: [:], homes: [], reservations: [stored], at: again.now)
        again.send(.configure(labs: [.short], hosts: [.small("h1")], freeFloorPercent: 0))
        #expect(again.core.reservation("r1") == nil)
        #expect(again.changes.contains { if case .reservation(let r) = $0 { r.phase == .over } else { false } })
    }

    @Test("A learner whose files are on a full host takes their seat from another host's")
    func boundElsewhere() {
        var scene = scene(sharedHomes: false)
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

    @Test("Terms that make no sense are refused with words")
    func badTerms() {
        var scene = scene()
        func refused(_ change: (inout ReservationTerms) -> Void) -> Bool {
            var terms = scene.terms(seats: 1)
            change(&terms)
            let actions = scene.send(.reserve(terms, newID: "r9", request: scene.request()))
            guard case .answer(_, .refused(.badTerms(let words)))? = actions.first else { return false }
            return !words.isEmpty
        }
        #expect(refused { $0.seats = 0 })
        #expect(refused { $0.seats = Limits.reservationSeats + 1 })
        #expect(refused { $0.to = $0.from })
        #expect(
            refused {
                $0.from = $0.from - .seconds(90_000)
                $0.to = $0.to - .seconds(90_000)
            })
        #expect(
            refused {
                $0.from = $0.from + Limits.reservationHorizon
                $0.to = $0.to + Limits.reservationHorizon
            })
        #expect(refused { $0.to = $0.from + Limits.reservationLength })
        #expect(refused { $0.lead = Limits.reservationMargin + .seconds(1) })
        #expect(refused { $0.overrun = .seconds(-1) })
        #expect(refused { $0.warmPercent = 101 })
        #expect(refused { $0.roster = Set((0...Limits.rosterLength).map(String.init)) })
        scene.send(.configure(labs: [.rstudio], hosts: [.small("h1")]))
        #expect(scene.reserve("r9", seats: 1) == .refused(.unknownLab("python")))
        #expect(
            scene.send(.cancelReservation("r0", request: scene.request())).first
                == .answer(scene.lastRequest, .refused(.unknownReservation("r0"))))
    }

    @Test("No more reservations are booked than the limit")
    func limit() {
        var scene = scene()
        scene.commits = false
        for index in 0..<Limits.reservations {
            let id = ReservationID(rawValue: "r\(index)")
            var terms = scene.terms(seats: 1)
            terms.from = terms.from + .seconds(10_000 * index)
            terms.to = terms.from + .seconds(60)
            scene.core.setReservation(
                id, Reservation(id: id, terms: terms, phase: .booked, createdAt: scene.now, allocation: [:]))
        }
        guard case .refused(.limit) = scene.reserve("one-more", seats: 1) else {
            Issue.record("admitted")
            return
        }
    }

    @Test("Moments are said in words")
    func words() {
        #expect(Timestamp(milliseconds: 0).text == "1970-01-01 00:00 UTC")
        #expect(Timestamp(milliseconds: 1_709_210_096_000).text == "2024-02-29 12:34 UTC")
        #expect(Timestamp(milliseconds: 4_102_444_799_000).text == "2099-12-31 23:59 UTC")
        #expect(Timestamp(milliseconds: -1).text == "1969-12-31 23:59 UTC")
    }
}

extension Lab {
    fileprivate static let short = of("python", idle: .seconds(100_000), lifetime: .seconds(1500))
}

extension ReservationID: ExpressibleByStringLiteral {
    public init(stringLiteral value: String) { self.init(rawValue: value) }
}

extension Scene {
    fileprivate func terms(
        seats: Int, after: Duration = .seconds(3600), overrun: Duration = .zero, roster: Set<String> = []
    ) -> ReservationTerms {
        ReservationTerms(
            portal: "school", lab: "python", seats: seats, from: now + after, to: now + after + .seconds(7200),
            lead: .seconds(600), overrun: overrun, context: "course-1", roster: roster)
    }

    @discardableResult
    fileprivate mutating func reserve(
        _ id: ReservationID, seats: Int, after: Duration = .seconds(3600), overrun: Duration = .zero,
        roster: Set<String> = []
    ) -> Answer? {
        let actions = send(
            .reserve(
                terms(seats: seats, after: after, overrun: overrun, roster: roster), newID: id, request: request()))
        return actions.compactMap { if case .answer(_, let answer) = $0 { answer } else { nil } }.first
    }
}
