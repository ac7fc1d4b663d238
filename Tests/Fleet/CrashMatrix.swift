import Foundation
import Testing

@testable import FleetSupport

/// Repeats an operation in which the broker dies, as with kill -9, at its first write or sync of the database, then at
/// its second, until the operation completes without a death. After each death the broker starts again, and must keep
/// what it had promised.
struct CrashMatrix {
    /// No operation has so many points: one that never completes is a defect.
    private static let mostPoints: UInt64 = 200
    /// A server that answers immediately, because the lab's own start is not tested here. It shows the learner's home.
    private static let image = "carrel-test/quick:1"
    static let lab = "quick"

    let fleet: Fleet
    private let points: CrashPoints

    /// Runs `body` with a Carrel of its own that can be killed at a chosen point.
    ///
    /// - Parameters:
    ///   - index: the index of its engine.
    ///   - files: as in the configuration.
    ///   - pool: one warm seat, with homes under one shared root; otherwise homes are volumes.
    static func with(
        engine index: Int, files: String? = nil, pool: Bool = false, _ body: (CrashMatrix) async throws -> Void
    ) async throws {
        let lab = Plan.Lab(name: Self.lab, image: image, kind: "http", memory: "128MiB", port: 8080, files: files)
        var plan = Plan(labs: [lab])
        let engine = Engine.all[index % Engine.all.count]
        plan.hosts = [Plan.Host(name: engine.name, engine: engine)]
        plan.sharesHomes = pool && files == nil
        plan.pools = pool ? [Plan.Pool(lab: Self.lab)] : []
        plan.crashes = true
        try await engine.buildImage(
            image, command: ["python3", "-m", "http.server", "--directory", "/home/learner", "8080"])
        try await withFleet(plan) { fleet in
            try await body(CrashMatrix(fleet: fleet, points: try #require(fleet.crashPoints)))
        }
    }

    /// - Returns: at how many points the broker died.
    func run(
        prepare: (UInt64) async throws -> Void = { _ in }, operation: (UInt64) async throws -> Void,
        check: (UInt64) async throws -> Void
    ) async throws -> UInt64 {
        for number in 1...Self.mostPoints {
            try await prepare(number)
            points.die(at: number)
            try await operation(number)
            try await eventually("it settled or died", within: .seconds(30), every: .milliseconds(20), holds: isOver)
            let survived = !points.disarm()
            if !survived {
                if try fleet.exitStatus() == nil, (try? fleet.brokerPID()) != nil { _ = try await fleet.brokerExit() }
                try await fleet.start(hosts: nil)
            }
            do { try await check(number) } catch {
                throw FleetError("after a death at point \(number): \(error)")
            }
            if survived { return number - 1 }
        }
        throw FleetError("\(Self.mostPoints) points and no end")
    }

    /// Whether everything that the operation started has finished, or the broker is dead.
    private func isOver() async throws -> Bool {
        if try fleet.exitStatus() != nil { return true }
        let states = try await fleet.sessions().map(\.state)
        let isDraining = try await fleet.hosts().contains { $0.state == "draining" }
        let isUnderWay = isDraining || states.contains { ["queued", "starting", "ending"].contains($0) }
        return try await isUnderWay ? false : isWarm()
    }

    /// Whether every pool has its target number of seats.
    private func isWarm() async throws -> Bool {
        guard !fleet.plan.pools.isEmpty else { return true }
        return try await fleet.pools().allSatisfy { $0.ready == $0.minimum && $0.starting == 0 }
    }

    func waitForWarm() async throws {
        try await eventually("the pool is full", within: .seconds(60), every: .milliseconds(20), holds: isWarm)
    }

    /// A new learner's click: the session, if they were told of one.
    func click(_ learner: String, in browser: Browser) async throws -> String? {
        let page = try await browser.visit(try await fleet.link(learner, lab: Self.lab), from: Fleet.course)
        // A session that already runs leads directly into its lab.
        return page.sessionID ?? (page.isAtLab ? Lab(browser: browser, origin: page.url).session : nil)
    }

    /// Creates a running session of a new learner.
    func session(_ learner: String) async throws -> String {
        guard let id = try await click(learner, in: fleet.browser()) else {
            throw FleetError("no session for \(learner)")
        }
        try await fleet.wait(for: id, toBe: "running")
        return id
    }

    /// Every container belongs to a running session, or is a warm seat that the pool knows.
    func expectNothingLeaked() async throws {
        guard !fleet.plan.pools.isEmpty else { return try await fleet.expectNothingLeaked() }
        try await waitForWarm()
        try await eventually("each container is needed", within: .seconds(30), every: .milliseconds(100)) {
            let live = try await self.fleet.sessions().filter { $0.state == "running" }.count
            let warm = try await self.fleet.pools().reduce(0) { $0 + $1.ready }
            let containers = try await self.fleet.containers()
            guard containers.count == live + warm, containers.allSatisfy({ $0.state == "running" }) else {
                throw FleetError("\(live) sessions and \(warm) warm seats have \(containers)")
            }
            return true
        }
    }

    func endAll() async throws {
        for session in try await fleet.sessions() where session.state == "running" {
            try await fleet.succeed("session", "end", session.id, "--now")
            try await fleet.wait(for: session.id, toBe: "ended")
        }
    }
}

extension Browser.Visit {
    var isAtLab: Bool { url.host?.hasSuffix("." + Plan.labsDomain) == true && response.status == 200 }
}
