import BrokerCore
import Identity
import Testing

@testable import Store

@Suite("Warm seats in the state file")
struct WarmStoreTests {
    let scratch: ScratchDirectory
    init() throws { scratch = try ScratchDirectory() }

    private static let key = LabKey(portal: "school", name: "python")

    private func seat(_ number: Int64, _ state: WarmSeat.State = .starting(since: at(3))) -> WarmSeat {
        WarmSeat(
            id: WarmSeatID(number: number), pool: Self.key, host: "h1", terms: "abc", state: state)
    }

    @Test("Warm seats and set pools come back as they were; what is gone stays gone")
    func roundTrip() async throws {
        let ready = seat(7, .ready(Endpoint(address: "10.0.0.7", port: 4000), since: at(4)))
        var own = seat(8)
        own.learner = "ada"
        let pool = PoolSpec(key: Self.key, minimum: 2, maximum: 5, perHost: 3)
        do {
            let store = try Store(path: scratch.databasePath)
            try await store.commit([
                .warm(seat(7)), .warm(ready), .warm(own), .warm(seat(9)), .warmGone(WarmSeatID(number: 9)),
                .pool(PoolSpec(key: Self.key, minimum: 1, maximum: 1)), .pool(pool),
                .pool(PoolSpec(key: LabKey(portal: "school", name: "r"), minimum: 1, maximum: 1)),
                .poolReset(LabKey(portal: "school", name: "r")),
            ])
        }
        let loaded = try Store(path: scratch.databasePath).load()
        #expect(loaded.warm == [ready, own])
        #expect(loaded.pools == [pool])
    }

    @Test("A number that was given once is remembered when its seat is gone, whatever the order")
    func numbers() async throws {
        let store = try Store(path: scratch.databasePath)
        #expect(try store.load().lastWarmNumber == 0)
        try await store.commit([.warm(seat(9)), .warm(seat(10)), .warm(seat(2)), .warmGone(WarmSeatID(number: 10))])
        #expect(try store.load().lastWarmNumber == 10)
    }

    @Test("A session remembers the warm seat that it claimed, and a claim that fails leaves both as they were")
    func claim() async throws {
        let store = try Store(path: scratch.databasePath)
        try await store.commit([.warm(seat(1))])
        var claimed = session("a", .running(host: "h1", endpoint: Endpoint(address: "10.0.0.7", port: 1), since: at(4)))
        claimed.warm = WarmSeatID(number: 1)
        await #expect(throws: StoreError.self) {
            try await store.commit([
                .warmGone(WarmSeatID(number: 1)), .session(claimed),
                .warm(
                    WarmSeat(
                        id: WarmSeatID(number: 2), pool: Self.key, reservation: "none", host: "h1", terms: "",
                        state: .starting(since: at(1)))),
            ])
        }
        #expect(try store.load().warm == [seat(1)])
        #expect(try store.load().sessions == [])
        try await store.commit([.warmGone(WarmSeatID(number: 1)), .session(claimed)])
        #expect(try store.load().warm == [])
        #expect(try store.load().sessions == [claimed])
    }
}
