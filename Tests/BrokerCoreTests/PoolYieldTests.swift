import Testing

@testable import BrokerCore

@Suite("Pools give way")
struct PoolYieldTests {
    private func filled(_ spec: PoolSpec, slots: Int = 4) -> Scene {
        var scene = PoolTests.scene(hosts: [.small("h1", slots: slots, starts: 8)], pools: [spec])
        for number in 1...12 { scene.warmReady(Int64(number)) }
        return scene
    }

    @Test("Somebody who finds no seat gets the room of a pool seat, and no more seats go than people wait")
    func yields() {
        var scene = filled(PoolTests.pool(4))
        let actions = scene.launch("a")
        #expect(actions.first == .remove("warm-4", epoch: 0, host: "h1"))
        #expect(scene.warmRuns == ["warm-1", "warm-2", "warm-3"])
        #expect(scene.state("a")?.name == "queued")
        #expect(scene.send(.containerRemoved("warm-4", epoch: 0)).contains(.start("a", epoch: 1, host: "h1")))
        #expect(scene.warmRuns == ["warm-1", "warm-2", "warm-3"])
    }

    @Test("For a large lab as many pool seats go as it needs")
    func yieldsMemory() {
        var scene = filled(PoolTests.pool(4))
        scene.launch("a", lab: "big")
        #expect(scene.warmRuns == ["warm-1", "warm-2"])
    }

    @Test("Pool seats do not go for somebody whom they do not keep waiting")
    func keepsWhatHelpsNobody() {
        var scene = filled(PoolTests.pool(2))
        scene.send(.startFailed("x", epoch: 1, .imageMissing("lab/python")))
        scene.launch("a")
        scene.send(.startFailed("a", epoch: 1, .imageMissing("lab/python")))
        scene.launch("b")
        #expect(scene.warmRuns == ["warm-1", "warm-2"])
    }

    @Test("One step looks for room for a bounded number of people; who is beyond it has their turn as the others leave")
    func boundedStep() {
        let (seats, limit) = (Limits.yieldsPerStep + 4, Limits.yieldsPerStep)
        let hosts = [HostSpec.small("h1", slots: seats, memory: Int64(seats), starts: 100)]
        var scene = PoolTests.scene(hosts: hosts, pools: [PoolTests.pool(seats, perHost: seats)])
        for number in 1...seats { scene.warmReady(Int64(number)) }
        #expect(scene.warmRuns.count == seats)
        for number in 1...limit { scene.launch(SessionID(rawValue: "s\(number)")) }
        #expect(scene.warmRuns.count == seats - limit)
        scene.launch("beyond")
        #expect(scene.warmRuns.count == seats - limit)
        // One session has got a seat, and one fewer waits.
        scene.send(.containerRemoved(WarmSeatID(number: Int64(seats)).run, epoch: 0))
        #expect(scene.core.queueLength == limit)
        #expect(scene.warmRuns.count == seats - limit - 1)
    }

    @Test("Nothing is refilled while somebody waits who could use the seat")
    func noRefill() {
        var scene = filled(PoolTests.pool(2, 2), slots: 3)
        scene.launch("a", lab: "big")
        // On 8 GiB, the large lab needs the room of both pool seats.
        for number in [1, 2] { scene.send(.containerRemoved(WarmSeatID(number: Int64(number)).run, epoch: 0)) }
        #expect(scene.state("a")?.name == "starting")
        #expect(scene.core.hostStatuses.map(\.seats) == [3])
    }

    @Test("A reservation that opens takes the seats of a pool")
    func reservations() {
        var scene = filled(PoolTests.pool(4))
        let terms = ReservationTerms(
            lab: "school/python", seats: 3, from: scene.now, to: scene.now + .seconds(3600), warmPercent: 0,
            context: "c")
        scene.send(.reserve(terms, newID: "r", request: scene.request()))
        #expect(scene.core.reservation("r")?.missingSeats == 0)
        #expect(scene.warmRuns == ["warm-1"])
    }

    @Test("The start of a pool seat that went for somebody is not taken by a reservation, at the cost of another seat")
    func reservedStarts() {
        let hosts = [HostSpec.small("h1", slots: 2, starts: 1), .small("h2", slots: 1, starts: 1)]
        var scene = Scene()
        let pool = PoolTests.pool(2, perHost: 1)
        scene.send(.configure(labs: [.quick, .python], hosts: hosts, pools: [pool]))
        scene.listed("h2")
        scene.warmReady(1)
        scene.listed("h1")
        #expect(scene.warmRuns == ["warm-1", "warm-2"])
        let terms = ReservationTerms(
            lab: "school/quick", seats: 1, from: scene.now + .seconds(60), to: scene.now + .seconds(3600),
            warmPercent: 100, lead: .seconds(60), noShowAfter: .seconds(600), context: "c")
        scene.send(.reserve(terms, newID: "r", request: scene.request()))
        #expect(scene.core.reservation("r")?.allocation == ["h1": 1])
        #expect(scene.launch("a").first == .remove("warm-2", epoch: 0, host: "h1"))
        #expect(scene.warmRuns == ["warm-1"])
        #expect(scene.send(.containerRemoved("warm-2", epoch: 0)).first == .start("a", epoch: 1, host: "h1"))
        #expect(scene.ready("a").contains(.start("warm-3", epoch: 0, host: "h1")))
    }
}
