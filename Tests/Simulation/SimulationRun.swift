/// One seed's run, and, if something was wrong, the same again with its steps written down.
public struct SimulationRun: Sendable {
    /// What a run is to show.
    public enum Aim: String, Sendable, CaseIterable {
        /// Faults all the time: no invariant is ever broken.
        case safety
        /// Faults stop: everything settles, everybody is served, and nothing is left.
        case liveness
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
        let simulation = play()
        guard !simulation.complaints.isEmpty else {
            return Outcome(failure: nil, tally: simulation.tally, events: simulation.eventCount)
        }
        let again = play(traceLength: SimulationLimits.failureSteps)
        let failure = """
            seed \(seed): \(again.complaints.prefix(5).joined(separator: "\n"))
            The broker's memory:
            \(again.memory.joined(separator: "\n"))
            The last steps:
            \(again.trace.joined(separator: "\n"))
            Replay it with Scripts/simulate \(aim == .liveness ? "--liveness " : "")--seed \(seed) --events \(events)
            """
        return Outcome(failure: failure, tally: simulation.tally, events: simulation.eventCount)
    }

    /// The run itself, with so many of its last steps in words.
    public func play(traceLength: Int = 0) -> Simulation {
        let simulation = Simulation(seed: seed, traceLength: traceLength)
        simulation.run(events: events)
        if aim == .liveness { simulation.settle() }
        return simulation
    }
}
