import Foundation
import Synchronization
import Testing

@testable import FleetSupport

extension PatientTests {
    @Suite("What goes wrong on a host") struct FailureTests {
        @Test("an image that no host has: the learner reads so, and nothing stays behind")
        func missingImage() async throws {
            let lab = Plan.Lab(name: "missing", image: "carrel/there-is-no-such-image:1")
            try await withFleet(Plan(hosts: 2, labs: [lab])) { fleet in
                let browser = fleet.browser()
                let page = try await browser.visit(fleet.link("ada", lab: "missing"), from: Fleet.course)
                let failed = try await fleet.wait(for: try #require(page.sessionID), toBe: "failed")
                #expect(failed.reason?.contains("carrel/there-is-no-such-image:1") == true, "\(failed.reason ?? "")")
                let shown = try await browser.visit(page.url)
                #expect(shown.response.text.contains("Your lab could not start"))
                #expect(!shown.response.text.contains("there-is-no-such-image"))
                #expect(try await fleet.containers().isEmpty)
            }
        }

        @Test("a lab that never becomes ready: it is given up after its ready timeout, with the reason")
        func neverReady() async throws {
            let lab = Plan.Lab(name: "sleeper", image: "fleet/sleeper:test", ready: "2s")
            try await withFleet(Plan(labs: [lab])) { fleet in
                try await fleet.plan.hosts[0].engine.buildImage("fleet/sleeper:test", command: ["sleep", "600"])
                let page = try await fleet.browser().visit(fleet.link("ada", lab: "sleeper"), from: Fleet.course)
                let failed = try await fleet.wait(
                    for: try #require(page.sessionID), toBe: "failed", within: .seconds(60))
                #expect(failed.reason?.contains("2 s") == true, "\(failed.reason ?? "")")
                try await eventually("nothing stays behind") { try await fleet.containers().isEmpty }
                #expect(try await fleet.host(fleet.plan.hosts[0].name).sessions == 0)
            }
        }

        @Test("a lab that stops at its start: its own last words are told")
        func stopsAtStart() async throws {
            let lab = Plan.Lab(name: "quitter", image: "fleet/quitter:test")
            try await withFleet(Plan(labs: [lab])) { fleet in
                try await fleet.plan.hosts[0].engine.buildImage(
                    "fleet/quitter:test", command: ["sh", "-c", "echo the disk of dreams is full; exit 3"])
                let page = try await fleet.browser().visit(fleet.link("ada", lab: "quitter"), from: Fleet.course)
                let id = try #require(page.sessionID)
                try await fleet.wait(for: id, toBe: "failed")
                let told = try await fleet.show(id).story.map(\.reason).joined(separator: "\n")
                #expect(told.contains("the disk of dreams is full"), "\(told)")
                try await eventually("nothing stays behind") { try await fleet.containers().isEmpty }
            }
        }

        @Test(
            "a host that dies while it starts a container: the launch goes to the other host, and the first comes back by itself",
            .enabled(if: Engine.all.count >= 2, "needs two engines"), arguments: [Relay.Verdict.cut, .stall])
        func hostDies(death: Relay.Verdict) async throws {
            var plan = Plan(hosts: 2, relayed: true)
            plan.sharesHomes = true
            try await withFleet(plan) { fleet in
                let names = fleet.plan.hosts.map(\.name)
                fleet.relay.judge { $0.contains("/containers/create") ? death : .forward }
                // Two learners, so that one is placed on the host that dies.
                async let ada = fleet.open("ada", within: .seconds(120))
                async let grace = fleet.open("grace", within: .seconds(120))
                let labs = try await [ada, grace]
                for lab in labs {
                    #expect(try await lab.get("/api/status").status == 200)
                    #expect(try await fleet.show(lab.session).session.host == names[1])
                }
                try await eventually("the host is unreachable", within: .seconds(60)) {
                    try await fleet.host(names[0]).state == "unreachable"
                }
                #expect(try await fleet.host(names[0]).reason?.isEmpty == false)

                fleet.relay.judge(nil)
                fleet.relay.restore()
                try await eventually("the host comes back", within: .seconds(60)) {
                    try await fleet.host(names[0]).state == "active"
                }
                try await fleet.expectNothingLeaked()
                let linus = try await fleet.open("linus")
                #expect(try await fleet.show(linus.session).session.host == names[0])
            }
        }

        @Test(
            "an engine that accepts and never answers is unreachable ten seconds after its last answer, as the manual says"
        )
        func hostHangs() async throws {
            try await withFleet(Plan(relayed: true)) { fleet in
                let name = fleet.plan.hosts[0].name
                fleet.relay.stall()
                let began = ContinuousClock.now
                try await eventually("the host is unreachable", within: .seconds(60)) {
                    try await fleet.host(name).state == "unreachable"
                }
                let took = ContinuousClock.now - began
                #expect(took < .seconds(12), "it took \(took)")
                fleet.relay.restore()
                try await eventually("the host comes back", within: .seconds(60)) {
                    try await fleet.host(name).state == "active"
                }
            }
        }

        @Test("the only host goes and comes back: running labs stay, a launch waits for it, and the host list says why")
        func onlyHostAway() async throws {
            try await withFleet(Plan(relayed: true)) { fleet in
                let name = fleet.plan.hosts[0].name
                let ada = try await fleet.open("ada")
                fleet.relay.cut()
                try await eventually("the host is unreachable") { try await fleet.host(name).state == "unreachable" }
                // The engine is down, the lab is not.
                #expect(try await ada.get("/api/status").status == 200)
                let browser = fleet.browser()
                let page = try await browser.visit(fleet.link("grace"), from: Fleet.course)
                let waiting = try await fleet.wait(for: try #require(page.sessionID), toBe: "queued")
                #expect(try await fleet.show(ada.session).session.state == "running")
                fleet.relay.restore()
                try await browser.waitUntilRunning(page.url, within: .seconds(60))
                #expect(try await fleet.show(waiting.id).session.state == "running")
                try await fleet.expectNothingLeaked()
            }
        }

        @Test("a lab that is killed on its host: the session ends, and its page says so and starts it again")
        func labDies() async throws {
            try await withFleet(Plan()) { fleet in
                let lab = try await fleet.open("ada")
                let container = try #require(try await fleet.containers().first)
                try await fleet.plan.hosts[0].engine.docker("kill", container.id)
                let ended = try await fleet.wait(for: lab.session, toBe: "ended")
                #expect(ended.reason?.contains("stopped") == true, "\(ended.reason ?? "")")
                _ = try await lab.reload().submitForm(in: lab.browser)
                try await fleet.wait(for: lab.session, toBe: "running")
                #expect(try await lab.reload().isLab)
                try await fleet.expectNothingLeaked()
            }
        }
    }
}
