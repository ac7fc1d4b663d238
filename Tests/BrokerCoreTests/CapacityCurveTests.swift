import Testing

@testable import BrokerCore

@Suite("Capacity over time")
struct CapacityCurveTests {
    private func at(_ seconds: Int64) -> Timestamp { Timestamp(milliseconds: seconds * 1000) }
    private let seat = CapacityCurve.Load(seats: 1, memory: 10)

    @Test("What ends at a moment and what begins at it are not there together")
    func halfOpen() {
        var curve = CapacityCurve()
        curve.add(seat * 3, from: at(10), to: at(20))
        curve.add(seat * 4, from: at(20), to: at(30))
        #expect(curve.peak(from: at(0), to: at(100)) == seat * 4)
        #expect(curve.load(at: at(9)) == CapacityCurve.Load())
        #expect(curve.load(at: at(10)) == seat * 3)
        #expect(curve.load(at: at(20)) == seat * 4)
        #expect(curve.load(at: at(30)) == CapacityCurve.Load())
        #expect(curve.peak(from: at(0), to: at(10)) == CapacityCurve.Load())
        #expect(curve.peak(from: at(30), to: at(40)) == CapacityCurve.Load())
    }

    @Test("Overlaps add up where they overlap, and nowhere else")
    func overlap() {
        var curve = CapacityCurve()
        curve.add(seat * 2, from: at(10), to: at(30))
        curve.add(seat * 5, from: at(20), to: at(40))
        #expect(curve.peak(from: at(10), to: at(20)) == seat * 2)
        #expect(curve.peak(from: at(19), to: at(21)) == seat * 7)
        #expect(curve.peak(from: at(30), to: at(31)) == seat * 5)
    }

    @Test("Seats and memory have their peaks each by itself")
    func separatePeaks() {
        var curve = CapacityCurve()
        curve.add(CapacityCurve.Load(seats: 9, memory: 9), from: at(0), to: at(10))
        curve.add(CapacityCurve.Load(seats: 1, memory: 100), from: at(10), to: at(20))
        #expect(curve.peak(from: at(0), to: at(20)) == CapacityCurve.Load(seats: 9, memory: 100))
    }

    @Test("An empty time takes nothing, and leaves no trace")
    func empty() {
        var curve = CapacityCurve()
        curve.add(seat, from: at(10), to: at(10))
        curve.add(seat, from: at(20), to: at(10))
        curve.add(seat * 0, from: at(0), to: at(10))
        #expect(curve == CapacityCurve())
    }

    @Test("The curve is what one gets by looking at every second")
    func model() {
        var random = SplitMix(seed: 3)
        var curve = CapacityCurve()
        var seconds = Array(repeating: 0, count: 60)
        for _ in 0..<200 {
            let (from, to) = (Int(random.next() % 60), Int(random.next() % 60))
            let count = Int(random.next() % 5)
            curve.add(seat * count, from: at(Int64(from)), to: at(Int64(to)))
            for second in from..<max(from, to) { seconds[second] += count }
            let (a, b) = (Int(random.next() % 59), Int(random.next() % 59))
            let window = min(a, b)..<max(a, b) + 1
            #expect(
                curve.peak(from: at(Int64(window.lowerBound)), to: at(Int64(window.upperBound))).seats
                    == seconds[window].max()!)
        }
    }

    @Test("As many seats fit as slots and memory both have room for")
    func capacity() {
        let capacity = Capacity(slots: 10, memory: 100)
        #expect(capacity.seats(of: 10, beside: CapacityCurve.Load()) == 10)
        #expect(capacity.seats(of: 30, beside: CapacityCurve.Load()) == 3)
        #expect(capacity.seats(of: 10, beside: seat * 8) == 2)
        #expect(capacity.seats(of: 10, beside: CapacityCurve.Load(seats: 1, memory: 95)) == 0)
        #expect(capacity.seats(of: 10, beside: seat * 99) == 0)
        // At least a tenth is kept free.
        var spec = HostSpec.small("h1", slots: 15)
        spec.memoryBytes = 1000
        #expect(spec.reservable(freeFloorPercent: 10) == Capacity(slots: 13, memory: 900))
        #expect(spec.reservable(freeFloorPercent: 0).slots == 15)
        #expect(spec.reservable(freeFloorPercent: 100).slots == 0)
    }
}
