import Simulation
import Testing

/// A few seeds of each kind; `Scripts/test` plays hundreds, `Scripts/simulate` as many as one likes, and replays one.
///
/// Whether it would notice: checks that were taken out of the core on purpose, and the first seed of 1,000 events that
/// broke an invariant for it. In `--liveness` runs where that is said; otherwise in those for safety. A seed means the same
/// run only for as long as nothing else is drawn from it: what counts is how many seeds it takes to notice, and a seed that once
/// found something is not worth a test of its own.
///
/// | taken out | seed |
/// |---|---|
/// | a seat that was left on another host is promised again | 301 |
/// | held seats count against a host's slots | 2 |
/// | replies about older runs are passed over | 2 |
/// | a listing from before a lab was ready is not believed | 1 |
/// | starts of an earlier broker are taken up at the first listing | 424 |
/// | containers of nobody are removed | 2, liveness |
/// | a rollback restores reservations | 10 |
/// | at a drain's deadline, who is on the way there goes elsewhere | 120 |
/// | a busy kernel counts as activity | 1 |
/// | the route of a lab that ends is withdrawn | 1 |
/// | a failed removal is tried again after some seconds | none: the next listing tries it again, too |
@Suite("Simulation")
struct SimulationTests {
    /// Ranges of seeds, so that the cores share the work.
    private static func seeds(_ count: UInt64) -> [ClosedRange<UInt64>] {
        stride(from: 1, through: count, by: 5).map { $0...min($0 + 4, count) }
    }

    // A few in passing; `Scripts/test` plays hundreds with the release build, which takes a tenth of the time.
    private static let safetySeeds = seeds(20)
    private static let livenessSeeds = seeds(10)

    private func simulate(_ aim: SimulationRun.Aim, _ seeds: ClosedRange<UInt64>, events: Int) -> [String: Int] {
        var tally: [String: Int] = [:]
        for seed in seeds {
            let outcome = SimulationRun(aim, seed: seed, events: events)()
            tally.merge(outcome.tally, uniquingKeysWith: +)
            if let failure = outcome.failure {
                Issue.record("\(failure)")
                break
            }
        }
        return tally
    }

    @Test("Whatever fails whenever, no invariant breaks", arguments: safetySeeds)
    func safety(_ seeds: ClosedRange<UInt64>) {
        #expect(!simulate(.safety, seeds, events: 500).isEmpty)
    }

    @Test("When faults stop, everything settles, everybody is served, and nothing is left", arguments: livenessSeeds)
    func liveness(_ seeds: ClosedRange<UInt64>) {
        #expect(!simulate(.liveness, seeds, events: 200).isEmpty)
    }

    @Test("Every kind of fault happens, and every way of ending")
    func everyFault() {
        let others = [
            "ended idle", "ended at its lifetime", "warned", "launch acknowledged", "seat by measured use",
            "quota used up",
            "host strained", "extension written", "instructor's extension written", "ended as announced",
            "announced end cancelled",
        ]
        // Which seed draws what changes with everything that is drawn, so as many seeds are played as it takes.
        var missing = Set(Fault.allCases.map(\.rawValue) + others)
        var seed: UInt64 = 1001
        while !missing.isEmpty, seed <= 1300 {
            missing.subtract(simulate(.safety, seed...(seed + 9), events: 600).keys)
            seed += 10
        }
        #expect(missing.isEmpty)
    }

    @Test("Killed between any two of its acts, one after the other, the broker loses nothing")
    func killedEverywhere() {
        // Scripts/test kills it in runs of 30 events, too, by the release build.
        let outcome = SimulationRun(.kills, seed: 1, events: 3)()
        #expect(outcome.failure == nil)
        #expect(outcome.events > 100)
    }

    @Test("One seed replays one run")
    func replay() {
        let run = SimulationRun(.liveness, seed: 7, events: 300)
        let (one, other) = (run.play(traceLength: .max), run.play(traceLength: .max))
        // Not word for word: dictionaries are told in any order.
        let times = { (simulation: Simulation) in simulation.trace.map { $0.prefix { $0 != " " } } }
        #expect(times(one) == times(other))
        #expect(one.memory == other.memory)
        #expect(one.tally == other.tally)
        #expect(one.eventCount == other.eventCount)
        let another = SimulationRun(.liveness, seed: 8, events: 300).play(traceLength: .max)
        #expect(times(another) != times(one))
    }
}
