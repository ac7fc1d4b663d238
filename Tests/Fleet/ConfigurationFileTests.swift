import Foundation
import Testing

@testable import FleetSupport

extension FleetTests {
    @Suite("The configuration of a fleet") struct ConfigurationFileTests {
        @Test(
            "is checked without a broker: a right one passes, with advice; a wrong key or an unreachable host is named"
        )
        func check() async throws {
            try await withFleet(Plan(), isStarted: false) { fleet in
                let checked = try await fleet.carrel("check")
                #expect(checked.status == 0, "\(checked.error)")
                let live = try await fleet.plan.hosts[0].engine.docker("info", "--format", "{{.LiveRestoreEnabled}}")
                #expect(checked.error.contains("\"live-restore\": true") == live.hasPrefix("false"), "\(checked.error)")

                let right = try String(contentsOfFile: fleet.configurationPath, encoding: .utf8)
                try right.replacing("slots:", with: "slot:")
                    .write(toFile: fleet.configurationPath, atomically: true, encoding: .utf8)
                let wrong = try await fleet.carrel("check")
                #expect(wrong.status != 0)
                #expect(wrong.error.contains("carrel.yaml:"), "\(wrong.error)")
                #expect(wrong.error.contains("did you mean \"slots\"?"), "\(wrong.error)")

                let endpoint = "unix://\(fleet.root)/nobody.sock"
                try right.replacing(#/endpoint: .*/#, with: "endpoint: \(endpoint)")
                    .write(toFile: fleet.configurationPath, atomically: true, encoding: .utf8)
                let away = try await fleet.carrel("check")
                #expect(away.status != 0)
                #expect(away.error.contains(endpoint) || away.output.contains(endpoint), "\(away.error)\(away.output)")
            }
        }

        @Test("is read again at SIGHUP: a new lab can be opened, a mistake keeps the old one")
        func reload() async throws {
            try await withFleet(Plan()) { fleet in
                var plan = fleet.plan
                plan.labs.append(Plan.Lab(name: "second"))
                try fleet.write(configuration: plan)
                try fleet.signalBroker(SIGHUP)
                let link = try await fleet.link("ada", lab: "second")
                try await eventually("the new lab is known") {
                    try await fleet.browser().visit(link, from: Fleet.course).response.status == 200
                }
                try "nonsense: true\n".write(toFile: fleet.configurationPath, atomically: true, encoding: .utf8)
                try fleet.signalBroker(SIGHUP)
                try await eventually("the mistake is told") { fleet.log.contains("nonsense") }
                #expect(try fleet.exitStatus() == nil)
                try fleet.write(configuration: plan)
                try await fleet.wait(for: try #require(try await fleet.session(of: "ada")).id, toBe: "running")
                _ = try await fleet.open(link, in: fleet.browser())
            }
        }
    }
}
