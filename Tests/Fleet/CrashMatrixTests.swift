import Foundation
import Testing

@testable import FleetSupport

extension FleetTests {
    /// The broker dies, as by kill -9, at each write and each sync that an operation makes in its database, one after the
    /// other; then it starts again, and everything that it had promised has to come true.
    @Suite("A crash at each write of the database") struct CrashMatrixTests {
        /// A server that answers at once: it is not the lab's own start that is looked at here.
        private static let image = "carrel-test/quick:1"
        /// No operation has so many: a run that does not come to its end is a defect.
        private static let mostPoints: UInt64 = 200

        private func withQuickFleet(_ test: (Fleet, CrashPoints) async throws -> Void) async throws {
            var plan = Plan(labs: [.init(name: "quick", image: Self.image, kind: "http", port: 8080)])
            plan.crashes = true
            try await plan.hosts[0].engine.buildImage(
                Self.image, command: ["python3", "-m", "http.server", "--directory", "/usr/share", "8080"])
            try await withFleet(plan) { fleet in try await test(fleet, try #require(fleet.crashPoints)) }
        }

        /// Runs an operation again and again, and lets the broker die at its first point, at its second, until it comes
        /// through without dying; after each the broker starts again and `check` looks at what has become of it.
        ///
        /// - Returns: at how many points it died.
        private func matrix(
            _ fleet: Fleet, _ points: CrashPoints, prepare: (UInt64) async throws -> Void = { _ in },
            operation: (UInt64) async throws -> Void, check: (UInt64) async throws -> Void
        ) async throws -> UInt64 {
            for number in 1...Self.mostPoints {
                try await prepare(number)
                try points.die(at: number)
                try await operation(number)
                // What the operation set going is over when nothing is under way any more, or the broker is dead.
                try await eventually("it settled or died", within: .seconds(30), every: .milliseconds(5)) {
                    if try fleet.exitStatus() != nil { return true }
                    let states = try await fleet.sessions().map(\.state)
                    let isDraining = try await fleet.hosts().contains { $0.state == "draining" }
                    return !isDraining && !states.contains { ["queued", "starting", "ending"].contains($0) }
                }
                let survived = try !fleet.hasEnded()
                try points.die(at: 0)
                if !survived { try await fleet.start(hosts: nil) }
                do { try await check(number) } catch {
                    throw FleetError("after a death at point \(number): \(error)")
                }
                if survived { return number - 1 }
            }
            throw FleetError("\(Self.mostPoints) points and no end")
        }

        @Test("of a launch loses no launch that was acknowledged, and leaves no orphan")
        func launch() async throws {
            try await withQuickFleet { fleet, points in
                var acknowledged: [UInt64: String] = [:]
                let died = try await matrix(fleet, points) { number in
                    let page = try? await fleet.browser().visit(try fleet.quickLink("l\(number)"), from: Fleet.course)
                    acknowledged[number] = page?.sessionID
                } check: { number in
                    let learner = "l\(number)"
                    if let id = acknowledged[number] {
                        try await fleet.wait(for: id, toBe: "running")
                    } else {
                        // Nobody was promised anything; the learner clicks again.
                        let page = try await fleet.browser().visit(try fleet.quickLink(learner), from: Fleet.course)
                        try await fleet.wait(for: try #require(page.sessionID), toBe: "running")
                    }
                    #expect(try await fleet.sessions().filter { $0.learner == learner }.count == 1)
                    try await fleet.expectNothingLeaked()
                    try await fleet.endAll()
                }
                #expect(died >= 8, "a launch has at least four commits, each with a write and a sync: \(died)")
                #expect(!acknowledged.isEmpty)
            }
        }

        @Test("of an end keeps an end that was acknowledged, and leaves no orphan")
        func end() async throws {
            try await withQuickFleet { fleet, points in
                var ids: [UInt64: String] = [:]
                var acknowledged: Set<UInt64> = []
                let died = try await matrix(fleet, points) { number in
                    ids[number] = try await fleet.quickSession("e\(number)")
                } operation: { number in
                    let id = try #require(ids[number])
                    let output = try await fleet.carrel("session", "end", id, "--note", "enough")
                    if output.status == 0 { acknowledged.insert(number) }
                } check: { number in
                    let id = try #require(ids[number])
                    if acknowledged.contains(number) {
                        let ended = try await fleet.wait(for: id, toBe: "ended")
                        #expect(ended.reason?.contains("enough") == true, "\(ended.reason ?? "")")
                    }
                    try await fleet.expectNothingLeaked()
                    try await fleet.endAll()
                }
                #expect(died >= 4, "an end has at least two commits, each with a write and a sync: \(died)")
                #expect(!acknowledged.isEmpty)
            }
        }

        @Test("of a drain goes on draining, and ends everybody who was there with a reason")
        func drain() async throws {
            try await withQuickFleet { fleet, points in
                let host = fleet.plan.hosts[0].name
                var ids: [UInt64: String] = [:]
                var acknowledged: Set<UInt64> = []
                let died = try await matrix(fleet, points) { number in
                    try await fleet.succeed("host", "uncordon", host)
                    ids[number] = try await fleet.quickSession("d\(number)")
                } operation: { number in
                    let output = try await fleet.carrel("host", "drain", host, "--deadline", "1s")
                    if output.status == 0 { acknowledged.insert(number) }
                } check: { number in
                    let id = try #require(ids[number])
                    if acknowledged.contains(number) {
                        try await eventually("\(host) is drained", within: .seconds(30)) {
                            try await fleet.host(host).state == "drained"
                        }
                        let ended = try await fleet.wait(for: id, toBe: "ended")
                        #expect(ended.reason?.isEmpty == false)
                    }
                    try await fleet.expectNothingLeaked()
                    try await fleet.endAll()
                }
                #expect(died >= 6, "a drain has at least three commits, each with a write and a sync: \(died)")
                #expect(!acknowledged.isEmpty)
            }
        }
    }
}

extension Fleet {
    /// Whether the broker has ended, by itself or by its fault.
    fileprivate func hasEnded() throws -> Bool { (try? brokerPID()) == nil }

    /// A link without asking the command line, which would read the database too.
    fileprivate func quickLink(_ learner: String) async throws -> URL { try await link(learner, lab: "quick") }

    /// A running session of a new learner.
    fileprivate func quickSession(_ learner: String) async throws -> String {
        let page = try await browser().visit(try await quickLink(learner), from: Fleet.course)
        guard let id = page.sessionID else { throw FleetError("no session for \(learner): \(page.response.status)") }
        try await wait(for: id, toBe: "running")
        return id
    }

    fileprivate func endAll() async throws {
        for session in try await sessions() where session.state == "running" {
            try await succeed("session", "end", session.id)
            try await wait(for: session.id, toBe: "ended")
        }
    }
}
