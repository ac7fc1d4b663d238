import EventLoop
import Testing

@testable import HTTPTransport

@Suite("The guard against floods")
struct FloodGuardTests {
    private let start = MonotonicTime(nanoseconds: 1_000_000_000)

    private func guardian(_ change: (inout HTTP2Limits) -> Void) -> FloodGuard {
        var limits = HTTP2Limits()
        change(&limits)
        return FloodGuard(limits, at: start)
    }

    @Test("bears so many of each kind at once, and one kind takes nothing from another")
    func atOnce() {
        let few = HTTP2Limits.Allowance(atOnce: 3, perSecond: 1)
        var guardian = guardian { limits in
            limits.resets = few
            limits.faults = few
            limits.settings = few
            limits.pings = few
            limits.priorities = few
            limits.emptyData = few
            limits.windowUpdates = few
        }
        for event in FloodGuard.Event.allCases {
            #expect(borne(4, event, at: start, by: &guardian) == 3, "\(event)")
        }
    }

    @Test("bears so many more per second, and saves up no more than there are at once")
    func perSecond() {
        var guardian = guardian { $0.resets = .init(atOnce: 4, perSecond: 2) }
        #expect(borne(9, .reset, at: start, by: &guardian) == 4)
        #expect(borne(1, .reset, at: start + .milliseconds(499), by: &guardian) == 0)
        #expect(borne(2, .reset, at: start + .milliseconds(1000), by: &guardian) == 2)
        #expect(borne(1, .reset, at: start + .milliseconds(1001), by: &guardian) == 0)
        #expect(borne(9, .reset, at: start + .seconds(3600), by: &guardian) == 4)
    }

    @Test("a slow trickle that is counted often is not rounded away")
    func trickle() {
        var guardian = guardian { $0.settings = .init(atOnce: 1, perSecond: 1) }
        #expect(borne(1, .settings, at: start, by: &guardian) == 1)
        var sum = 0
        for step in 1...3000 { sum += borne(1, .settings, at: start + .milliseconds(step), by: &guardian) }
        #expect(sum == 3)
    }

    @Test("each frame of DATA that is sent earns two WINDOW_UPDATEs")
    func windowUpdates() {
        var guardian = guardian { $0.windowUpdates = .init(atOnce: 2, perSecond: 0) }
        for _ in 0..<100 {
            #expect(borne(2, .windowUpdate, at: start, by: &guardian) == 2)
            guardian.sentData()
        }
        #expect(borne(9, .windowUpdate, at: start, by: &guardian) == 2)
    }

    private func borne(
        _ times: Int, _ event: FloodGuard.Event, at now: MonotonicTime, by guardian: inout FloodGuard
    ) -> Int {
        var count = 0
        for _ in 0..<times where guardian.bears(event, at: now) { count += 1 }
        return count
    }
}
