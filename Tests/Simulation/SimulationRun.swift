/// One run of a seed, and, if it failed, a repetition with a trace of its steps.
public struct SimulationRun: Sendable {
    /// The property that a run checks.
    public enum Aim: String, Sendable, CaseIterable {
        /// Faults occur throughout: no invariant is ever violated.
        case safety
        /// Faults stop: everything settles, everybody is served, and nothing is left.
        case liveness
        /// Without any other fault, the broker is killed between any two of its actions, one crash point per run: it
        /// loses nothing.
        case kills
    }

    public var aim: Aim
    public var seed: UInt64
    /// Number of events for the core while faults occur.
    public var events: Int

    public init(_ aim: Aim, seed: UInt64, events: Int) {
        self.aim = aim
        self.seed = seed
        self.events = events
    }

    public struct Outcome: Sendable {
        /// What went wrong, the last steps before it, and how to reproduce it; nil if nothing did.
        public var failure: String?
        /// How often each kind of event occurred.
        public var tally: [String: Int]
        /// The number of events that the core received.
        public var events: Int
    }

    public func callAsFunction() -> Outcome {
        aim == .kills ? killedEverywhere() : outcome(of: play()) { play(traceLength: SimulationLimits.failureSteps) }
    }

    /// Runs once for each possible crash point of the broker, up to the first failure.
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

    /// Plays a run with one of the other two aims, and keeps `traceLength` of its last steps in the trace.
    public func play(traceLength: Int = 0) -> Simulation {
        let simulation = Simulation(seed: seed, traceLength: traceLength)
        simulation.run(events: events)
        if aim == .liveness { simulation.settle() }
        return simulation
    }
}
