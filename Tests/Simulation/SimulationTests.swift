import BrokerCore
import Testing

#if canImport(Glibc)
    import Glibc
#endif

/// `CARREL_SEEDS=N` runs N seeds (200 otherwise), `CARREL_SEED=S` only that one, `CARREL_STEPS=M` M steps of each.
@Suite("Simulation")
struct SimulationTests {
    private static func number(_ name: String) -> UInt64? {
        getenv(name).flatMap { UInt64(String(cString: $0)) }
    }

    private static let steps = Int(number("CARREL_STEPS") ?? 500)

    /// Ranges of seeds, so that the cores share the work.
    private static let seeds: [ClosedRange<UInt64>] = {
        if let seed = number("CARREL_SEED") { return [seed...seed] }
        let count = max(1, number("CARREL_SEEDS") ?? 200)
        return stride(from: 1, through: count, by: 50).map { $0...min($0 + 49, count) }
    }()

    @Test("Whatever fails whenever, no invariant breaks, and when faults stop everything settles", arguments: seeds)
    func simulate(_ seeds: ClosedRange<UInt64>) {
        var tally: [String: Int] = [:]
        for seed in seeds {
            let simulation = Simulation(seed: seed)
            simulation.run(steps: Self.steps)
            tally.merge(simulation.tally, uniquingKeysWith: +)
            guard simulation.complaints.isEmpty else {
                Issue.record(
                    """
                    seed \(seed): \(simulation.complaints.prefix(5).joined(separator: "\n"))
                    The last steps:
                    \(simulation.trace.joined(separator: "\n"))
                    Replay it with CARREL_SEED=\(seed) CARREL_STEPS=\(Self.steps) swift test --filter Simulation
                    """)
                return
            }
        }
        if getenv("CARREL_TALLY") != nil { print(tally.sorted { $0.key < $1.key }) }
    }

    @Test("One seed replays one run")
    func replay() {
        let (one, other) = (Simulation(seed: 7), Simulation(seed: 7))
        one.run(steps: 300)
        other.run(steps: 300)
        #expect(one.trace == other.trace)
        #expect(one.tally == other.tally)
        #expect(Simulation(seed: 8).learners != one.learners || one.tally.count > 3)
    }
}
