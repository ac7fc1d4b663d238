import EventLoop
import Glibc
import Testing

@testable import Edge

/// `CARREL_SEEDS=N` runs N seeds (300 by default), `CARREL_SEED=S` only that one; with `CARREL_TRACE` set, events are
/// printed as they happen.
struct EdgeSimulationTests {
    private static func number(_ name: String) -> UInt64? {
        getenv(name).flatMap { UInt64(String(cString: $0)) }
    }

    /// Ranges of seeds, so that the cores share the work.
    private static let seeds: [ClosedRange<UInt64>] = {
        if let seed = number("CARREL_SEED") { return [seed...seed] }
        let count = max(1, number("CARREL_SEEDS") ?? 300)
        return stride(from: 1, through: count, by: 50).map { $0...min($0 + 49, count) }
    }()

    @Test(
        "however bytes are cut, stalled and broken off, nothing is lost in silence, reordered, or left over",
        arguments: seeds)
    func simulate(_ seeds: ClosedRange<UInt64>) async throws {
        try await play(seeds, on: SimulatedEdge.configuration.get(), hasPortals: false)
    }

    @Test("the same with two portals: whatever changes about one, no request reaches the other's lab", arguments: seeds)
    func simulatePortals(_ seeds: ClosedRange<UInt64>) async throws {
        try await play(seeds, on: SimulatedEdge.portals.get(), hasPortals: true)
    }

    private func play(
        _ seeds: ClosedRange<UInt64>, on configuration: EdgeConfiguration, hasPortals: Bool
    ) async throws {
        var completed = 0
        for seed in seeds {
            let world = World(seed: seed, hasPortals: hasPortals)
            await world.run(configuration)
            completed += world.completed
            guard world.complaints.isEmpty else {
                Issue.record(
                    """
                    seed \(seed), \(world.weather), \(world.disturbance): \(world.complaints.joined(separator: "\n"))
                    The last that happened:
                    \(world.trace.joined(separator: "\n"))
                    Replay it with CARREL_SEED=\(seed) swift test --filter EdgeSimulation
                    """)
                return
            }
        }
        #expect(completed > seeds.count, "hardly anything was answered: \(completed)")
    }

    @Test("one seed replays one run", arguments: [false, true])
    func replay(hasPortals: Bool) async throws {
        let configuration = try (hasPortals ? SimulatedEdge.portals : SimulatedEdge.configuration).get()
        let (one, other) = (World(seed: 6, hasPortals: hasPortals), World(seed: 6, hasPortals: hasPortals))
        await one.run(configuration)
        await other.run(configuration)
        #expect(one.kernel.events == other.kernel.events)
        #expect(one.kernel.now == other.kernel.now)
        #expect(one.completed == other.completed)
    }
}
