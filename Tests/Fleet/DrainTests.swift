import Foundation
import Programs
import Testing

@testable import FleetSupport

extension FleetTests {
    @Suite("A drain", .enabled(if: Engine.all.count >= 2, "needs two engines")) struct DrainTests {
        @Test(
            "takes no new seats, lets labs go on, ends them with a reason at the deadline, and uncordon brings the host back"
        )
        func deadline() async throws {
            try await withFleet(Plan(hosts: 2)) { fleet in
                let ada = try await fleet.open("ada")
                let first = try #require(try await fleet.show(ada.session).session.host)
                let other = try #require(fleet.plan.hosts.map(\.name).first { $0 != first })

                try await fleet.succeed("host", "drain", first, "--deadline", "1h")
                #expect(try await fleet.host(first).state == "draining")

                // Placement would prefer the draining host for the third learner: it has one lab, the other has two.
                for learner in ["grace", "linus"] {
                    let lab = try await fleet.open(learner)
                    #expect(try await fleet.show(lab.session).session.host == other)
                }
                #expect(try await ada.get("/api/status").status == 200)

                // The steps above can take any time on a busy machine; from here on the deadline may come.
                let deadline = nowMilliseconds() + 2_000
                try await fleet.succeed("host", "drain", first, "--deadline", "2s", "--yes")
                let ended = try await fleet.wait(for: ada.session, toBe: "ended", within: .seconds(40))
                #expect(ended.since >= deadline)
                #expect(
                    ended.reason?.contains(first) == true || ended.reason?.contains("maintenance") == true,
                    "\(ended.reason ?? "")")
                try await eventually("the host reads drained") { try await fleet.host(first).state == "drained" }
                #expect(try await fleet.host(first).sessions == 0)
                #expect(
                    try await fleet.plan.hosts.first { $0.name == first }?.engine
                        .containers(instance: fleet.instance()).isEmpty == true)

                try await fleet.succeed("host", "uncordon", first)
                #expect(try await fleet.host(first).state == "active")
                // Her home is a volume of that host.
                let page = try await ada.reload()
                _ = try await page.submitForm(in: ada.browser)
                let back = try await fleet.wait(for: ada.session, toBe: "running")
                #expect(back.host == first)
                try await fleet.expectNothingLeaked()
            }
        }

        @Test("goes on when the command that waits for it is interrupted, and over a restart; uncordon cancels it")
        func interrupted() async throws {
            try await withFleet(Plan(hosts: 2)) { fleet in
                let ada = try await fleet.open("ada")
                let host = try #require(try await fleet.show(ada.session).session.host)
                let waiting = try Command(
                    [
                        TestMachine.binary, "host", "drain", host, "--deadline", "1h", "--wait", "--config",
                        fleet.configurationPath,
                    ]
                ).spawn(output: fleet.root + "/drain.log", error: fleet.root + "/drain.log")
                try await eventually("the host drains") { try await fleet.host(host).state == "draining" }
                kill(waiting, SIGINT)
                _ = try await ChildExit.wait(waiting, within: .seconds(10))
                #expect(try await fleet.host(host).state == "draining")

                fleet.killBroker()
                try await fleet.start(hosts: nil)
                try await eventually("the drain is remembered") { try await fleet.host(host).state == "draining" }
                #expect(try await ada.get("/api/status").status == 200)
                try await fleet.succeed("host", "uncordon", host)
                // The new broker first has to prove that labs are isolated there.
                try await eventually("the host is active", within: .seconds(60)) {
                    try await fleet.host(host).state == "active"
                }
                #expect(try await fleet.show(ada.session).session.state == "running")
            }
        }

        @Test("that waits ends when the last lab has ended by itself; a cordon keeps labs and takes no new ones")
        func empties() async throws {
            try await withFleet(Plan(hosts: 2)) { fleet in
                let ada = try await fleet.open("ada")
                let host = try #require(try await fleet.show(ada.session).session.host)
                try await fleet.succeed("host", "cordon", host)
                #expect(try await fleet.host(host).state == "cordoned")
                let grace = try await fleet.open("grace")
                #expect(try await fleet.show(grace.session).session.host != host)
                async let drained = fleet.succeed("host", "drain", host, "--deadline", "1h", "--wait")
                try await eventually("the host drains") { try await fleet.host(host).state == "draining" }
                try await fleet.succeed("session", "end", ada.session, "--now")
                _ = try await drained
                #expect(try await fleet.host(host).state == "drained")
                #expect(try await grace.get("/api/status").status == 200)
            }
        }
    }
}
