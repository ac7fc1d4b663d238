/// The load of one host over time, as a step function stored as its change points.
///
/// Intervals are half open: a load that ends at a time and one that begins at it do not overlap.
struct CapacityCurve: Hashable, Sendable {
    struct Load: Hashable, Sendable {
        var seats = 0
        /// In bytes.
        var memory: Int64 = 0

        static func + (a: Load, b: Load) -> Load { Load(seats: a.seats + b.seats, memory: a.memory + b.memory) }
        static func * (a: Load, n: Int) -> Load { Load(seats: a.seats * n, memory: a.memory * Int64(n)) }
    }

    private struct Step: Hashable, Sendable {
        var at: Timestamp
        /// The load from `at` until the next step.
        var load: Load
    }

    /// In order of time; before the first step the load is zero.
    private var steps: [Step] = []

    /// Whether the load is zero at all times.
    var isEmpty: Bool { steps.isEmpty }

    /// The times at which the load changes, in order.
    var moments: some Collection<Timestamp> { steps.lazy.map(\.at) }

    /// Adds this load from `from` until `to`. O(steps).
    mutating func add(_ load: Load, from: Timestamp, to: Timestamp) {
        guard from < to, load != Load() else { return }
        let first = split(at: from)
        let end = split(at: to)
        for index in first..<end { steps[index].load = steps[index].load + load }
    }

    func load(at time: Timestamp) -> Load {
        let index = firstStep(after: time)
        return index == 0 ? Load() : steps[index - 1].load
    }

    /// The peak number of seats and the peak memory between two times, each on its own.
    func peak(from: Timestamp, to: Timestamp) -> Load {
        var peak = load(at: from)
        var index = firstStep(after: from)
        while index < steps.count, steps[index].at < to {
            peak.seats = max(peak.seats, steps[index].load.seats)
            peak.memory = max(peak.memory, steps[index].load.memory)
            index += 1
        }
        return peak
    }

    /// Ensures that a step begins at `time`, and returns its index.
    private mutating func split(at time: Timestamp) -> Int {
        let index = firstStep(after: time)
        if index > 0, steps[index - 1].at == time { return index - 1 }
        steps.insert(Step(at: time, load: index == 0 ? Load() : steps[index - 1].load), at: index)
        return index
    }

    private func firstStep(after time: Timestamp) -> Int {
        var low = 0
        var high = steps.count
        while low < high {
            let middle = (low + high) / 2
            if steps[middle].at <= time { low = middle + 1 } else { high = middle }
        }
        return low
    }
}

/// The capacity of a host: its slots and its memory, less what is kept free.
struct Capacity: Hashable, Sendable {
    var slots: Int
    /// In bytes.
    var memory: Int64

    /// How many more seats of this memory fit on top of a load.
    func seats(of memory: Int64, beside load: CapacityCurve.Load) -> Int {
        let free = max(0, self.memory - load.memory)
        return max(0, min(slots - load.seats, memory > 0 ? Int(free / memory) : Int.max))
    }
}
