import Foundation
import Testing

@testable import FleetSupport

extension PatientTests {
    @Suite("The clock of the broker's machine") struct ClockTests {
        static let day = 86_400

        @Test(
            "is set by a day: a lab that was just used goes on, and nobody is warned",
            .enabled(if: ShiftedClock.library != nil),
            arguments: [day, -day])
        func inUse(jump: Int) async throws {
            var lab = Plan.Lab(name: "python")
            lab.idle = "10m"
            lab.warning = "2m"
            lab.lifetime = "1h"
            try await withFleet(Self.plan(lab)) { fleet in
                let ada = try await fleet.open("ada")
                let terminal = try await ada.openTerminal()
                try await terminal.send(#"["stdin","e"]"#)
                let before = try await fleet.show(ada.session).session
                try await set(fleet, by: jump)
                let after = try await fleet.show(ada.session)
                #expect(after.session.state == "running")
                let moved = Int64(jump) * 1000
                // As before, except for the seconds that this test takes: the lifetime, and when it was last used.
                #expect(abs(after.session.since - before.since - moved) < 1000)
                #expect(after.session.lastActivityAt - before.lastActivityAt - moved > -1000)
                let left = try #require(after.session.idleEndsAt) - nowMilliseconds() - moved
                #expect(left > 500_000 && left <= 600_000, "\(left) ms left")
                #expect(after.story.allSatisfy { !$0.reason.hasSuffix("the learner is warned.") }, "\(after.story)")
                // The same is on disk: the next broker sees the lab in use.
                fleet.killBroker()
                try await fleet.start()
                #expect(try await fleet.show(ada.session).session.state == "running")
                #expect(try await ada.get("/api/status").status == 200)
                await terminal.close()
            }
        }

        @Test(
            "is set back by a day: a lab that nobody uses ends all the same, after its timeout",
            .enabled(if: ShiftedClock.library != nil))
        func unused() async throws {
            var lab = Plan.Lab(name: "python")
            lab.idle = "8s"
            try await withFleet(Self.plan(lab)) { fleet in
                let ada = try await fleet.open("ada")
                try await set(fleet, by: -Self.day)
                try await fleet.wait(for: ada.session, toBe: "ended", within: .seconds(60))
                let reason = try await fleet.show(ada.session).session.reason
                #expect(reason?.contains("nothing happened") == true, "\(reason ?? "")")
            }
        }

        private static func plan(_ lab: Plan.Lab) -> Plan {
            var plan = Plan(labs: [lab])
            plan.setsClock = true
            return plan
        }

        private func set(_ fleet: Fleet, by seconds: Int) async throws {
            try fleet.clock?.set(by: seconds)
            try await eventually("the broker knows of it", within: .seconds(15)) {
                fleet.log.contains("the wall clock was set")
            }
        }
    }
}
