import Foundation
import Programs
import Testing

@testable import FleetSupport

extension FleetTests.BenchTests {
    /// Milliseconds.
    static let classBar = 500.0

    @Test(
        "class: everybody clicks at once on reserved seats that are all warm",
        .enabled(if: Bench.isChosen("class"), "Scripts/bench measures it"))
    func classClicks() async throws {
        var plan = Plan(hosts: min(2, Engine.all.count))
        plan.sharesHomes = true
        for index in plan.hosts.indices {
            plan.hosts[index].slots = Bench.learners
            plan.hosts[index].starts = 4
        }
        try await withFleet(plan) { fleet in
            let names = (0..<Bench.learners).map { "learner\($0)" }
            let format = Date.ISO8601FormatStyle(timeZone: .gmt)
            // To the minute: 2026-03-01T09:00Z.
            let minute = { (date: Date) in date.formatted(format).prefix(16) + "Z" }
            let (from, to) = (Date.now + 300, Date.now + 3600)
            var command = ["reserve", "create", "--lab", "python", "--seats", "\(names.count)"]
            command += ["--from", String(minute(from)), "--to", String(minute(to))]
            command += names.flatMap { ["--learner", $0] } + ["--config", fleet.configurationPath]
            let began = ContinuousClock.now
            try await Command([TestMachine.binary] + command).succeed()
            try await eventually("every seat is warm", within: .seconds(400), every: .milliseconds(500)) {
                let hosts = try await fleet.hosts()
                let warm = hosts.reduce(0) { $0 + ($1.warm ?? 0) }
                guard warm == names.count, hosts.allSatisfy({ $0.starting == 0 }) else {
                    throw FleetError("\(warm) of \(names.count), \(hosts.map(\.starting)) starting")
                }
                return true
            }
            let warmedUp = ContinuousClock.now - began
            var links: [URL] = []
            for name in names { links.append(try await fleet.link(name)) }
            let times = try await withThrowingTaskGroup(of: Duration.self) { group in
                for link in links {
                    group.addTask {
                        let click = ContinuousClock.now
                        _ = try await fleet.open(link, in: fleet.browser())
                        return ContinuousClock.now - click
                    }
                }
                return try await group.reduce(into: [Duration]()) { $0.append($1) }
            }
            let p95 = Bench.p95(times)
            print(
                "class of \(times.count): warm after \(warmedUp); click to page: median \(Bench.median(times)), "
                    + "p95 \(p95), slowest \(times.max() ?? .zero)")
            try Bench.report(
                "class: \(times.count) click at once, all warm, click to page, p95", p95.milliseconds, unit: "ms",
                bar: Self.classBar)
            try Bench.report(
                "class: the same, median", Bench.median(times).milliseconds, unit: "ms", bar: nil)
        }
    }
}
