import Foundation
import Programs
import Testing

@testable import FleetSupport

extension FleetTests {
    @Suite("A host that does not come back", .enabled(if: Engine.all.count >= 2, "needs two engines"))
    struct LostTests {
        @Test("is declared lost: the same tab has its lab again elsewhere, with its files, and what is left there goes")
        func sharedHomes() async throws {
            var plan = Plan(hosts: 2, relayed: true)
            plan.sharesHomes = true
            try await withFleet(plan) { fleet in
                let (away, other) = (fleet.plan.hosts[0], fleet.plan.hosts[1])
                try await fleet.succeed("host", "cordon", other.name)
                let ada = try await fleet.open("ada")
                try await ada.upload(Array("the proof".utf8), as: "notes.txt")
                #expect(try await fleet.show(ada.session).session.host == away.name)
                try await fleet.succeed("host", "uncordon", other.name)
                await #expect(throws: ProgramError.self, "it answers") {
                    try await fleet.succeed("host", "lost", away.name, "--yes")
                }
                #expect(try await fleet.show(ada.session).session.epoch == 1)

                fleet.relay.cut()
                try await eventually("the host is unreachable", within: .seconds(60)) {
                    try await fleet.host(away.name).state == "unreachable"
                }
                // It is kept until an operator decides otherwise.
                #expect(try await ada.get("/api/status").status == 200)
                try await fleet.succeed("host", "lost", away.name, "--yes")
                let moved = try await eventually("ada has a new seat", within: .seconds(90)) {
                    let shown = try await fleet.show(ada.session).session
                    guard shown.state == "running", shown.epoch == 2 else { throw FleetError("\(shown)") }
                    return shown
                }
                #expect(moved.host == other.name)
                // The hostname, the cookie and the files are the same.
                #expect(try await ada.reload().isLab)
                #expect(String(decoding: try await ada.download("notes.txt"), as: UTF8.self) == "the proof")

                fleet.relay.restore()
                try await eventually("what was left there is removed", within: .seconds(90)) {
                    try await away.engine.containers(instance: fleet.instance()).isEmpty
                }
                #expect(try await fleet.host(away.name).state == "lost")
                try await fleet.succeed("host", "uncordon", away.name)
                #expect(try await fleet.host(away.name).state == "active")
                try await fleet.expectNothingLeaked()
            }
        }

        @Test("is not a second name for an engine: that one stays inactive, over a restart too, and touches no lab")
        func twins() async throws {
            var plan = Plan()
            var twin = plan.hosts[0]
            twin.name = "twin"
            // With another address, as only a mistake would produce it.
            twin.isRelayed = true
            plan.hosts.append(twin)
            try await withFleet(plan, isStarted: false) { fleet in
                try await fleet.start(hosts: nil)
                try await eventually("one of the two is inactive") {
                    try await fleet.hosts().map(\.state).sorted() == ["active", "inactive"]
                }
                let ada = try await fleet.open("ada")
                let inactive = try #require(try await fleet.hosts().first { $0.state == "inactive" })
                #expect(inactive.reason?.contains("same Docker Engine") == true)
                fleet.killBroker()
                try await fleet.start(hosts: nil)
                try await eventually("the same one is inactive again") {
                    try await fleet.host(inactive.name).state == "inactive"
                }
                #expect(try await ada.get("/api/status").status == 200)
                #expect(try await fleet.show(ada.session).session.epoch == 1)
            }
        }
    }
}
