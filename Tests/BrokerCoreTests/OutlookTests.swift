import Testing

@testable import BrokerCore

@Suite("What is taken of hosts from now on")
struct OutlookTests {
    private func at(_ seconds: Int64) -> Timestamp { Timestamp(milliseconds: seconds * 1000) }

    @Test("Stays tell what is still there after each end, half open, in any order they come")
    func stays() {
        let seat = CapacityCurve.Load(seats: 1, memory: 5)
        let stays = Stays([(at(30), seat), (at(10), seat * 2), (at(20), seat), (at(10), seat)])
        #expect([0, 9, 10, 19, 20, 29, 30, 99].map { stays.lasting(at: at($0)).seats } == [5, 5, 2, 2, 1, 1, 0, 0])
        #expect(stays.lasting(at: at(0)).memory == 25)
        #expect(Stays([]).lasting(at: at(0)) == CapacityCurve.Load())
    }

    @Test("A promise accounts for its own sessions, those that stay longest, and for no more than it has seats")
    func covered() {
        var scene = Scene.reserving(hosts: [.small("h1", starts: 4)], labs: [.of("python", lifetime: .seconds(3000))])
        scene.run("other")
        scene.reserve("r1", seats: 3)
        scene.wait(.seconds(3000))
        scene.send(.containerRemoved("other", epoch: 1))
        scene.run("stranger")
        for id: SessionID in ["a", "b", "c"] {
            scene.launch(id, context: "course-1")
            scene.ready(id)
            scene.wait(.seconds(10))
        }
        func lasting(_ scene: Scene) -> Int {
            scene.core.outlook(at: scene.now).stays["h1"]?.lasting(at: scene.now).seats ?? 0
        }
        let strangers = scene.host("stranger") == nil ? 0 : 1
        #expect(scene.core.seating.used["r1"] == ["h1": 3] && lasting(scene) == strangers)
        // If fewer seats are promised there than are occupied, the sessions that leave first count outside the promise.
        var fewer = scene.core
        var reservation = fewer.reservation("r1")!
        reservation.allocation = ["h1": 1]
        fewer.setReservation("r1", reservation)
        let stays = fewer.stays(on: fewer.record(of: "h1")!, now: scene.now)
        #expect(stays.lasting(at: scene.now).seats == 2 + strangers)
        #expect(stays.lasting(at: scene.now + .seconds(2980)).seats == 0)
    }
}
