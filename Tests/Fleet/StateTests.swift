import Foundation
import Testing

@testable import FleetSupport

extension FleetTests {
    @Suite("The state directory") struct StateTests {
        @Test("belongs to one broker: a second one says who has it and ends, and the first goes on")
        func twoBrokers() async throws {
            try await withFleet(Plan()) { fleet in
                let pid = try fleet.brokerPID()
                let second = try await fleet.carrel("serve", within: .seconds(20))
                #expect(second.status != 0)
                #expect(second.error.contains("\(pid)"), "\(second.error)")
                #expect(second.error.contains("state"), "\(second.error)")
                #expect(try fleet.exitStatus() == nil)
                #expect(try await fleet.browser().visit(fleet.portal).response.status == 200)
                #expect(try await fleet.hosts().count == 1)
            }
        }

        @Test("with a database newer than the binary is refused and left as it is")
        func newerDatabase() async throws {
            try await withFleet(Plan()) { fleet in
                try await fleet.stop()
                let file = StateFile(path: fleet.databasePath)
                try file.execute("PRAGMA user_version = 9999")
                let refused = try await fleet.carrel("serve", within: .seconds(20))
                #expect(refused.status != 0)
                #expect(refused.error.contains("9999"), "\(refused.error)")
                #expect(refused.error.contains("newer"), "\(refused.error)")
                #expect(try file.text("PRAGMA user_version") == "9999")
                #expect(try file.text("PRAGMA integrity_check") == "ok")
            }
        }

        @Test(
            "on a full disk: a launch is refused with a page and starts nothing, running labs go on, and room heals it")
        func fullDisk() async throws {
            var plan = Plan()
            plan.stateBytes = 4 << 20
            try await withFleet(plan) { fleet in
                let ada = try await fleet.open("ada")
                let ballast = fleet.root + "/state/ballast"
                try await fleet.fill(ballast)

                var refused: Browser.Visit?
                // SQLite may still use the space that its log file already has.
                try await eventually("a launch is refused", within: .seconds(30)) {
                    let learner = "learner\(Int.random(in: 0..<1_000_000_000))"
                    let visit = try await fleet.browser().visit(fleet.link(learner), from: Fleet.course)
                    if visit.response.status < 400 { return false }
                    refused = visit
                    return true
                }
                #expect(refused?.response.status == 503)
                #expect(refused?.response.text.contains("</html>") == true)
                #expect(try fleet.exitStatus() == nil)
                #expect(try await ada.get("/api/status").status == 200)

                unlink(ballast)
                let healed = try await fleet.open("grace")
                #expect(try await healed.get("/api/status").status == 200)
                #expect(try StateFile(path: fleet.databasePath).text("PRAGMA integrity_check") == "ok")
                for session in try await fleet.sessions() where session.learner.hasPrefix("learner") {
                    try await fleet.succeed("session", "end", session.id, "--now")
                }
                try await fleet.expectNothingLeaked()
            }
        }
    }
}
