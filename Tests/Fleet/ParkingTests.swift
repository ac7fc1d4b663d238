import Foundation
import Testing

@testable import FleetSupport

extension FleetTests {
    @Suite("Parking") struct ParkingTests {
        @Test(
            "An idle lab is parked: its seat is free, and a click in the same tab has its files again"
        )
        func idle() async throws {
            var lab = Plan.Lab(name: "python", idle: "8s")
            lab.parksFor = "1h"
            var plan = Plan(labs: [lab])
            plan.hosts[0].slots = 1
            try await withFleet(plan) { fleet in
                let ada = try await fleet.open("ada")
                try await ada.upload(Array("the proof".utf8), as: "notes.txt")
                let parked = try await eventually("an open tab's lab is parked", within: .seconds(90)) {
                    _ = try await ada.pollAsOpenTab()
                    let session = try await fleet.show(ada.session).session
                    return session.state == "parked" ? session : nil
                }
                #expect(parked.epoch == 1 && parked.host == nil)
                #expect(try await fleet.plan.hosts[0].engine.containers(instance: fleet.instance()).isEmpty)
                #expect(try await fleet.host(fleet.plan.hosts[0].name).density == 0)
                // The forgotten tab keeps polling, is told to stop, and does not resume the lab.
                #expect(try await ada.pollAsOpenTab().allSatisfy { $0 == 424 })
                // Nor does a script in it that presses the button.
                #expect(try await ada.send("POST", "/.carrel/restart").status == 403)
                #expect(try await fleet.show(ada.session).session.state == "parked")
                let why = try await fleet.succeed("session", "explain", ada.session)
                #expect(why.contains("Parked because nothing happened in it for 8.0 s."), "\(why)")
                #expect(try await fleet.succeed("session", "list", "--state", "parked").contains("kept until"))

                // Parked sessions survive a death of the broker.
                fleet.killBroker()
                try await fleet.start()
                // The only seat is taken by somebody else for a while.
                let bob = try await fleet.open("bob")
                let click = try await ada.reload()
                #expect(click.response.status == 503 && click.response.text.contains("Your lab is in the queue"))
                try await fleet.succeed("session", "end", bob.session, "--now")
                try await fleet.wait(for: ada.session, toBe: "running", within: .seconds(90))
                #expect(try await ada.reload().isLab)
                #expect(String(decoding: try await ada.download("notes.txt"), as: UTF8.self) == "the proof")
                #expect(try await fleet.show(ada.session).session.epoch == 2)
                try await fleet.expectNothingLeaked()
            }
        }

        @Test("An operator parks a lab at once, its learner reads why, and ends it while it is parked")
        func byHand() async throws {
            var lab = Plan.Lab(name: "python")
            lab.parksFor = "1h"
            try await withFleet(Plan(labs: [lab])) { fleet in
                let ada = try await fleet.open("ada")
                let parking = try await fleet.succeed("session", "park", ada.session, "--note", "exam")
                #expect(parking.contains("Parked by an operator: exam."), "\(parking)")
                try await fleet.wait(for: ada.session, toBe: "parked", within: .seconds(60))
                let page = try await ada.get("/.carrel/", for: .navigation).text
                let words = "It was parked by the people who look after the labs, who say: “<bdi>exam</bdi>”."
                #expect(page.contains(words), "\(page)")
                try await fleet.succeed("session", "end", ada.session, "--now", "--note", "the course is over")
                #expect(try await fleet.show(ada.session).session.state == "ended")
                try await fleet.expectNothingLeaked()
            }
        }
    }
}
