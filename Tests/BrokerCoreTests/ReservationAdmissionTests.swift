import Testing
import Words

@testable import BrokerCore

@Suite("Admission of reservations")
struct ReservationAdmissionTests {
    @Test("Seats are admitted up to the capacity, and a refusal names the worst moment and the next free time")
    func admission() {
        var scene = Scene.reserving()
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
        // It is admitted at that time.
        #expect(scene.reserve("r2", seats: 3, after: conflict.nextFree! - scene.now) == .reservation("r2"))
    }

    @Test("The free floor is never reserved")
    func freeFloor() {
        var scene = Scene.reserving(freeFloorPercent: 25)
        guard case .refused(.noSeats(let conflict)) = scene.reserve("r1", seats: 7) else {
            Issue.record("admitted")
            return
        }
        #expect(conflict.free == 6)
        #expect(scene.reserve("r1", seats: 6) == .reservation("r1"))
    }

    @Test("The overrun of one counts against the admission of the next")
    func overrunCounts() {
        var scene = Scene.reserving()
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
        var scene = Scene.reserving(labs: [.of("python", lifetime: .seconds(36_000))])
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
        var scene = Scene.reserving(labs: [.short, .of("long", lifetime: .seconds(36_000))])
        #expect(scene.reserve("r1", seats: 8) == .reservation("r1"))
        scene.launch("a")
        #expect(scene.host("a") != nil)
        scene.launch("b", lab: "long")
        #expect(scene.state("b")?.name == "queued")
        // Half an hour before the reservation opens, not even the short lab would end in time.
        scene.wait(.seconds(2000))
        scene.launch("c")
        #expect(scene.state("c")?.name == "queued")
        // A cancellation releases the seats to the waiting sessions.
        scene.send(.cancelReservation("r1", request: scene.request()))
        #expect(scene.host("b") != nil && scene.host("c") != nil)
    }

    @Test("What is not guaranteed may be used by anybody, at any time")
    func unreservedSeats() {
        var scene = Scene.reserving(labs: [.of("python", lifetime: .seconds(36_000))])
        scene.reserve("r1", seats: 6)
        for id: SessionID in ["a", "b", "c"] { scene.run(id) }
        #expect(["a", "b", "c"].map { scene.state($0)?.name } == ["running", "running", "queued"])
    }

    @Test("People may sit on the free floor without costing a reservation anything")
    func peopleOnTheFloor() {
        var scene = Scene.reserving(labs: [.of("python", lifetime: .seconds(36_000))], freeFloorPercent: 50)
        for id: SessionID in ["a", "b", "c", "d"] { scene.run(id) }
        #expect(scene.reserve("r1", seats: 4) == .reservation("r1"))
        scene.launch("e")
        #expect(scene.state("e")?.name == "queued")
        scene.send(.cordon(host: "h2", request: scene.request()))
        #expect(scene.core.reservation("r1")?.missingSeats == 2)
    }

    @Test("Invalid terms are refused with a reason")
    func badTerms() {
        var scene = Scene.reserving()
        func refused(_ change: (inout ReservationTerms) -> Void) -> Bool {
            var terms = scene.terms(seats: 1)
            change(&terms)
            let actions = scene.send(.reserve(terms, newID: "r9", request: scene.request()))
            guard case .answer(_, .refused(.badTerms(let terms)))? = actions.first else { return false }
            return !terms.message.isEmpty
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
        var scene = Scene.reserving()
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
