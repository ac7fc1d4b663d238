/// One seed's run, and, if something was wrong, the same again with its steps written down.
public struct SimulationRun: Sendable {
    /// What a run is to show.
    public enum Aim: String, Sendable, CaseIterable {
        /// Faults all the time: no invariant is ever broken.
        case safety
        /// Faults stop: everything settles, everybody is served, and nothing is left.
        case liveness
        /// Without any other fault, the broker is killed between any two of its acts, one after the other: it loses
        /// nothing.
        case kills
    }

    public var aim: Aim
    public var seed: UInt64
    /// Events for the core while there are faults.
    public var events: Int

    public init(_ aim: Aim, seed: UInt64, events: Int) {
        self.aim = aim
        self.seed = seed
        self.events = events
    }

    public struct Outcome: Sendable {
        /// What was wrong, the last steps before it, and how to see it again; nil if all was well.
        public var failure: String?
        /// How often each kind of thing happened.
        public var tally: [String: Int]
        /// Events that the core was handed.
        public var events: Int
    }

    public func callAsFunction() -> Outcome {
        aim == .kills ? killedEverywhere() : outcome(of: play()) { play(traceLength: SimulationLimits.failureSteps) }
    }

    /// One run for each moment at which the broker can die, up to the first one that goes wrong.
    private func killedEverywhere() -> Outcome {
        let whole = Simulation(seed: seed, hasFaults: false)
        whole.run(events: events)
        var sum = Outcome(failure: nil, tally: [:], events: 0)
        for point in 1...max(1, whole.crashPoints) where sum.failure == nil {
            let one = outcome(of: play(killedAt: point)) {
                play(killedAt: point, traceLength: SimulationLimits.failureSteps)
            }
            sum.failure = one.failure.map { "killed at point \(point) of \(whole.crashPoints): \($0)" }
            sum.tally.merge(one.tally, uniquingKeysWith: +)
            sum.events += one.events
        }
        return sum
    }

    private func outcome(of simulation: Simulation, replay: () -> Simulation) -> Outcome {
        guard !simulation.complaints.isEmpty else {
            return Outcome(failure: nil, tally: simulation.tally, events: simulation.eventCount)
        }
        let again = replay()
        let failure = """
            seed \(seed): \(again.complaints.prefix(5).joined(separator: "\n"))
            The broker's memory:
            \(again.memory.joined(separator: "\n"))
            The last steps:
            \(again.trace.joined(separator: "\n"))
            Replay it with Scripts/simulate \(aim == .safety ? "" : "--\(aim) ")--seed \(seed) --events \(events)
            """
        return Outcome(failure: failure, tally: simulation.tally, events: simulation.eventCount)
    }

    private func play(killedAt point: Int, traceLength: Int = 0) -> Simulation {
        let simulation = Simulation(seed: seed, hasFaults: false, crashPoint: point, traceLength: traceLength)
        simulation.run(events: events)
        simulation.settle()
        return simulation
    }

    /// Plays the run of the other two aims, and keeps `traceLength` of its last steps in words.
    public func play(traceLength: Int = 0) -> Simulation {
        let simulation = Simulation(seed: seed, traceLength: traceLength)
        simulation.run(events: events)
        if aim == .liveness { simulation.settle() }
        return simulation
    }
}
