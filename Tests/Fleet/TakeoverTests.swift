import Foundation
import Programs
import Testing

@testable import FleetSupport

extension FleetTests {
    @Suite("A takeover") struct TakeoverTests {
        @Test("cuts no kernel's socket, loses no launch, and the new broker serves, starts and ends labs")
        func runningLabs() async throws {
            try await withFleet(Plan()) { fleet in
                let lab = try await fleet.open("ada")
                let kernel = try await lab.startKernel()
                _ = try await kernel.run("x = 41")
                let container = try #require(try await fleet.containers().first)
                // A request in progress when the broker changes.
                let browser = fleet.browser()
                let click = try await browser.visit(fleet.link("grace"), from: Fleet.course)
                let launched = try #require(click.sessionID)

                let old = try await fleet.takeOver()
                #expect(try fleet.brokerPID() != old)
                // The open socket stays with the old process; the lab's other requests reach the new broker.
                #expect(try await kernel.run("x + 1") == "42")
                #expect(try await lab.get("/api/status").status == 200)
                try await browser.waitUntilRunning(click.url, within: .seconds(60))
                let second = try await fleet.enter(launched, from: click.url, in: browser)
                #expect(try await second.get("/api/status").status == 200)
                #expect(try await fleet.containers().contains(container))
                #expect(try await kernel.run("x + 2") == "43")
                #expect(try ChildExit.poll(old) == nil, "it has a socket open")

                await kernel.socket.close()
                #expect(try await ChildExit.wait(old, within: .seconds(20)) == 0)
                #expect(fleet.log.contains("another process has taken over"))
                #expect(try await fleet.open("ada").session == lab.session)
                try await fleet.succeed("session", "end", lab.session, "--now")
                try await fleet.wait(for: lab.session, toBe: "ended")
                #expect(try await fleet.show(launched).session.epoch == 1)
                try await fleet.expectNothingLeaked()
            }
        }
    }
}
