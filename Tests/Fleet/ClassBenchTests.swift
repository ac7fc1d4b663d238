import Foundation
import Programs
import Testing

@testable import FleetSupport

extension FleetTests.BenchTests {
    /// In milliseconds.
    static let classBar = 500.0
    /// Relative to JupyterLab's own cost on all cores.
    static let coldBar = 1.15

    /// How Carrel knows who the reserved seats are for.
    enum Cohort: String, CaseIterable {
        /// By name: each lab is started with its learner's home.
        case roster
        /// By their course: each home is attached when its learner clicks.
        case course
    }

    private static func plan() -> Plan {
        var plan = Plan(hosts: min(2, Engine.all.count))
        plan.sharesHomes = true
        for index in plan.hosts.indices {
            plan.hosts[index].slots = Bench.learners
            plan.hosts[index].starts = 4
        }
        return plan
    }

    private static let names = (0..<Bench.learners).map { "learner\($0)" }

    @Test(
        "class: everybody clicks at once on reserved seats that are all warm",
        .enabled(if: Bench.isChosen("class"), "Scripts/bench measures it"), arguments: Cohort.allCases)
    func warmClass(_ cohort: Cohort) async throws {
        try await withFleet(Self.plan()) { fleet in
            let began = ContinuousClock.now
            try await Self.reserve(cohort, fleet)
            try await Self.waitUntilWarm(fleet)
            let warmedUp = ContinuousClock.now - began
            let context = cohort == .course ? ["--context", "101"] : []
            let clicks = try await Clicks.atOnce(fleet, Self.names, options: context)
            #expect(Set(clicks.labs.map(\.session)).count == Self.names.count)
            for lab in clicks.labs {
                let story = try await fleet.show(lab.session).story.map(\.reason).joined(separator: " ")
                #expect(story.contains("warm seat"), "\(story)")
                #expect(story.contains("own files are being attached") == (cohort == .course), "\(story)")
            }
            let direct = try await Clicks.directly(fleet)
            #expect(direct.count == Self.names.count)
            print("\(cohort): warm after \(warmedUp); \(clicks.summary); pages alone: \(Bench.median(direct))")
            let what = "class of \(Self.names.count) by \(cohort), all warm"
            let (p95, alone) = (Bench.p95(clicks.times).milliseconds, Bench.p95(direct).milliseconds)
            try Bench.report("\(what): click to page, p95", p95, unit: "ms", bar: Self.classBar)
            try Bench.report("  median", Bench.median(clicks.times).milliseconds, unit: "ms", bar: nil)
            try Bench.report("  the same pages at once from the labs alone, p95", alone, unit: "ms", bar: nil)
            try Bench.report("  against that, p95", p95 / alone, unit: "×", bar: nil)
            try clicks.reportProcessors()
        }
    }

    @Test(
        "class: everybody clicks at once, and nothing is warm: in order, none fails, as fast as the cores allow",
        .enabled(if: Bench.isChosen("class"), "Scripts/bench measures it"))
    func coldClass() async throws {
        try await withFleet(Self.plan()) { fleet in
            let clicks = try await Clicks.atOnce(fleet, Self.names, options: [])
            var starts: [(clicked: Int64, began: Int64)] = []
            for lab in clicks.labs {
                let shown = try await fleet.show(lab.session)
                let states = shown.story.map(\.state)
                #expect(!states.contains("failed") && states.count { $0 == "running" } == 1, "\(shown.story)")
                let began = try #require(shown.story.first { $0.state == "starting" }?.at)
                starts.append((shown.session.createdAt, began))
            }
            starts.sort { $0 < $1 }
            for (earlier, later) in zip(starts, starts.dropFirst()) where earlier.clicked < later.clicked {
                #expect(earlier.began <= later.began, "who clicked first is started first")
            }
            let labs = try await Bench.processorTime(ofLabs: fleet)
            let ideal = labs.milliseconds / Double(ProcessInfo.processInfo.activeProcessorCount)
            print("cold: \(clicks.summary); JupyterLabs' own: \(labs)")
            let what = "class of \(Self.names.count), nothing warm"
            try Bench.report("\(what): the last one's page", clicks.wall.milliseconds, unit: "ms", bar: nil)
            try Bench.report("  JupyterLab's own work, on all cores", ideal, unit: "ms", bar: nil)
            try Bench.report("  against that", clicks.wall.milliseconds / ideal, unit: "×", bar: Self.coldBar)
            let each = Double(Self.names.count)
            try Bench.report("  work for each click: JupyterLab", labs.milliseconds / each, unit: "ms", bar: nil)
            try clicks.reportProcessors()
            let rest = clicks.machine - labs - clicks.broker - clicks.client
            try Bench.report("  of that the engines', and whose else", rest.milliseconds / each, unit: "ms", bar: nil)
        }
    }

    private static func reserve(_ cohort: Cohort, _ fleet: Fleet) async throws {
        let format = Date.ISO8601FormatStyle(timeZone: .gmt)
        // In minutes: 2026-03-01T09:00Z.
        let minute = { (date: Date) in date.formatted(format).prefix(16) + "Z" }
        var command = ["reserve", "create", "--lab", "python", "--seats", "\(names.count)"]
        command += ["--from", String(minute(Date.now + 300)), "--to", String(minute(Date.now + 3600))]
        switch cohort {
        case .roster: command += names.flatMap { ["--learner", $0] }
        case .course: command += ["--context", "101"]
        }
        try await Command([TestMachine.binary] + command + ["--config", fleet.configurationPath]).succeed()
    }

    private static func waitUntilWarm(_ fleet: Fleet) async throws {
        try await eventually("every seat is warm", within: .seconds(400), every: .milliseconds(500)) {
            let hosts = try await fleet.hosts()
            let warm = hosts.reduce(0) { $0 + ($1.warm ?? 0) }
            guard warm == names.count, hosts.allSatisfy({ $0.starting == 0 }) else {
                throw FleetError("\(warm) of \(names.count), \(hosts.map(\.starting)) starting")
            }
            return true
        }
    }
}

/// Many learners who click at the same moment, and their times.
private struct Clicks {
    var labs: [Lab] = []
    /// The time of each learner, from the click to JupyterLab's page.
    var times: [Duration] = []
    /// From the first click to the last page.
    var wall = Duration.zero
    var broker = Duration.zero
    var client = Duration.zero
    var machine = Duration.zero

    static func atOnce(_ fleet: Fleet, _ names: [String], options: [String]) async throws -> Clicks {
        var links: [URL] = []
        for name in names { links.append(try await fleet.link(name, options: options)) }
        let pid = try fleet.brokerPID()
        let before = try (Bench.processorTime(of: pid), Bench.processorTime(of: getpid()), Bench.processorTime())
        let began = ContinuousClock.now
        var clicks = try await withThrowingTaskGroup(of: (Lab, Duration).self) { group in
            for link in links {
                group.addTask {
                    let click = ContinuousClock.now
                    let lab = try await fleet.open(
                        link, in: Browser(fleet.network, keepsConnections: true), within: .seconds(300))
                    return (lab, ContinuousClock.now - click)
                }
            }
            return try await group.reduce(into: Clicks()) {
                $0.labs.append($1.0)
                $0.times.append($1.1)
            }
        }
        clicks.wall = ContinuousClock.now - began
        clicks.broker = try Bench.processorTime(of: pid) - before.0
        clicks.client = try Bench.processorTime(of: getpid()) - before.1
        clicks.machine = try Bench.processorTime() - before.2
        return clicks
    }

    /// The pages that a click loads, requested from all labs at once without Carrel: JupyterLab's own speed on this
    /// machine.
    static func directly(_ fleet: Fleet) async throws -> [Duration] {
        var labs: [ClickSplit.Direct] = []
        let instance = try fleet.instance()
        for host in fleet.plan.hosts {
            for container in try await host.engine.containers(instance: instance) where !container.session.isEmpty {
                labs.append(try await ClickSplit.Direct(container.id, on: host.engine))
            }
        }
        return try await withThrowingTaskGroup(of: Duration.self) { group in
            for lab in labs {
                group.addTask {
                    let began = ContinuousClock.now
                    _ = try await lab.get("/")
                    guard try await lab.get("/lab").status == 200 else { throw FleetError("no page of a lab") }
                    return ContinuousClock.now - began
                }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
    }

    var summary: String {
        "click to page: median \(Bench.median(times)), p95 \(Bench.p95(times)), last \(wall)"
    }

    func reportProcessors() throws {
        let each = Double(max(1, times.count))
        try Bench.report("  work for each click: Carrel", broker.milliseconds / each, unit: "ms", bar: nil)
        try Bench.report("  the measuring browser", client.milliseconds / each, unit: "ms", bar: nil)
        try Bench.report("  the whole machine", machine.milliseconds / each, unit: "ms", bar: nil)
    }
}
