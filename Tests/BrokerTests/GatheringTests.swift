import EventLoop
import Testing

@testable import Broker

@Suite("Gathering")
struct GatheringTests {
    /// Whether it waits on at each check, given the number of requests and the time since the first one.
    private func answers(_ looks: [(count: Int, after: Duration)]) -> [Bool] {
        let began = MonotonicTime(nanoseconds: 5_000_000_000)
        var gathering = Gathering(at: began)
        return looks.map { gathering.waits(with: $0.count, at: began + $0.after) }
    }

    private let lull = BrokerLimits.slotLull

    @Test("One alone waits for one lull; each that comes waits for one more")
    func lulls() {
        #expect(answers([(1, .zero), (1, lull)]) == [true, false])
        #expect(answers([(1, .zero), (3, lull), (3, lull * 2)]) == [true, true, false])
    }

    @Test("However many come one after the other, the first one does not wait longer than the limit")
    func deadline() {
        let limit = BrokerLimits.slotGathering
        #expect(answers([(1, .zero), (2, limit - lull), (3, limit)]) == [true, true, false])
    }

    @Test("A full call goes at once")
    func full() {
        #expect(answers([(BrokerLimits.slotsPerCall, .zero)]) == [false])
    }
}
