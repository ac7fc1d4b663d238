import Testing
import Words

@testable import BrokerCore

/// Extensions of sessions on reserved seats, and their foretold ends.
@Suite("Extensions of sessions on reserved seats")
struct SeatAfterTests {
    private let long = Lab.of("python", idle: .seconds(100_000), lifetime: .seconds(36_000))

    /// A session on a seat that is reserved for another hour.
    private func scene(hosts: [HostSpec] = [.small("h1", starts: 4)], floor: Int = 0) -> Scene {
        var long = long
        long.idleWarning = .seconds(300)
        var scene = Scene.reserving(hosts: hosts, labs: [long], freeFloorPercent: floor)
        #expect(scene.reserve("r1", seats: 2) == .reservation("r1"))
        scene.wait(.seconds(7200))
        scene.launch("a", context: "course-1")
        scene.ready("a")
        #expect(scene.core.session("a")?.reservation == "r1")
        return scene
    }

    private func explained(_ scene: Scene) -> SessionExplanation {
        scene.core.explain(scene.core.session("a")!, story: [], at: scene.now)
    }

    private func extend(_ scene: inout Scene, by duration: Duration) -> Answer? {
        scene.answer(to: .extend("a", Extension(by: duration, who: "ada"), request: scene.request()))
    }

    @Test("The end of a reservation is foretold by its own name, and it is the one that comes")
    func foretold() {
        var scene = scene()
        let end = scene.core.reservation("r1")!.terms.endsAt
        let why = explained(scene)
        #expect(why.ends.first?.cause == .reservation && why.ends.first?.at == end)
        #expect(why.ends.map(\.cause).contains(.lifetime))
        #expect(why.summary.contains("because the time reserved for its course is over then"))
        #expect(why.ends.first?.why.contains("reservation r1") == true)
        scene.wait(end - scene.now - .seconds(300))
        #expect(
            scene.stories.last?.reason == "The time reserved for its course is over in 5 min: the learner is warned.")
        #expect(explained(scene).ends.first?.isWarned == true)
        scene.wait(end - scene.now)
        guard case .ending(_, let reason, _)? = scene.state("a") else {
            Issue.record("it did not end")
            return
        }
        #expect(reason == .reservationOver && reason.cause == why.ends.first?.cause)
    }

    @Test("Where the seat is free afterwards it is kept, and every end that is told moves")
    func extended() {
        var scene = scene()
        let end = scene.core.reservation("r1")!.terms.endsAt
        #expect(extend(&scene, by: .seconds(1800)) == .session("a"))
        #expect(scene.core.lifetimeEndsAt("a") == end + .seconds(1800))
        #expect(explained(scene).ends.first?.at == end + .seconds(1800))
        #expect(explained(scene).ends.first?.why.hasSuffix("and it was extended beyond that.") == true)
        #expect(scene.storedSessions.last?.stay.seatUntil == end + .seconds(1800))
        scene.wait(end + .seconds(1799) - scene.now)
        #expect(scene.state("a")?.name == "running")
        #expect(scene.core.reservation("r1")?.phase == .closed)
        scene.wait(.seconds(1))
        #expect(scene.state("a") == .ending(host: "h1", reason: .reservationOver, since: scene.now))
        scene.send(.containerRemoved("a", epoch: 1))
        scene.wait(Limits.overrunRecheckDelay)
        #expect(scene.core.reservation("r1") == nil)
    }

    @Test("A restart of the broker forgets nothing of it")
    func restored() {
        var scene = scene()
        let end = scene.core.reservation("r1")!.terms.endsAt
        _ = extend(&scene, by: .seconds(1800))
        var later = Scene()
        later.now = scene.now
        later.send(.configure(labs: [long], hosts: [.small("h1")]))
        _ = later.core.restore(
            sessions: Array(scene.core.sessions), duties: [:], homes: [],
            reservations: [scene.core.reservation("r1")!], claims: [Claim(reservation: "r1", learner: "a")],
            at: later.now)
        #expect(later.core.lifetimeEndsAt("a") == end + .seconds(1800))
    }

    @Test("Where another reservation has the seats it is refused: with both names, and until when it could be extended")
    func refused() {
        var scene = scene()
        let end = scene.core.reservation("r1")!.terms.endsAt
        // From its opening, half an hour after the end, the next reservation holds the whole host.
        let after = end + .seconds(1800 + 600) - scene.now
        #expect(scene.reserve("r2", seats: 4, after: after) == .reservation("r2"))
        let conflict = ExtensionConflict(
            session: "a", host: "h1", reservation: "r1", reservedUntil: end, possibleUntil: end + .seconds(1800),
            others: ["r2"])
        #expect(extend(&scene, by: .seconds(3600)) == .refused(.noSeatAfter(conflict)))
        #expect(scene.core.lifetimeEndsAt("a") == end, "nothing was changed")
        #expect(conflict.message.contains("reservation r1") && conflict.message.contains("the reservation r2"))
        #expect(conflict.message.contains("It can be extended until \((end + .seconds(1800)).text)"))
        #expect(extend(&scene, by: .seconds(1800)) == .session("a"))
        // It cannot be extended any further.
        guard case .refused(.noSeatAfter(let second))? = extend(&scene, by: .seconds(60)) else {
            Issue.record("it was extended into another reservation")
            return
        }
        #expect(second.possibleUntil == nil && second.others == ["r2"])
    }

    @Test("A reservation that is asked for later finds the seat taken, until the extension ends")
    func counted() {
        var scene = scene()
        let end = scene.core.reservation("r1")!.terms.endsAt
        _ = extend(&scene, by: .seconds(3600))
        let after = end + .seconds(1800 + 600) - scene.now
        guard case .refused(.noSeats(let conflict))? = scene.reserve("r2", seats: 4, after: after) else {
            Issue.record("four seats were promised beside a session that keeps one of them")
            return
        }
        #expect(conflict.free == 3)
        #expect(scene.reserve("r3", seats: 3, after: after) == .reservation("r3"))
        #expect(scene.reserve("r4", seats: 1, after: after + .seconds(1800)) == .reservation("r4"))
    }

    @Test("The free floor is spared, as reservations spare it")
    func floor() {
        var scene = scene(floor: 50)
        let end = scene.core.reservation("r1")!.terms.endsAt
        let after = end + .seconds(600) - scene.now
        #expect(scene.reserve("r2", seats: 2, after: after) == .reservation("r2"))
        guard case .refused(.noSeatAfter(let conflict))? = extend(&scene, by: .seconds(600)) else {
            Issue.record("it was extended into the free floor")
            return
        }
        #expect(conflict.others == ["r2"])
    }

    @Test("A lifetime that ends before the reservation is extended without asking for a seat")
    func ownLifetime() {
        var brief = Lab.of("python", idle: .seconds(100_000), lifetime: .seconds(1200))
        brief.idleWarning = .seconds(60)
        var scene = Scene.reserving(hosts: [.small("h1", starts: 4)], labs: [brief])
        scene.reserve("r1", seats: 2)
        scene.wait(.seconds(7200))
        scene.launch("a", context: "course-1")
        scene.ready("a")
        #expect(explained(scene).ends.first?.cause == .lifetime)
        #expect(extend(&scene, by: .seconds(600)) == .session("a"))
        #expect(scene.core.session("a")?.stay.seatUntil == nil)
        #expect(scene.core.lifetimeEndsAt("a") == scene.now + .seconds(1800))
    }

    @Test("Of a reservation that is cancelled the sessions go on, and nothing bounds them but their lifetimes")
    func cancelled() {
        var scene = scene()
        _ = extend(&scene, by: .seconds(1800))
        let born = scene.now
        scene.send(.cancelReservation("r1", request: scene.request()))
        #expect(scene.core.lifetimeEndsAt("a") == born + .seconds(36_000 + 1800))
        #expect(explained(scene).ends.map(\.cause).contains(.reservation) == false)
    }

    @Test("Every end that can be foretold is the cause of a reason, and of one only")
    func vocabulary() {
        let reasons: [EndReason] = [
            .idle(timeoutSeconds: 1), .lifetime(limitSeconds: 1), .reservationOver, .drain(host: "h1"),
            .parked(seconds: 1), .operatorEnded(note: ""),
        ]
        #expect(reasons.compactMap(\.cause).count == EndReason.Cause.allCases.count)
        #expect(Set(reasons.compactMap(\.cause)) == Set(EndReason.Cause.allCases))
        #expect(ParkReason.idle(timeoutSeconds: 1).cause == .idle)
    }
}
