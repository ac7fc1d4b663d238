import Testing

@testable import BrokerCore

@Suite("The capacity to come")
struct CapacityForecastTests {
    private func forecast(_ scene: Scene, from: Duration, to: Duration, steps: Int) throws -> CapacityForecast {
        try scene.core.forecast(
            lab: "python", from: scene.now + from, to: scene.now + to, steps: steps, at: scene.now)
    }

    @Test("It tells what is reserved, who may still be there, and what is free, without the free floor")
    func curve() throws {
        var scene = Scene.reserving(labs: [.of("python", lifetime: .seconds(3600))], freeFloorPercent: 25)
        scene.run("a")
        scene.reserve("r1", seats: 4, after: .seconds(7800))
        let found = try forecast(scene, from: .zero, to: .seconds(21_600), steps: 6)
        #expect(found.capacity == 6)
        #expect(found.steps.map(\.reserved) == [0, 0, 4, 4, 4, 0])
        // On a host of four slots with one session, whose fourth slot is never reserved, three can be reserved.
        #expect(found.steps.map(\.occupied) == [0, 0, 0, 0, 0, 0])
        #expect(found.steps.map(\.free) == [6, 6, 2, 2, 2, 6])
        #expect(found.steps.first?.at == scene.now && found.to == scene.now + .seconds(21_600))
        for id: SessionID in ["b", "c", "d"] { scene.run(id) }
        let crowded = try forecast(scene, from: .zero, to: .seconds(7200), steps: 2)
        #expect(crowded.steps.map(\.occupied) == [2, 0] && crowded.steps.map(\.free) == [4, 6])
    }

    @Test("Where it says that there are enough, a reservation is admitted, and where not, not")
    func agreesWithAdmission() throws {
        for seed in 1...40 {
            var random = SplitMix(seed: UInt64(seed))
            var scene = Scene.reserving(freeFloorPercent: 10)
            for index in 0..<4 {
                scene.reserve(
                    ReservationID(rawValue: "r\(index)"), seats: Int.random(in: 1...4, using: &random),
                    after: .seconds(Int.random(in: 600...40_000, using: &random)))
            }
            for index in 0..<Int.random(in: 0...5, using: &random) { scene.run(SessionID(rawValue: "s\(index)")) }
            let after = Duration.seconds(Int.random(in: 600...40_000, using: &random))
            let seats = Int.random(in: 1...8, using: &random)
            let terms = scene.terms(seats: seats, after: after)
            let found = try scene.core.forecast(
                lab: "python", from: terms.opensAt, to: terms.endsAt, steps: 1, at: scene.now)
            #expect(
                (scene.reserve("new", seats: seats, after: after) == .reservation("new"))
                    == (found.steps[0].free >= seats))
        }
    }

    @Test("An unknown lab, an empty span of time, or too many steps are refused")
    func refused() {
        let scene = Scene.reserving()
        #expect(throws: Refusal.unknownLab("cobol")) {
            try scene.core.forecast(lab: "cobol", from: scene.now, to: scene.now + .seconds(1), steps: 1, at: scene.now)
        }
        #expect(throws: Refusal.self) { try forecast(scene, from: .seconds(60), to: .zero, steps: 1) }
        #expect(throws: Refusal.self) { try forecast(scene, from: .zero, to: .seconds(60), steps: 0) }
        #expect(throws: Refusal.self) {
            try forecast(scene, from: .zero, to: .seconds(60), steps: Limits.forecastSteps + 1)
        }
        #expect(throws: Refusal.self) {
            try forecast(scene, from: .zero, to: Limits.reservationHorizon + .seconds(1), steps: 1)
        }
    }
}
