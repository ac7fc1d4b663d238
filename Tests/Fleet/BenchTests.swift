import Foundation
import Testing

@testable import FleetSupport

extension FleetTests {
    /// Measured by `Scripts/bench` with the release binary; not part of the tests, because a busy machine is not a
    /// defect.
    @Suite("Bench") struct BenchTests {
        /// In milliseconds.
        static let clickBar = 50.0
        /// In megabytes.
        static let memoryBar = 40.0
        /// In milliseconds.
        static let restartBar = 1000.0
        static let storedSessions = 1000

        @Test("a click: Carrel's own share", .enabled(if: Bench.isChosen("click"), "Scripts/bench measures it"))
        func click() async throws {
            try await withFleet(Plan(relayed: true)) { fleet in
                var splits: [ClickSplit] = []
                for number in 0..<Bench.clicks {
                    let learner = "learner\(number)"
                    let split = try await ClickSplit.measure(fleet, learner: learner)
                    print("click \(number + 1) of \(Bench.clicks)\n\(split.table)")
                    #expect(split.engine > .zero && split.jupyterStart > .zero && split.carrel > .zero)
                    splits.append(split)
                    // The machine is idle again before the next click.
                    let session = try #require(try await fleet.session(of: learner))
                    try await fleet.succeed("session", "end", session.id, "--now")
                    try await fleet.wait(for: session.id, toBe: "ended")
                }
                let shares = splits.map(\.carrel)
                try Bench.report(
                    "click: Carrel's own share, median of \(splits.count)", Bench.median(shares).milliseconds,
                    unit: "ms", bar: Self.clickBar)
                try Bench.report(
                    "click: Carrel's own share, the slowest", shares.max()?.milliseconds ?? 0, unit: "ms", bar: nil)
            }
        }

        @Test("memory: an idle broker", .enabled(if: Bench.isChosen("memory"), "Scripts/bench measures it"))
        func memory() async throws {
            try await withFleet(Plan(hosts: 2)) { fleet in
                func measure(_ when: String) throws {
                    let bytes = try Bench.proportionalMemory(of: fleet.brokerPID())
                    #expect(bytes > 1 << 20, "a broker takes some memory")
                    try Bench.report("memory: PSS \(when)", Double(bytes) / 1e6, unit: "MB", bar: Self.memoryBar)
                }
                _ = try await fleet.browser().visit(fleet.portal)
                try measure("after the start")
                let lab = try await fleet.open("ada")
                let file = [UInt8](repeating: 7, count: 20 << 20)
                try await lab.upload(file, as: "big.bin")
                #expect(try await lab.download("big.bin") == file)
                try await fleet.succeed("session", "end", lab.session, "--now")
                try await fleet.wait(for: lab.session, toBe: "ended")
                try measure("idle again after a lab and 40 MB through it")
            }
        }

        @Test(
            "restart: with a thousand sessions in the file",
            .enabled(if: Bench.isChosen("restart"), "Scripts/bench measures it"), arguments: [false, true])
        func restart(isLive: Bool) async throws {
            var plan = Plan()
            plan.hosts[0].slots = 1000
            plan.hosts[0].memory = "1TiB"
            try await withFleet(plan) { fleet in
                try await fleet.stop()
                try await Bench.addSessions(
                    Self.storedSessions, host: plan.hosts[0].name, isLive: isLive, to: fleet.databasePath)
                let start = ContinuousClock.now
                try fleet.launchBroker()
                try await eventually("the broker serves", within: .seconds(30), every: .milliseconds(1)) {
                    try await fleet.browser().visit(fleet.portal).response.status == 200
                }
                let ready = ContinuousClock.now - start
                #expect(try await fleet.sessions().count == Self.storedSessions)
                try Bench.report(
                    "restart: ready with 1,000 \(isLive ? "live" : "ended") sessions", ready.milliseconds, unit: "ms",
                    bar: Self.restartBar)
            }
        }
    }
}
