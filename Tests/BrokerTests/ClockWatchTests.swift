import BrokerCore
import EventLoop
import Testing

@testable import Broker

@Suite("The wall clock, held against one that only goes forward")
struct ClockWatchTests {
    private func wall(_ seconds: Int64) -> Timestamp { Timestamp(milliseconds: seconds * 1000) }
    private func steady(_ seconds: Int64) -> MonotonicTime { MonotonicTime(nanoseconds: seconds * 1_000_000_000) }

    @Test("While both go on alike, or nearly so, nothing has happened")
    func alike() {
        let watch = ClockWatch(wall: wall(1000), steady: steady(5))
        #expect(watch.jump(wall: wall(1000), steady: steady(5)) == nil)
        #expect(watch.jump(wall: wall(90_000), steady: steady(89_005)) == nil)
        #expect(watch.jump(wall: wall(1101), steady: steady(105)) == nil)
    }

    @Test("A clock that was set, either way, is found out until it is taken in, and a machine that slept as well")
    func set() {
        var watch = ClockWatch(wall: wall(1000), steady: steady(5))
        #expect(watch.jump(wall: wall(87_410), steady: steady(15)) == .seconds(86_400))
        #expect(watch.jump(wall: wall(87_411), steady: steady(16)) == .seconds(86_400))
        watch.accept(.seconds(86_400))
        #expect(watch.jump(wall: wall(87_412), steady: steady(17)) == nil)
        #expect(watch.jump(wall: wall(1020), steady: steady(25)) == .seconds(-86_400))
    }

    @Test("Small steps add up until they matter")
    func drift() {
        let watch = ClockWatch(wall: wall(1000), steady: steady(0))
        #expect(watch.jump(wall: wall(2001), steady: steady(1000)) == nil)
        #expect(watch.jump(wall: wall(3002), steady: steady(2000)) == .seconds(2))
    }
}
