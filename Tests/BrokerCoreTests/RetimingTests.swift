import Testing

@testable import BrokerCore

@Suite("Reservations whose time zone gets other rules")
struct RetimingTests {
    private static let hour = Duration.seconds(3600)

    /// A reservation, by default of all eight seats and in the wall time of some place.
    private func reserve(
        _ id: ReservationID, after: Duration, seats: Int = 8, isWall: Bool = true, in scene: inout Scene
    ) -> ReservationTerms {
        var terms = scene.terms(seats: seats, after: after)
        if isWall { terms.wall = WallSpan(zone: "Europe/Warsaw", from: 1, to: 2) }
        #expect(scene.answer(to: .reserve(terms, newID: id, request: scene.request())) == .reservation(id))
        return terms
    }

    private func retime(_ id: ReservationID, _ terms: ReservationTerms, by shift: Duration, in scene: inout Scene)
        -> Answer?
    {
        let change = Retiming(id: id, from: terms.from + shift, to: terms.to + shift, occurrence: nil)
        return scene.answer(to: .retime([change], request: scene.request()))
    }

    @Test("It moves with the clocks on the walls, keeps its seats, and is stored")
    func moves() {
        var scene = Scene.reserving()
        let terms = reserve("r1", after: Self.hour * 48, in: &scene)
        #expect(scene.core.wallReservations(at: scene.now).map(\.id) == ["r1"])
        #expect(retime("r1", terms, by: Self.hour, in: &scene) == .retimed(["r1"]))
        let moved = scene.core.reservation("r1")
        #expect(moved?.terms.from == terms.from + Self.hour && moved?.terms.to == terms.to + Self.hour)
        #expect(moved?.missingSeats == 0 && moved?.terms.wall == terms.wall)
        #expect(
            scene.changes.contains {
                if case .reservation(let stored) = $0 { stored.terms.from == terms.from + Self.hour } else { false }
            })
        // Repeating it changes nothing.
        #expect(retime("r1", terms, by: Self.hour, in: &scene) == .retimed([]) && scene.changes.isEmpty)
    }

    @Test("Where its new time is taken it is degraded and stays booked; whoever has the time keeps the seats")
    func conflict() {
        var scene = Scene.reserving()
        let terms = reserve("r1", after: Self.hour * 48, in: &scene)
        _ = reserve("r2", after: Self.hour * 51, seats: 3, isWall: false, in: &scene)
        #expect(retime("r1", terms, by: Self.hour * 2, in: &scene) == .retimed(["r1"]))
        #expect(scene.core.reservation("r1")?.isDegraded == true)
        #expect(scene.core.reservation("r1")?.missingSeats == 3)
        #expect(scene.core.reservation("r2")?.missingSeats == 0)
        // It is complete again once the other reservation is cancelled.
        scene.send(.cancelReservation("r2", request: scene.request()))
        #expect(scene.core.reservation("r1")?.missingSeats == 0)
    }

    @Test("It may be open at once, or over, by the new rules")
    func earlier() {
        var scene = Scene.reserving()
        let open = reserve("r1", after: Self.hour * 2, seats: 4, in: &scene)
        #expect(retime("r1", open, by: Self.hour * -2, in: &scene) == .retimed(["r1"]))
        let answer = scene.answer(
            to: .launch(
                learner: .named("ada"), lab: "python", context: "course-1", newID: "s1", request: scene.request()))
        #expect(answer == .session("s1"))
        #expect(scene.core.session("s1")?.reservation == "r1")
        let past = reserve("r2", after: Self.hour * 3, seats: 4, in: &scene)
        #expect(retime("r2", past, by: Self.hour * -9, in: &scene) == .retimed(["r2"]))
        #expect(scene.core.reservation("r2") == nil)
    }

    @Test("What is open already stays, and so does what was made for a moment")
    func stays() {
        var scene = Scene.reserving()
        let open = reserve("r1", after: Self.hour, seats: 4, in: &scene)
        let moment = reserve("r2", after: Self.hour * 48, seats: 4, isWall: false, in: &scene)
        scene.wait(.seconds(3300))
        #expect(retime("r1", open, by: Self.hour, in: &scene) == .retimed([]))
        #expect(retime("r2", moment, by: Self.hour, in: &scene) == .retimed([]))
        #expect(scene.core.wallReservations(at: scene.now).isEmpty)
    }
}
