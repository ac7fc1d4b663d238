import ArgumentParser
import Foundation
import Simulation

/// Runs seeds of the broker's simulator; `Scripts/simulate` makes a release build and starts it.
@main
struct Simulate: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "Scripts/simulate", abstract: "Look for a seed that breaks an invariant of the broker.")

    @Option(help: "How many seeds, from 1, or from --from, on.")
    var seeds: UInt64 = 1000

    @Option(help: "The first seed.")
    var from: UInt64 = 1

    @Option(help: "Events for the core in each run, while things fail.")
    var events = 1000

    @Option(help: "Only this seed.")
    var seed: UInt64?

    @Flag(help: "With --seed: print every step.")
    var trace = false

    @Flag(help: "Let faults stop after the events: everything must settle, and nothing be left.")
    var liveness = false

    @Flag(help: "No faults but one: the broker is killed between any two of its acts, one after the other.")
    var kills = false

    @Option(help: "Threads that work; as many as there are CPUs otherwise.")
    var jobs: Int = ProcessInfo.processInfo.activeProcessorCount

    @Flag(help: "Print how often each kind of thing happened.")
    var tally = false

    func validate() throws {
        guard seeds > 0, events > 0, jobs > 0 else { throw ValidationError("Numbers are 1 or more.") }
        if trace, seed == nil { throw ValidationError("--trace needs --seed.") }
        if kills, liveness || trace { throw ValidationError("--kills goes neither with --liveness nor with --trace.") }
    }

    func run() async throws {
        let aim = kills ? SimulationRun.Aim.kills : liveness ? .liveness : .safety
        if let seed {
            if trace {
                for line in SimulationRun(aim, seed: seed, events: events).play(traceLength: .max).trace { print(line) }
            }
            return try tell(Progress(of: [SimulationRun(aim, seed: seed, events: events)()]))
        }
        let runs = (from..<from + seeds).lazy.map { SimulationRun(aim, seed: $0, events: events) }
        try tell(await work(through: Array(runs)))
    }

    /// The progress so far.
    private struct Progress {
        var runs = 0
        var events = 0
        var tally: [String: Int] = [:]
        var failures: [String] = []

        init(of outcomes: [SimulationRun.Outcome] = []) { for outcome in outcomes { add(outcome) } }

        mutating func add(_ outcome: SimulationRun.Outcome) {
            runs += 1
            events += outcome.events
            tally.merge(outcome.tally, uniquingKeysWith: +)
            if let failure = outcome.failure { failures.append(failure) }
        }
    }

    /// Executes all runs, as many at a time as there are jobs; the first failure ends the work.
    private func work(through runs: [SimulationRun]) async -> Progress {
        var progress = Progress()
        let began = ContinuousClock.now
        var toldAt = began
        await withTaskGroup(of: SimulationRun.Outcome.self) { group in
            var next = runs.makeIterator()
            for _ in 0..<jobs { if let run = next.next() { group.addTask { run() } } }
            while let outcome = await group.next() {
                progress.add(outcome)
                if progress.failures.isEmpty, let run = next.next() { group.addTask { run() } }
                let now = ContinuousClock.now
                if now - toldAt >= .seconds(10) {
                    toldAt = now
                    let seconds = (now - began).components.seconds
                    say("\(progress.runs) of \(runs.count) seeds, \(progress.events) events, \(seconds) s")
                }
            }
        }
        return progress
    }

    /// Prints unbuffered, even without a terminal.
    private func say(_ line: String) {
        print(line)
        fflush(nil)
    }

    private func tell(_ progress: Progress) throws {
        if tally { for (what, count) in progress.tally.sorted(by: { $0.key < $1.key }) { print("\(what): \(count)") } }
        for failure in progress.failures { print(failure) }
        let runs = progress.runs == 1 ? "1 seed" : "\(progress.runs) seeds"
        print("\(runs), \(progress.events) events, \(progress.failures.count) failed")
        if !progress.failures.isEmpty { throw ExitCode.failure }
    }
}
