import Testing

@testable import EventLoop

@Suite("Timers", .timeLimit(.minutes(1)))
struct TimerTests {
    @Test("The wheel fires in the order of ticks, then of making, across turns, and never a cancelled timer")
    func wheelOrder() {
        var wheel = TimerWheel(slots: 64, currentTick: 1_000)
        var fired: [String] = []
        func add(_ tick: Int64, _ name: String) -> LoopTimer { wheel.add(tick: tick) { fired.append(name) } }
        _ = add(1_200, "three turns later")
        _ = add(1_010, "b")
        _ = add(1_010, "c")
        let cancelled = add(1_010, "cancelled")
        _ = add(1_005, "a")
        _ = add(1_074, "same slot as b, next turn")
        _ = add(990, "past: next tick")
        cancelled.cancel()
        cancelled.cancel()
        #expect(!cancelled.isPending)

        let due = TimerList()
        func advance(to tick: Int64) {
            wheel.advance(to: tick, into: due)
            while let timer = due.popFirst() { timer.body?() }
        }
        advance(to: 1_000)
        #expect(fired.isEmpty)
        advance(to: 1_009)
        #expect(fired == ["past: next tick", "a"])
        advance(to: 1_010)
        #expect(fired.suffix(2) == ["b", "c"])
        advance(to: 1_073)
        #expect(fired.count == 4)
        advance(to: 1_500)
        #expect(fired.suffix(2) == ["same slot as b, next turn", "three turns later"])
        #expect(wheel.nextTick() == nil)
    }

    @Test("The wheel agrees with a sorted list on random timers, whatever the steps of time")
    func wheelAgainstModel() {
        var random = SeededRandom(seed: 7)
        var wheel = TimerWheel(slots: 64, currentTick: 0)
        var model: [(tick: Int64, number: Int)] = []
        var timers: [Int: LoopTimer] = [:]
        var fired: [Int] = []
        var expected: [Int] = []
        var number = 0
        let due = TimerList()
        for _ in 0..<3_000 {
            for _ in 0..<Int.random(in: 0...3, using: &random) {
                let tick = wheel.currentTick + Int64.random(in: 1...400, using: &random)
                let mine = number
                timers[mine] = wheel.add(tick: tick) { fired.append(mine) }
                model.append((tick, mine))
                number += 1
            }
            if Bool.random(using: &random), let victim = model.randomElement(using: &random) {
                timers[victim.number]?.cancel()
                model.removeAll { $0.number == victim.number }
            }
            let now = wheel.currentTick + Int64.random(in: 0...20, using: &random)
            if let next = wheel.nextTick(), let earliest = model.map(\.tick).min() { #expect(next <= earliest) }
            wheel.advance(to: now, into: due)
            while let timer = due.popFirst() { timer.body?() }
            let ready = model.filter { $0.tick <= now }.sorted { ($0.tick, $0.number) < ($1.tick, $1.number) }
            expected += ready.map(\.number)
            model.removeAll { $0.tick <= now }
        }
        #expect(fired == expected)
        #expect(fired.count > 1_000)
    }

    @Test("On a loop, timers fire in order and not early; a timer can cancel one that is due with it")
    func onTheLoop() async throws {
        try await withLoop { loop in
            let result: (order: [String], early: Bool) = try await loop.until { finish in
                var order: [String] = []
                let begin = loop.now
                let doomed = Box<LoopTimer>()
                _ = loop.schedule(after: .milliseconds(60)) { finish((order, loop.now - begin < .milliseconds(60))) }
                _ = loop.schedule(after: .milliseconds(30)) {
                    order.append("second")
                    doomed.value?.cancel()
                }
                doomed.value = loop.schedule(after: .milliseconds(30)) { order.append("never") }
                _ = loop.schedule(after: .milliseconds(10)) { order.append("first") }
            }
            #expect(result.order == ["first", "second"])
            #expect(!result.early)
        }
    }

    @Test("A timer of no delay never fires inside schedule, and a far one does not overflow")
    func extremes() async throws {
        try await withLoop { loop in
            let order: [String] = try await loop.until { finish in
                var order: [String] = []
                let far = loop.schedule(after: .seconds(Int64.max)) { order.append("far") }
                _ = loop.schedule(after: .seconds(-5)) {
                    order.append("fired")
                    far.cancel()
                    finish(order)
                }
                order.append("scheduled")
            }
            #expect(order == ["scheduled", "fired"])
        }
    }
}

/// SplitMix64: one seed, one sequence.
struct SeededRandom: RandomNumberGenerator {
    private var state: UInt64
    init(seed: UInt64) { state = seed }
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return value ^ (value >> 31)
    }
}
