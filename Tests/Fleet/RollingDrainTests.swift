import Foundation
import Testing

@testable import FleetSupport

extension FleetTests {
    @Suite("A rolling drain", .enabled(if: Engine.all.count >= 2, "needs two engines")) struct RollingDrainTests {
        @Test("has one host out of service at a time, goes on over a restart, and begins the next when one is back")
        func inTurn() async throws {
            var plan = Plan(hosts: 2)
            plan.sharesHomes = true
            try await withFleet(plan) { fleet in
                let ada = try await fleet.open("ada")
                let first = try #require(try await fleet.show(ada.session).session.host)
                let second = try #require(fleet.plan.hosts.map(\.name).first { $0 != first })
                try await fleet.succeed("host", "drain", first, second, "--max-unavailable", "1", "--deadline", "1h")
                #expect(try await fleet.host(first).state == "draining")
                #expect(try await fleet.host(second).state == "active")
                // A learner who comes meanwhile gets a lab on the host that is in service.
                let grace = try await fleet.open("grace")
                #expect(try await fleet.show(grace.session).session.host == second)

                fleet.killBroker()
                try await fleet.start(hosts: nil)
                try await eventually("both hosts are as they were") {
                    try await [fleet.host(first).state, fleet.host(second).state] == ["draining", "active"]
                }
                try await fleet.succeed("session", "end", ada.session, "--now")
                try await eventually("the first is drained") { try await fleet.host(first).state == "drained" }
                #expect(try await fleet.host(second).state == "active")

                try await fleet.succeed("host", "uncordon", first)
                #expect(try await fleet.host(first).state == "active")
                #expect(try await fleet.host(second).state == "draining")
                #expect(try await grace.get("/api/status").status == 200)
                try await fleet.succeed("host", "uncordon", second)
                #expect(try await fleet.host(second).state == "active")
                #expect(try await fleet.show(grace.session).session.state == "running")
                try await fleet.expectNothingLeaked()
            }
        }
    }
}
